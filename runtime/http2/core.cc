#include "http2/core.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "http2/memory.h"
#include "http2/priority.h"

namespace weft::http2 {

using internal::Slice;
using internal::StreamClose;
using internal::StreamError;

namespace {

void CheckLibrary(int result, std::string_view what) {
  if (result < 0)
    internal::Die(absl::StrCat("nghttp2: ", std::string(what), ": ", nghttp2_strerror(result)));
}

}  // namespace

Core::Core(const SessionOptions& options, StreamPool& pool, internal::Codec::Host& host,
           internal::StreamAcceptor* acceptor, SessionEvents* events, ClientSessionEvents* client)
    : options_(options),
      pool_(pool),
      host_(host),
      acceptor_(acceptor),
      events_(events),
      client_(client),
      scheduler_(options.scheduling),
      windows_(options.windows) {
  MakeLibrarySession();
  std::array<nghttp2_settings_entry, 6> settings;
  std::size_t count = 0;
  const auto set = [&](std::int32_t id, std::uint32_t value) { settings[count++] = {id, value}; };
  if (server()) {
    set(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options_.max_concurrent_streams);
  } else {
    set(NGHTTP2_SETTINGS_ENABLE_PUSH, 0);
  }
  if (windows_.stream() != NGHTTP2_INITIAL_WINDOW_SIZE) {
    set(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, windows_.stream());
  }
  if (options_.max_frame_size != 16 * 1024) {
    set(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, options_.max_frame_size);
  }
  set(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, options_.header_list_soft_limit);
  set(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1);
  CheckLibrary(nghttp2_submit_settings(library_, NGHTTP2_FLAG_NONE, settings.data(), count),
               "submit_settings");
  CheckLibrary(
      nghttp2_session_set_local_window_size(library_, NGHTTP2_FLAG_NONE, 0,
                                            static_cast<std::int32_t>(windows_.connection())),
      "set_local_window_size");
}

Core::~Core() {
  if (!aborted_) Abort(absl::CancelledError("the HTTP/2 session was destroyed"));
  nghttp2_session_del(library_);
}

void Core::MakeLibrarySession() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  CheckLibrary(nghttp2_session_callbacks_new(&callbacks), "callbacks_new");
  CheckLibrary(nghttp2_option_new(&option), "option_new");
  SetCallbacks(callbacks);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, options_.max_pending_acks);
  // Fed byte by byte, the library counts a CONTINUATION once for each byte of its frame header.
  nghttp2_option_set_max_continuations(option, 9 * options_.max_continuations);
  nghttp2_option_set_stream_reset_rate_limit(option, options_.reset_burst,
                                             options_.resets_per_second);
  nghttp2_option_set_builtin_recv_extension_type(option, NGHTTP2_PRIORITY_UPDATE);
  nghttp2_mem memory = LibraryMemory(pool_.blocks());
  CheckLibrary(server() ? nghttp2_session_server_new3(&library_, callbacks, this, option, &memory)
                        : nghttp2_session_client_new3(&library_, callbacks, this, option, &memory),
               "session_new");
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
}

