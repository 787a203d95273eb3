#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "http2/core.h"
#include "http2/priority.h"

// The inbound half of Core: what the library calls back.
namespace weft::http2 {

using internal::StreamClose;
using internal::StreamError;

namespace {

std::string_view View(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

int StatusNumber(std::string_view text) {
  int status = 0;
  for (const char c : text)
    status = status * 10 + (c - '0');  // the library has checked: three digits
  return status;
}

// Compares in line, where == of string_view is a call: a sixtieth of a small call's work.
template <std::size_t kSize>
bool Is(std::string_view text, const char (&literal)[kSize]) {
  return text.size() == kSize - 1 && std::equal(literal, literal + kSize - 1, text.begin());
}

// The value stands in no field; the list only keeps its text.
void SetPseudo(internal::HttpHead& head, std::string_view name, std::string_view value) {
  if (Is(name, ":path")) {
    head.path = head.fields.StoreText(value);
  } else if (Is(name, ":method")) {
    head.method = Is(value, "POST") ? std::string_view("POST") : head.fields.StoreText(value);
  } else if (Is(name, ":scheme")) {
    head.scheme = Is(value, "http") ? std::string_view("http") : head.fields.StoreText(value);
  } else if (Is(name, ":authority")) {
    head.authority = head.fields.StoreText(value);
  } else if (Is(name, ":status")) {
    head.status = StatusNumber(value);
  }
}

// A peer that says more of streams that have not come gets the default for the oldest of them.
constexpr std::size_t kMaxEarlyPriorities = 32;

constexpr std::uint64_t kDrainPing = 0x7765667464726e31;  // "weftdrn1"

std::uint64_t Opaque(const nghttp2_ping& ping) {
  std::uint64_t opaque = 0;
  std::memcpy(&opaque, ping.opaque_data, sizeof opaque);
  return opaque;
}

std::string CodeName(std::uint32_t error) { return nghttp2_http2_strerror(error); }

}  // namespace

void Core::SetCallbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &OnHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &OnFrameRecv);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &OnDataChunk);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &OnStreamClose);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, &OnFrameSend);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, &OnFrameNotSend);
  nghttp2_session_callbacks_set_error_callback2(callbacks, &OnError);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, &SendData);
}

Stream* Core::Find(std::int32_t id) const {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(library_, id));
}

int Core::OnBeginHeaders(nghttp2_session* library, const nghttp2_frame* frame, void* user) {
  auto& core = *static_cast<Core*>(user);
  if (core.server() && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    Stream& stream = core.Lend(nullptr);
    stream.wire_id = frame->hd.stream_id;
    stream.on_wire = true;
    ++core.wire_streams_;
    core.scheduler_.SetPriority(stream, Priority());
    stream.order_differs = !core.options_.honor_peer_priority;
    nghttp2_session_set_stream_user_data(library, frame->hd.stream_id, &stream);
    core.receiving_head_ = &stream;
  } else {
    core.receiving_head_ = core.Find(frame->hd.stream_id);
  }
  if (core.receiving_head_ != nullptr) core.receiving_head_->header_size = 0;
  return 0;
}

