#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "base/log.h"
#include "http2/core.h"
#include "http2/priority.h"

// The outbound half of Core: what streams ask for, and how Pull turns it into frames.
namespace weft::http2 {

using internal::BufList;
using internal::Check;
using internal::StreamClose;
using internal::StreamError;

namespace {

constexpr std::size_t kFrameHeadSize = 9;

using FieldArray = absl::InlinedVector<nghttp2_nv, 24>;

// The bytes stay where they are until the frame is written: lists of a stream live until the
// library has closed it.
constexpr std::uint8_t kByReference = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

void Push(FieldArray& array, std::string_view name, std::string_view value, std::uint8_t flags) {
  // The library takes pointers to mutable bytes and does not change them.
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  array.push_back({bytes(name), bytes(value), name.size(), value.size(), flags});
}

void PushAll(FieldArray& array, const internal::HeaderList& fields) {
  for (const internal::HeaderField& field : fields) {
    Push(array, field.name, field.value,
         field.sensitive ? kByReference | NGHTTP2_NV_FLAG_NO_INDEX : kByReference);
  }
}

std::string_view AsText(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

void Core::SendHead(Stream& stream, int status, bool end) {
  Check(stream.sending == Stream::Sending::kHead, "HttpStream::SendHead called twice");
  stream.sending = end ? Stream::Sending::kEnded : Stream::Sending::kBody;
  if (aborted_ || stream.close_due || stream.locally_reset) return;
  SubmitHead(stream, status, end);
  TellOutput(stream);
}

void Core::SubmitHead(Stream& stream, int status, bool end) {
  FieldArray fields;
  nghttp2_data_provider body;
  body.source.ptr = &stream;
  body.read_callback = &Core::ReadBody;
  if (server()) {
    if (status == 200) {
      Push(fields, ":status", "200", kByReference);
    } else {
      Check(status >= 100 && status <= 999, "HttpStream::SendHead with a status that is not one");
      stream.status_text[0] = static_cast<char>('0' + status / 100);
      stream.status_text[1] = static_cast<char>('0' + status / 10 % 10);
      stream.status_text[2] = static_cast<char>('0' + status % 10);
      Push(fields, ":status", {stream.status_text, 3}, kByReference);
    }
    PushAll(fields, stream.to_send_head());
    Counted([&] {
      return nghttp2_submit_response(library_, stream.wire_id, fields.data(), fields.size(),
                                     end ? nullptr : &body);
    });
    // Its HEADERS go ahead of all DATA by themselves.
    if (!end) Attach(stream);
    return;
  }
  // The target's views need not outlive this call: the library copies their values.
  Push(fields, ":method", stream.head.method, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  Push(fields, ":scheme", stream.head.scheme, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  if (!stream.head.authority.empty()) {
    Push(fields, ":authority", stream.head.authority, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  }
  Push(fields, ":path", stream.head.path, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  stream.head.method = stream.head.scheme = stream.head.authority = stream.head.path = {};
  PushAll(fields, stream.to_send_head());
  const PriorityText priority(stream.priority());
  if (stream.own_priority) {
    Push(fields, "priority", priority.view(), NGHTTP2_NV_FLAG_NO_COPY_NAME);
  }
  const std::int32_t id = Counted([&] {
    return nghttp2_submit_request(library_, nullptr, fields.data(), fields.size(),
                                  end ? nullptr : &body, &stream);
  });
  if (id > 0) {
    stream.wire_id = id;
    stream.on_wire = true;
    return;
  }
  stream.close = {StreamClose::Cause::kGoAway, StreamError::kRefusedStream,
                  absl::UnavailableError(absl::StrCat(
                      "the HTTP/2 connection takes no more requests: ", nghttp2_strerror(id)))};
  stream.close_due = true;
  --wire_streams_;
  MarkDue(stream);
}

// From here on the scheduler knows the stream while it has bytes.
void Core::Attach(Stream& stream) {
  stream.attached = true;
  if (!stream.outbound().empty()) scheduler_.Add(stream);
}

void Core::BodyAppended(Stream& stream) {
  if (aborted_ || stream.close_due || stream.locally_reset) {
    stream.outbound().Clear();
    return;
  }
  Check(stream.sending <= Stream::Sending::kBody, "HttpStream::BodyAppended after SendEnd");
  if (stream.outbound().empty()) return;
  if (stream.above_high_mark()) stream.was_above_mark = true;
  if (!stream.attached) return;
  scheduler_.Add(stream);
  // Under contention it stays parked until its turn: ResumeNext.
  if (stream.parked && scheduler_.alone(stream)) Resume(stream);
  TellOutput(stream);
}

void Core::SendEnd(Stream& stream) {
  if (aborted_ || stream.close_due || stream.locally_reset) return;
  Check(stream.sending == Stream::Sending::kBody,
        "HttpStream::SendEnd before SendHead or after the end");
  stream.sending = Stream::Sending::kEnding;
  if (stream.parked && stream.outbound().empty() && !holds_end(stream)) EndParked(stream);
  TellOutput(stream);
}

void Core::OutputComplete(const Stream& stream, FlushPolicy when, std::size_t bytes) {
  if (aborted_) return;
  if (inside_) {
    TellOutput();
    return;
  }
  // A writer that waits for room is not kept waiting for more.
  if (when.longest_delay() > Duration::zero()) {
    if (stream.above_high_mark()) {
      when = FlushPolicy::EachPass();
    } else {
      may_wait_ = true;
    }
  }
  host_.OutputComplete(when, bytes);
}

// The stream has nothing more to send but its end.
void Core::EndParked(Stream& stream) {
  if (stream.to_send_trailers().empty()) {
    Resume(stream);
    return;
  }
  // No DATA is left, so the connection's window need not be waited for.
  stream.sending = Stream::Sending::kEnded;
  SubmitTrailers(stream);
}

void Core::SubmitTrailers(Stream& stream) {
  FieldArray fields;
  PushAll(fields, stream.to_send_trailers());
  Counted([&] {
    return nghttp2_submit_trailer(library_, stream.wire_id, fields.data(), fields.size());
  });
}

void Core::Reset(Stream& stream, StreamError error) {
  if (aborted_ || stream.close_due || stream.locally_reset) return;
  ResetAs(stream, {StreamClose::Cause::kLocalReset, error, absl::OkStatus()});
  TellOutput();
}

void Core::ResetAs(Stream& stream, StreamClose close) {
  stream.locally_reset = true;
  stream.close = std::move(close);
  stream.close_due = true;
  stream.outbound().Clear();
  scheduler_.Remove(stream);
  if (stream.on_wire) {
    Counted([&] {
      return nghttp2_submit_rst_stream(library_, NGHTTP2_FLAG_NONE, stream.wire_id,
                                       static_cast<std::uint32_t>(stream.close.error));
    });
  } else if (!server()) {
    --wire_streams_;
    capacity_changed_ = true;
  }
  MarkDue(stream);
}

void Core::ReturnCredit(Stream& stream, std::size_t n) {
  n = Taken(stream, n);
  if (aborted_ || !stream.on_wire || stream.locally_reset || n == 0 || stream.in_last_frame ||
      stream.receiving == Stream::Receiving::kEnded) {
    return;  // or the peer can use no more of it
  }
  TellIfQueued([&] { nghttp2_session_consume_stream(library_, stream.wire_id, n); });
}

void Core::SetPriority(Stream& stream, Priority priority) {
  if (aborted_ || stream.close_due) return;
  const bool said = std::exchange(stream.own_priority, true);
  if (said && stream.priority() == priority) return;
  scheduler_.SetPriority(stream, priority);
  HintOrder(stream);
  if (server()) {
    if (in_flight_.held() != 0) TellOutput();  // it may be held no more
    return;
  }
  if (!stream.on_wire) return;
  const PriorityText text(priority);
  Counted([&] {
    return nghttp2_submit_priority_update(library_, NGHTTP2_FLAG_NONE, stream.wire_id,
                                          reinterpret_cast<const std::uint8_t*>(text.view().data()),
                                          text.view().size());
  });
  TellOutput();
}

Priority Core::SetDefaultPriority(Stream& stream, Priority priority) {
  if (!stream.own_priority && !stream.peer_priority && stream.priority() != priority) {
    scheduler_.SetPriority(stream, priority);
    HintOrder(stream);
  }
  return stream.priority();
}

// Server: makes the library ask streams in our order, or it would ask many in vain. From here on it
// takes no order from the peer for this stream. A client's library knows no order but that of
// opening.
void Core::HintOrder(Stream& stream) {
  stream.order_differs = false;
  if (!server() || !stream.on_wire) return;
  const Priority priority = stream.priority();
  const nghttp2_extpri hint = {static_cast<std::uint32_t>(priority.urgency()),
                               priority.incremental() ? 1 : 0};
  nghttp2_session_change_extpri_stream_priority(library_, stream.wire_id, &hint, 1);
}

void Core::Resume(Stream& stream) {
  stream.parked = false;
  nghttp2_session_resume_data(library_, stream.wire_id);
}

// Gives the turn to a parked stream, when the library has nothing more to send by itself. False:
// nobody can send.
bool Core::ResumeNext() {
  if (nghttp2_session_get_remote_window_size(library_) <= 0) return false;
  while (Scheduler::Entry* next = scheduler_.Next()) {
    auto& stream = static_cast<Stream&>(*next);
    if (nghttp2_session_get_stream_remote_window_size(library_, stream.wire_id) > 0) {
      if (!stream.parked) return false;
      Resume(stream);
      return true;
    }
    scheduler_.Remove(stream);  // until AddAfterWindowChange
  }
  return false;
}

// `id` 0: all streams.
void Core::AddAfterWindowChange(std::int32_t id) {
  const auto add = [this](Stream& stream) {
    if (stream.attached && stream.on_wire && !stream.locally_reset && !stream.outbound().empty()) {
      may_wait_ = false;
      scheduler_.Add(stream);
    }
  };
  if (id != 0) {
    if (Stream* stream = Find(id)) add(*stream);
    return;
  }
  for (Stream* stream = all_.empty() ? nullptr : &all_.front(); stream != nullptr;
       stream = all_.Next(*stream)) {
    add(*stream);
  }
}

absl::Status Core::Pull(BufList& out, std::size_t budget) {
  if (aborted_) return absl::OkStatus();
  inside_ = true;
  may_wait_ = false;
  out_ = &out;
  out_limit_ = out.size() + std::max<std::size_t>(budget, 1);
  out_before_ = out.size();
  paused_ = false;
  if (!mapped_.empty()) OutputWritten(pulled_ - out_before_);
  if (!pending_.empty()) out.AppendAll(std::move(pending_));
  absl::Status status;
  TellDue();
  while (status.ok() && !ended_ && !paused_ && out.size() < out_limit_) {
    const std::size_t before = out.size();
    status = PullFrames(out);
    // What is told here may bring more to send in the same pass, also where nothing was sent: a
    // request that could not be has made room for another.
    const bool told = TellDue();
    if (out.size() > before || told) continue;
    if (!scheduler_.kept_waiting() || AwaitsWriters()) break;
  }
  AwaitsWriters();
  pulled_ += out.size() - out_before_;
  out_ = nullptr;
  inside_ = false;
  return status;
}

// Whether less urgent streams are kept waiting until the writers of drained ones have run, of which
// the host tells. Otherwise they go on.
bool Core::AwaitsWriters() {
  if (!scheduler_.awaits()) return false;
  if (scheduler_.kept_waiting() && host_.AwaitWriters()) return true;
  scheduler_.AwaitNothing();
  return false;
}

// Until the limit is reached or nothing can be sent.
absl::Status Core::PullFrames(BufList& out) {
  while (out.size() < out_limit_) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(library_, &data);
    if (size < 0) {
      return absl::InternalError(
          absl::StrCat("the HTTP/2 connection failed while frames were made: ",
                       nghttp2_strerror(static_cast<int>(size))));
    }
    if (size > 0) {
      const std::string_view frame = AsText(data, static_cast<std::size_t>(size));
      if (frame.size() <= internal::kInlineCopyLimit) {
        out.Append(pool_.chunks(), frame);
      } else {
        out.Append(pool_.chunks(), frame.substr(0, kFrameHeadSize));
        out.Append(pool_.chunks(), frame.substr(kFrameHeadSize));
      }
    } else if (paused_ || !ResumeNext()) {
      break;
    }
  }
  return absl::OkStatus();
}

void Core::PullControlFrames() {
  out_ = &pending_;
  out_before_ = out_limit_ = 0;  // no DATA behind them
  while (nghttp2_session_get_outbound_queue_size(library_) > 0) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(library_, &data);
    if (size <= 0) break;
    pending_.Append(pool_.chunks(), AsText(data, static_cast<std::size_t>(size)));
  }
  out_ = nullptr;
}

// The library asks what the stream has to send. Sending is our decision: it may be another's turn.
ssize_t Core::ReadBody(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t length,
                       std::uint32_t* flags, nghttp2_data_source* source, void* user) {
  auto& core = *static_cast<Core*>(user);
  auto& stream = *static_cast<Stream*>(source->ptr);
  const std::size_t pending = stream.outbound().size();
  std::size_t granted = 0;
  if (pending > 0) {
    const std::size_t smallest = std::min(pending, internal::kSmallestPiece);
    const std::size_t room =
        core.out_limit_ - std::min(core.out_limit_, core.out_->size() + kFrameHeadSize);
    if (room < smallest && core.out_->size() > core.out_before_) {
      core.paused_ = true;
      return NGHTTP2_ERR_PAUSE;
    }
    core.scheduler_.Add(stream);  // it may have left for want of window
    granted = core.scheduler_.Grant(stream, pending, std::min(length, std::max(room, smallest)));
  }
  const bool last =
      granted == pending && stream.sending == Stream::Sending::kEnding && !core.holds_end(stream);
  if (granted == 0 && !last) {
    stream.parked = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (last) {
    stream.sending = Stream::Sending::kEnded;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream.to_send_trailers().empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      core.SubmitTrailers(stream);
    }
  }
  return static_cast<ssize_t>(granted);
}

int Core::SendData(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head,
                   std::size_t length, nghttp2_data_source* source, void* user) {
  auto& core = *static_cast<Core*>(user);
  auto& stream = *static_cast<Stream*>(source->ptr);
  BufList& out = *core.out_;
  BufList& body = stream.outbound();
  bool readable = true;
  if (length <= internal::kInlineCopyLimit) {
    char* to = out.Reserve(core.pool_.chunks(), kFrameHeadSize + length);
    std::memcpy(to, frame_head, kFrameHeadSize);
    readable = body.PeekFront(length, to + kFrameHeadSize);
    out.Commit(kFrameHeadSize + length);
    body.Consume(length);
  } else {
    out.Append(core.pool_.chunks(), AsText(frame_head, kFrameHeadSize));
    if (body.had_mapped()) [[unlikely]] {
      core.SendMapped(stream, length);
    } else {
      body.SplitFront(length, out);
    }
  }
  if (length > 0) {
    core.body_bytes_ += length;
    core.scheduler_.Sent(stream, length);
    core.in_flight_.Sent(static_cast<unsigned>(stream.priority().urgency()), length);
    if (core.server() && core.in_flight_.due()) core.StepInFlight();
    if (body.empty()) core.scheduler_.Remove(stream);
    if (stream.was_above_mark && body.size() <= core.options_.stream_low_mark) {
      stream.was_above_mark = false;
      stream.drained_due = true;
      core.MarkDue(stream);
      core.scheduler_.Await(stream);
    }
  }
  ++core.call_frames_sent_;
  if (!readable) core.LoseMapped(stream);
  if (out.size() < core.out_limit_) return 0;
  core.paused_ = true;
  return NGHTTP2_ERR_PAUSE;
}

// Moves DATA of which parts may be regions of mapped files, and notes where these stand.
void Core::SendMapped(Stream& stream, std::size_t length) {
  const std::size_t before = out_->slice_count();
  std::uint64_t position = pulled_ + (out_->size() - out_before_);
  stream.outbound().SplitFront(length, *out_);
  for (std::size_t i = before; i < out_->slice_count(); ++i) {
    const internal::Slice& slice = out_->slice(i);
    position += slice.size();
    if (!slice.mapped()) continue;
    mapped_.Add(position, stream.wire_id, slice);
    stream.mapped_until = position;
  }
}

void Core::OutputWritten(std::uint64_t position) {
  written_ = position;
  mapped_.Written(position, [this](std::int32_t id, bool intact) {
    Stream* const stream = Find(id);
    if (stream == nullptr || stream->locally_reset) return;
    if (!intact) {
      LoseMapped(*stream);
    } else if (stream->sending == Stream::Sending::kEnding && stream->parked &&
               stream->outbound().empty() && !holds_end(*stream)) {
      EndParked(*stream);
    }
  });
}

bool Core::OutputLost(std::size_t from_end) {
  if (aborted_) return true;  // nothing of it ends in order any more
  const std::int32_t id = mapped_.StreamAt(pulled_ - from_end);
  if (id == 0) return false;
  Stream* const stream = Find(id);
  if (stream != nullptr && !stream->locally_reset) LoseMapped(*stream);
  return true;
}

void Core::LoseMapped(Stream& stream) {
  internal::Log(
      LogLevel::kWarning,
      absl::StrCat("a mapped file became shorter or could not be read while HTTP/2 stream ",
                   stream.wire_id, " sent it; the stream was reset"));
  ResetAs(stream, {StreamClose::Cause::kLocalReset, StreamError::kInternalError,
                   absl::DataLossError("a mapped file became shorter while it was sent")});
}

}  // namespace weft::http2