absl::Status Core::Recv(const Slice& bytes) {
  if (aborted_ || ended_) return absl::OkStatus();
  inside_ = true;
  input_ = &bytes;
  own_frames_ = 0;
  const std::size_t queued_before = nghttp2_session_get_outbound_queue_size(library_);
  const ssize_t taken = nghttp2_session_mem_recv(
      library_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  held_credit_ += std::exchange(arrived_, 0);
  GiveHeldCredit();
  input_ = nullptr;
  if (taken < 0) {
    // A flood or a preface that is not HTTP/2's: the library stops, but says no GOAWAY by itself.
    const bool flood = taken == NGHTTP2_ERR_FLOODED;
    if (library_error_.empty()) library_error_ = nghttp2_strerror(static_cast<int>(taken));
    nghttp2_session_terminate_session(library_,
                                      flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
    PullControlFrames();
  } else if (nghttp2_session_get_outbound_queue_size(library_) != queued_before + own_frames_) {
    // The library queued a frame of its own: an acknowledgement, or the GOAWAY that ends the
    // connection. It does not tell which, so look. Rare: none comes up in an ordinary call.
    PullControlFrames();
  }
  if (in_flight_.held() != 0 && in_flight_.GiveUp(options_.clock->Now())) {
    scheduler_.Hold(0);
    may_wait_ = false;
  }
  TellDue();
  inside_ = false;
  // What waited before still may; what came up now goes at the end of the pass.
  const bool same = may_wait_ && own_frames_ == 0 && pending_.empty();
  if (!same && wants_write()) host_.OutputReady();
  return failure_;
}

absl::Status Core::RecvEof() {
  if (aborted_) return absl::OkStatus();
  eof_ = true;
  if (open_streams_ == 0 || ended_) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("the peer closed the connection while ", open_streams_,
                   open_streams_ == 1 ? " HTTP/2 stream was" : " HTTP/2 streams were", " open"));
}

bool Core::wants_write() const {
  if (aborted_) return false;
  if (!due_.empty() || !pending_.empty() || !mapped_.empty()) return true;
  if (ended_) return false;
  if (nghttp2_session_want_write(library_) != 0) return true;
  return !scheduler_.empty() && nghttp2_session_get_remote_window_size(library_) > 0;
}

// What waits here are answers to frames of the peer's, who takes none of them.
bool Core::wants_read() const { return pending_.size() < internal::kOutputHighMark; }

bool Core::finished() const {
  if (aborted_) return true;
  if (wants_write()) return false;
  return ended_ || eof_ || nghttp2_session_want_read(library_) == 0;
}

void Core::Abort(const absl::Status& why) {
  if (aborted_) return;
  aborted_ = true;
  inside_ = true;
  pending_.Clear();
  while (!all_.empty()) {
    Stream& stream = all_.front();
    scheduler_.Remove(stream);
    stream.on_wire = false;
    if (!stream.told_closed) {
      if (!stream.close_due) {
        stream.close = {StreamClose::Cause::kConnectionLost, StreamError::kNoError, why};
      }
      stream.told_closed = true;
      --open_streams_;
      if (stream.events != nullptr) stream.events->OnClosed(stream.close);
    }
    Release(stream);
  }
  wire_streams_ = 0;
  inside_ = false;
}

void Core::Drain() {
  if (draining_ || aborted_ || ended_) return;
  draining_ = true;
  if (server()) {
    // Streams that are on their way while the peer learns of it are still served (RFC 9113 §6.8).
    // The PING that measures the way follows when this is out: the library would send it first.
    Counted([&] { return nghttp2_submit_shutdown_notice(library_); });
    // What is read only to be dropped must not hold the drain up.
    for (Stream* stream = all_.empty() ? nullptr : &all_.front(); stream != nullptr;
         stream = all_.Next(*stream)) {
      if (stream->dropping && stream->on_wire) ResetCompleted(stream->wire_id);
    }
  } else {
    Counted([&] {
      return nghttp2_submit_goaway(library_, NGHTTP2_FLAG_NONE,
                                   nghttp2_session_get_last_proc_stream_id(library_),
                                   NGHTTP2_NO_ERROR, nullptr, 0);
    });
  }
  TellOutput();
}

void Core::Ping(std::uint64_t opaque) {
  if (aborted_ || ended_) return;
  std::array<std::uint8_t, sizeof opaque> bytes;
  std::memcpy(bytes.data(), &opaque, sizeof opaque);
  Counted([&] { return nghttp2_submit_ping(library_, NGHTTP2_FLAG_NONE, bytes.data()); });
  TellOutput();
}

void Core::GoAway(std::uint32_t error, std::string_view debug) {
  if (aborted_ || ended_ || ending_) return;
  ending_ = true;
  Counted([&] {
    return nghttp2_submit_goaway(library_, NGHTTP2_FLAG_NONE,
                                 nghttp2_session_get_last_proc_stream_id(library_), error,
                                 reinterpret_cast<const std::uint8_t*>(debug.data()), debug.size());
  });
  TellOutput();
}

void Core::HoldConnectionCredit(bool hold) {
  hold_credit_ = hold;
  lent_credit_ = 0;
  GiveHeldCredit();
}

bool Core::LendConnectionCredit() {
  // The library tells the peer of half a window at once, and not of less.
  lent_credit_ = std::max<std::size_t>(windows_.connection() / 2, internal::kLentCredit);
  if (GiveHeldCredit()) return true;
  lent_credit_ = 0;  // it may still send
  return false;
}

bool Core::credit_held() const {
  return holds_credit() && nghttp2_session_get_local_window_size(library_) <
                               static_cast<std::int32_t>(internal::kCreditStep);
}

std::size_t Core::unsent_bytes() {
  std::size_t bytes = pending_.size();
  for (Stream* stream = all_.empty() ? nullptr : &all_.front(); stream != nullptr;
       stream = all_.Next(*stream)) {
    bytes += stream->outbound().unmapped_size();
  }
  return bytes;
}

bool Core::GiveHeldCredit() {
  std::size_t given = held_credit_;
  if (holds_credit()) {
    given = std::min(given, lent_credit_);
    lent_credit_ -= given;
  }
  if (given == 0 || aborted_) return false;
  held_credit_ -= given;
  return TellIfQueued([&] { nghttp2_session_consume_connection(library_, given); });
}

std::size_t Core::Taken(Stream& stream, std::size_t n) {
  n = std::min(n, stream.unread);
  stream.unread -= n;
  unread_ -= n;
  windows_.Taken(n);
  GiveHeldCredit();
  return n;
}

void Core::StepWindows() {
  if (holds_credit()) return;
  const std::uint32_t stream = windows_.stream();
  switch (windows_.Next(options_.clock->Now())) {
    case FlowWindow::Step::kNothing:
      return;
    case FlowWindow::Step::kPing:
      Ping(kWindowPing);
      return;
    case FlowWindow::Step::kGrow:
      break;
  }
  Counted([&] {
    if (windows_.stream() != stream) {
      // Also for the streams that are open (RFC 9113 §6.9.2).
      const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, windows_.stream()};
      nghttp2_submit_settings(library_, NGHTTP2_FLAG_NONE, &entry, 1);
    }
    return nghttp2_session_set_local_window_size(library_, NGHTTP2_FLAG_NONE, 0,
                                                 static_cast<std::int32_t>(windows_.connection()));
  });
  TellOutput();
}