int Core::OnHeader(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                   std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                   std::uint8_t flags, void* user) {
  auto& core = *static_cast<Core*>(user);
  if (core.receiving_head_ == nullptr || core.receiving_head_->locally_reset) return 0;
  Stream& stream = *core.receiving_head_;
  const std::string_view name_text = View(name, name_size);
  const std::string_view value_text = View(value, value_size);
  stream.header_size += name_text.size() + value_text.size() + 32;
  if (stream.header_size > core.options_.header_list_hard_limit) {
    stream.oversized = true;  // the rest is decoded, as HPACK must, but not kept
    return 0;
  }
  const bool in_head = stream.receiving == Stream::Receiving::kHead;
  if (name_text.starts_with(':')) {
    if (in_head) SetPseudo(stream.head, name_text, value_text);
    return 0;
  }
  if (in_head && core.server() && name_text == "priority") {
    stream.order_differs = true;  // the library reads it too, but does not forgive
    // Several fields are one list.
    const std::optional<Priority> priority = ParsePriority(value_text, stream.priority());
    if (priority.has_value()) core.TakePeerPriority(stream, *priority);
  }
  (in_head ? stream.head.fields : stream.trailers)
      .Add(name_text, value_text, (flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0);
  return 0;
}

int Core::OnFrameRecv(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& core = *static_cast<Core*>(user);
  switch (frame->hd.type) {
    case NGHTTP2_DATA:
      if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        if (Stream* stream = core.Find(frame->hd.stream_id)) core.RecvEnd(*stream);
      }
      break;
    case NGHTTP2_HEADERS:
      core.RecvHeaders(*frame);
      break;
    case NGHTTP2_RST_STREAM:
      if (Stream* stream = core.Find(frame->hd.stream_id)) stream->peer_reset = true;
      break;
    case NGHTTP2_SETTINGS:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
        const TimePoint sent = std::exchange(core.settings_sent_, kNever);
        if (sent != kNever) core.windows_.Took(core.options_.clock->Now() - sent);
      } else {
        core.AddAfterWindowChange(0);
        core.capacity_changed_ = true;
        if (core.client_ != nullptr) core.client_->OnSettings();
      }
      break;
    case NGHTTP2_WINDOW_UPDATE:
      if (frame->hd.stream_id != 0) {
        core.AddAfterWindowChange(frame->hd.stream_id);
      } else if (nghttp2_session_get_remote_window_size(core.library_) <=
                 frame->window_update.window_size_increment) {
        core.may_wait_ = false;  // it had been used up, and held up what need not wait
      }
      break;
    case NGHTTP2_PING:
      core.RecvPing(*frame);
      break;
    case NGHTTP2_GOAWAY:
      core.RecvGoAway(*frame);
      break;
    case NGHTTP2_PRIORITY_UPDATE:
      core.RecvPriorityUpdate(*frame);
      break;
    default:
      break;
  }
  return 0;
}

void Core::RecvHeaders(const nghttp2_frame& frame) {
  Stream* const stream = receiving_head_;
  receiving_head_ = nullptr;
  if (stream == nullptr || stream->locally_reset) return;
  const bool end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  const bool head = stream->receiving == Stream::Receiving::kHead;
  if (stream->oversized && !(head && server())) {
    ResetAs(*stream, {StreamClose::Cause::kProtocol, StreamError::kEnhanceYourCalm,
                      absl::ResourceExhaustedError(absl::StrCat(
                          "the peer sent ", head ? "a response head" : "trailers", " of ",
                          stream->header_size, " bytes on HTTP/2 stream ", stream->wire_id,
                          ", above the limit of ", options_.header_list_hard_limit))});
    return;
  }
  if (!head) {
    RecvEnd(*stream);  // the library has seen to it that trailers end the stream
  } else if (server()) {
    RecvRequest(*stream, end);
  } else {
    RecvResponse(*stream, end);
  }
}

void Core::RecvRequest(Stream& stream, bool end) {
  stream.receiving = end ? Stream::Receiving::kEnded : Stream::Receiving::kBody;
  if (stream.oversized) {
    SendHead(stream, 431, true);  // RFC 6585 §5
    return;
  }
  if (!early_priorities_.empty()) ApplyEarlyPriority(stream);
  stream.events = acceptor_->OnRequest(stream, stream.head, end);
  internal::Check(stream.events != nullptr, "StreamAcceptor::OnRequest returned null");
  if (stream.order_differs) HintOrder(stream);
}

void Core::RecvResponse(Stream& stream, bool end) {
  if (stream.head.status / 100 == 1) {  // checklist 34: not final
    stream.head.fields.Clear();
    stream.head.status = 0;
    return;
  }
  stream.receiving = end ? Stream::Receiving::kEnded : Stream::Receiving::kBody;
  stream.events->OnHead(stream.head, end);
  if (end) EndAfterResponse(stream);
}

void Core::RecvEnd(Stream& stream) {
  if (stream.receiving != Stream::Receiving::kBody) return;
  stream.receiving = Stream::Receiving::kEnded;
  if (stream.locally_reset) return;
  if (stream.events != nullptr) stream.events->OnEnd(stream.trailers);
  if (!server()) EndAfterResponse(stream);
}

// Client, checklist 32: the response is complete; what is left of the request is not sent any more.
void Core::EndAfterResponse(Stream& stream) {
  if (stream.locally_reset || stream.sending == Stream::Sending::kEnded) return;
  ResetAs(stream, {StreamClose::Cause::kComplete, StreamError::kNoError, absl::OkStatus()});
}

int Core::OnDataChunk(nghttp2_session*, std::uint8_t flags, std::int32_t id,
                      const std::uint8_t* data, std::size_t size, void* user) {
  auto& core = *static_cast<Core*>(user);
  core.arrived_ += size;
  Stream* const stream = core.Find(id);
  if (stream == nullptr || stream->locally_reset || stream->events == nullptr) return 0;
  stream->in_last_frame = (flags & NGHTTP2_FLAG_END_STREAM) != 0;
  stream->unread += size;
  stream->received += size;
  core.unread_ += size;
  core.windows_.Arrived(size);
  if (stream->dropping) {
    core.Drop(*stream, size);
    return 0;
  }
  core.body_bytes_ += size;
  const bool bulk = stream->received > internal::kBulkBody;
  const auto offset =
      static_cast<std::size_t>(reinterpret_cast<const char*>(data) - core.input_->data());
  stream->events->OnBody(core.input_->Sub(offset, size));
  if (bulk && core.windows_.due()) core.StepWindows();
  return 0;
}

int Core::OnStreamClose(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
  auto& core = *static_cast<Core*>(user);
  Stream* const stream = core.Find(id);
  if (stream == nullptr) return 0;
  stream->on_wire = false;  // and from here on unknown to the library
  --core.wire_streams_;
  core.capacity_changed_ = true;
  core.scheduler_.Remove(*stream);
  stream->outbound().Clear();
  if (stream->told_closed) {
    core.Release(*stream);
    return 0;
  }
  if (!stream->close_due) {
    stream->close = core.WhyClosed(*stream, error);
    stream->close_due = true;
    if (stream->close.cause == StreamClose::Cause::kComplete && core.forced_resets_ > 0) {
      --core.forced_resets_;
    }
  }
  core.MarkDue(*stream);
  return 0;
}

StreamClose Core::WhyClosed(const Stream& stream, std::uint32_t error) const {
  const auto code = static_cast<StreamError>(error);
  if (stream.not_sent || (!server() && goaway_received_ && stream.wire_id > goaway_last_id_)) {
    return {StreamClose::Cause::kGoAway, StreamError::kRefusedStream,
            absl::UnavailableError(
                absl::StrCat("the peer's GOAWAY excludes HTTP/2 stream ", stream.wire_id))};
  }
  // NO_ERROR after the response: the rest of the request is not wanted (RFC 9113 §8.1).
  const bool response_done = server() ? stream.sending == Stream::Sending::kEnded
                                      : stream.receiving == Stream::Receiving::kEnded;
  if (code == StreamError::kNoError && (response_done || !stream.peer_reset)) {
    return {StreamClose::Cause::kComplete, code, absl::OkStatus()};
  }
  if (stream.peer_reset) return {StreamClose::Cause::kPeerReset, code, absl::OkStatus()};
  return {StreamClose::Cause::kProtocol, code,
          absl::InternalError(
              absl::StrCat("the peer broke HTTP/2 on stream ", stream.wire_id, ": ",
                           library_error_.empty() ? "malformed message" : library_error_,
                           "; reset it with ", CodeName(error)))};
}