void Core::StepInFlight() {
  widest_window_ = std::max(widest_window_, nghttp2_session_get_remote_window_size(library_));
  const bool wide = widest_window_ > static_cast<std::int32_t>(internal::kWideWindow);
  if (in_flight_.Next(options_.clock->Now(), scheduler_.TakeUsed(), wide) ==
      InFlightLimit::Step::kPing) {
    Ping(kInFlightPing);
  }
  scheduler_.Hold(in_flight_.held());
}

bool Core::can_open() const {
  return !aborted_ && !ended_ && !ending_ && !eof_ && !draining_ && !goaway_received_ &&
         failure_.ok() &&
         wire_streams_ < nghttp2_session_get_remote_settings(
                             library_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) &&
         nghttp2_session_check_request_allowed(library_) != 0;
}

Stream& Core::OpenStream(internal::HttpStreamEvents& events, const RequestTarget& target,
                         std::optional<Priority> priority) {
  Stream& stream = Lend(&events);
  stream.on_wire = false;
  stream.head.method = target.method;
  stream.head.scheme = target.scheme;
  stream.head.authority = target.authority;
  stream.head.path = target.path;
  scheduler_.SetPriority(stream, priority.value_or(Priority()));
  stream.own_priority = priority.has_value();
  ++wire_streams_;  // it will need a place
  return stream;
}

Stream& Core::Lend(internal::HttpStreamEvents* events) {
  Stream& stream = *pool_.Acquire();
  stream.core = this;
  stream.events = events;
  stream.set_high_mark(options_.stream_high_mark);
  all_.PushBack(stream);
  ++open_streams_;
  return stream;
}

void Core::Release(Stream& stream) {
  Taken(stream, stream.unread);
  if (receiving_head_ == &stream) receiving_head_ = nullptr;
  stream.internal::ListHook<AllStreams>::Unlink();
  stream.internal::ListHook<DueStreams>::Unlink();
  scheduler_.Remove(stream);
  pool_.Release(&stream);
}

void Core::MarkDue(Stream& stream) {
  if (!stream.internal::ListHook<DueStreams>::linked()) due_.PushBack(stream);
}

// True when there was something to tell.
bool Core::TellDue() {
  const bool any = !due_.empty() || capacity_changed_;
  while (Stream* stream = due_.PopFront()) {
    if (stream->close_due && !stream->told_closed) {
      stream->told_closed = true;
      --open_streams_;
      if (stream->events != nullptr) stream->events->OnClosed(stream->close);
      if (!stream->on_wire) Release(*stream);
    } else if (stream->drained_due) {
      stream->drained_due = false;
      stream->events->OnDrained();
    }
  }
  if (capacity_changed_) {
    capacity_changed_ = false;
    if (client_ != nullptr && can_open()) client_->OnCapacity();
  }
  return any;
}

// Inside, Recv looks when it is done, and Pull takes it along.
void Core::TellOutput() {
  if (inside_) {
    may_wait_ = false;
  } else {
    host_.OutputReady();
  }
}

}  // namespace weft::http2