int Core::OnFrameSend(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& core = *static_cast<Core*>(user);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      ++core.call_frames_sent_;
      core.body_bytes_ += frame->hd.length;
      if (!core.server() && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        Stream* stream = core.Find(frame->hd.stream_id);
        if (stream != nullptr && !stream->locally_reset) core.Attach(*stream);
      }
      [[fallthrough]];
    case NGHTTP2_DATA:
      if (core.server() && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        core.SentEndOfStream(frame->hd.stream_id);
      }
      break;
    case NGHTTP2_RST_STREAM:
      core.SentReset(*frame);
      break;
    case NGHTTP2_GOAWAY:
      core.SentGoAway(*frame);
      break;
    case NGHTTP2_SETTINGS:
      // The first alone: of later ones several may be on their way.
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0 && !std::exchange(core.announced_, true)) {
        core.settings_sent_ = core.options_.clock->Now();
      }
      break;
    case NGHTTP2_PING:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) break;
      if (Opaque(frame->ping) == kWindowPing) {
        core.windows_.PingSent(core.options_.clock->Now());
      } else if (Opaque(frame->ping) == kInFlightPing) {
        core.in_flight_.PingSent(core.options_.clock->Now());
      }
      break;
    default:
      break;
  }
  return 0;
}

// A stream that the peer makes us reset is as cheap for it as one that it resets itself, and the
// library counts only the latter: its place is free while its handler still runs.
void Core::SentReset(const nghttp2_frame& frame) {
  // One that was refused has no stream, and its client may not know the limit yet.
  const Stream* stream = Find(frame.hd.stream_id);
  if (frame.rst_stream.error_code == NGHTTP2_NO_ERROR || stream == nullptr ||
      stream->locally_reset) {
    return;
  }
  if (++forced_resets_ > options_.reset_burst) {
    GoAway(NGHTTP2_ENHANCE_YOUR_CALM, "too many streams had to be reset");
  }
}

// Server, checklist 32: the response is complete, so the rest of the request is of no use.
void Core::SentEndOfStream(std::int32_t id) {
  Stream* const stream = Find(id);
  if (stream == nullptr || stream->receiving == Stream::Receiving::kEnded || stream->locally_reset)
    return;
  if (stream->drops_rest() && !draining_) {
    stream->dropping = true;
    ReturnCredit(*stream, stream->unread);
  } else {
    ResetCompleted(id);
  }
}

void Core::ResetCompleted(std::int32_t id) {
  Counted(
      [&] { return nghttp2_submit_rst_stream(library_, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR); });
}

void Core::Drop(Stream& stream, std::size_t n) {
  if (stream.dropped > internal::kMostDroppedBody) return;  // the reset is on its way
  stream.dropped += n;
  if (stream.dropped > internal::kMostDroppedBody) {
    ResetCompleted(stream.wire_id);
  } else {
    ReturnCredit(stream, n);
  }
}

void Core::SentGoAway(const nghttp2_frame& frame) {
  if (ending_) {
    ended_ = true;
    return;
  }
  const std::uint32_t error = frame.goaway.error_code;
  if (error == NGHTTP2_NO_ERROR) {  // Drain
    if (server() && !std::exchange(drain_announced_, true)) Ping(kDrainPing);
    return;
  }
  ended_ = true;
  std::string_view reason(reinterpret_cast<const char*>(frame.goaway.opaque_data),
                          frame.goaway.opaque_data_len);
  if (reason.empty())
    reason = library_error_.empty() ? std::string_view("a header block that cannot be decoded")
                                    : std::string_view(library_error_);
  failure_ = absl::UnavailableError(
      absl::StrCat("the peer broke HTTP/2: ", absl::string_view(reason.data(), reason.size()),
                   "; ended the connection with GOAWAY ", CodeName(error)));
}

int Core::OnFrameNotSend(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
  auto& core = *static_cast<Core*>(user);
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  Stream* const stream = core.Find(frame->hd.stream_id);
  if (stream == nullptr || stream->close_due) return 0;
  const bool request = !core.server() && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
  if (request && error == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED) {
    stream->not_sent = true;  // the peer said GOAWAY meanwhile
    return 0;
  }
  // Its reset is on the way already: OnStreamClose tells why.
  if (error == NGHTTP2_ERR_STREAM_CLOSING || error == NGHTTP2_ERR_STREAM_CLOSED) return 0;
  StreamClose close{StreamClose::Cause::kProtocol, StreamError::kInternalError,
                    absl::ResourceExhaustedError(absl::StrCat(
                        "the header fields of HTTP/2 stream ", frame->hd.stream_id,
                        " can't be sent: ", nghttp2_strerror(error), "; send less metadata"))};
  if (!request) {
    core.ResetAs(*stream, std::move(close));
    return 0;
  }
  // The library closes the stream, which the peer has never seen.
  stream->close = std::move(close);
  stream->close_due = true;
  core.MarkDue(*stream);
  return 0;
}

int Core::OnError(nghttp2_session*, int, const char* text, std::size_t size, void* user) {
  static_cast<Core*>(user)->library_error_.assign(text, size);
  return 0;
}

void Core::RecvPing(const nghttp2_frame& frame) {
  const std::uint64_t opaque = Opaque(frame.ping);
  if ((frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) {
    if (events_ != nullptr) events_->OnPing();
  } else if (opaque == kDrainPing && drain_announced_) {
    if (std::exchange(drain_acked_, true)) return;
    Counted([&] {
      return nghttp2_submit_goaway(library_, NGHTTP2_FLAG_NONE,
                                   nghttp2_session_get_last_proc_stream_id(library_),
                                   NGHTTP2_NO_ERROR, nullptr, 0);
    });
  } else if (opaque == kWindowPing) {
    windows_.PingAcked(options_.clock->Now());
  } else if (opaque == kInFlightPing && server()) {
    in_flight_.PingAcked(options_.clock->Now());
    StepInFlight();
    may_wait_ = false;
  } else if (events_ != nullptr) {
    events_->OnPingAck(opaque);
  }
}

void Core::RecvPriorityUpdate(const nghttp2_frame& frame) {
  const auto* update = static_cast<const nghttp2_ext_priority_update*>(frame.ext.payload);
  const std::optional<Priority> priority = ParsePriority(
      {reinterpret_cast<const char*>(update->field_value), update->field_value_len}, Priority());
  Stream* const stream = Find(update->stream_id);
  if (stream != nullptr) {
    if (priority.has_value()) TakePeerPriority(*stream, *priority);
    HintOrder(*stream);  // the library has taken it, or what it understood
    return;
  }
  if (!priority.has_value() || !options_.honor_peer_priority) return;
  if (update->stream_id <= nghttp2_session_get_last_proc_stream_id(library_)) return;  // it is over
  std::erase_if(early_priorities_,
                [&](const auto& early) { return early.first == update->stream_id; });
  if (early_priorities_.size() == kMaxEarlyPriorities) {
    early_priorities_.erase(early_priorities_.begin());
  }
  early_priorities_.emplace_back(update->stream_id, *priority);
}

void Core::TakePeerPriority(Stream& stream, Priority priority) {
  if (!options_.honor_peer_priority || stream.own_priority || stream.close_due) return;
  stream.peer_priority = true;
  scheduler_.SetPriority(stream, priority);
  if (in_flight_.held() != 0) TellOutput();  // it may be held no more
  if (stream.events != nullptr) stream.events->OnPriority(priority);
}

// It takes the place of the request's own field (RFC 9218 §7).
void Core::ApplyEarlyPriority(Stream& stream) {
  std::erase_if(early_priorities_, [&](const auto& early) {
    if (early.first == stream.wire_id) {
      TakePeerPriority(stream, early.second);
      stream.order_differs = true;
    }
    return early.first <= stream.wire_id;
  });
}

void Core::RecvGoAway(const nghttp2_frame& frame) {
  goaway_received_ = true;
  goaway_last_id_ = frame.goaway.last_stream_id;
  if (client_ == nullptr) return;
  client_->OnGoAway(
      frame.goaway.error_code, frame.goaway.last_stream_id,
      {reinterpret_cast<const char*>(frame.goaway.opaque_data), frame.goaway.opaque_data_len});
}

}  // namespace weft::http2
