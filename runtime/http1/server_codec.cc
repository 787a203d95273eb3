#include "http1/server_codec.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/absl_view.h"
#include "base/check.h"
#include "buffer/buf_list_ops.h"
#include "buffer/limits.h"
#include "http1/encoder.h"
#include "http1/limits.h"

namespace weft::http1 {

using internal::Absl;
using internal::BufList;
using internal::Slice;
using internal::StreamClose;
using internal::StreamError;

ServerCodec::ServerCodec(Host& host, internal::StreamAcceptor& acceptor, internal::ChunkPool& pool,
                         DateCache& dates, const Options& options)
    : host_(host),
      acceptor_(acceptor),
      pool_(pool),
      dates_(dates),
      options_(options),
      exchange_(*this, pool, dates) {}

ServerCodec::~ServerCodec() {
  internal::Check(!open_, "http1::ServerCodec was destroyed with an open stream; Abort it first");
}

// ---- Input ----

absl::Status ServerCodec::Recv(Slice bytes) {
  if (bytes.empty()) return absl::OkStatus();
  if (closing_) {
    discarded_ += bytes.size();
    return absl::OkStatus();
  }
  if (pending_.empty()) {
    Parse(bytes);
  } else {
    internal::Check(!can_parse(), "http1: input was left over though it could be read");
  }
  if (!bytes.empty() && !closing_) {
    AppendInbound(pending_, pool_, std::move(bytes));
  }
  Settle();
  return absl::OkStatus();
}

absl::Status ServerCodec::RecvEof() {
  eof_ = true;
  Settle();
  host_.OutputReady();
  return absl::OkStatus();
}

void ServerCodec::ParsePending() {
  while (!pending_.empty() && can_parse()) {
    Slice front = pending_.slice(0);
    const std::size_t before = front.size();
    Parse(front);
    if (closing_) return;  // pending_ is gone
    pending_.Consume(before - front.size());
  }
}

void ServerCodec::Parse(Slice& input) {
  while (can_parse()) {
    switch (parser_.Next(input)) {
      case RequestParser::Event::kNeedMore:
        return;
      case RequestParser::Event::kHead:
        OnHead(input);
        break;
      case RequestParser::Event::kBody:
        OnBody(parser_.TakeBody());
        break;
      case RequestParser::Event::kEnd:
        OnRequestEnd();
        break;
      case RequestParser::Event::kError:
        OnParseError();
        return;
    }
  }
}

void ServerCodec::OnHead(const Slice& rest) {
  internal::HttpHead& head = parser_.head();
  head.scheme = options_.scheme;
  Exchange::Request request;
  request.id = next_id_++;
  request.head_only = head.method == "HEAD";
  request.http10 = parser_.http10();
  exchange_.Start(request);
  open_ = true;
  request_complete_ = continue_refused_ = false;
  unread_body_ = 0;
  events_ = acceptor_.OnRequest(exchange_, head, !parser_.has_body());
  internal::Check(events_ != nullptr, "StreamAcceptor::OnRequest returned null");
  if (!parser_.expects_continue() || exchange_.reset().has_value()) return;
  if (exchange_.answered()) {
    continue_refused_ = true;
  } else if (rest.empty()) {
    // Who has begun to send the body does not wait (RFC 9110 §10.1.1).
    send_continue_ = true;
    host_.OutputReady();
  }
}

void ServerCodec::OnBody(Slice part) {
  if (discarding_) {
    discarded_ += part.size();
    if (discarded_ > kMaxDiscardedBody) StartClosing(/*linger=*/true);
    return;
  }
  body_bytes_ += part.size();
  lent_ -= std::min(lent_, part.size());
  unread_body_ += part.size();
  if (unread_body_ > kBodyHighMark) body_paused_ = true;
  events_->OnBody(std::move(part));
}

void ServerCodec::OnRequestEnd() {
  if (discarding_) {
    discarding_ = false;
    parser_.Reset();
    return;
  }
  request_complete_ = true;
  if (parser_.has_body()) events_->OnEnd(parser_.trailers());
}

void ServerCodec::OnParseError() {
  const ParseError& error = parser_.error();
  failure_ = absl::InternalError(
      absl::StrCat("HTTP/1.1 request refused with ", error.status, ": ", Absl(error.text)));
  if (discarding_) {
    // Its answer is out; another one would be taken for that of the next request.
    StartClosing(/*linger=*/true);
  } else if (open_) {
    BreakExchange({StreamClose::Cause::kProtocol, StreamError::kProtocolError, failure_},
                  error.status, error.text);
  } else {
    Refuse(error.status, error.text, parser_.head().method == "HEAD");
  }
}

void ServerCodec::OnCreditReturned(std::size_t n) {
  unread_body_ -= std::min(n, unread_body_);
  if (body_paused_ && unread_body_ <= kBodyLowMark) {
    body_paused_ = false;
    host_.OutputReady();
  }
}

void ServerCodec::HoldCredit(bool hold) {
  hold_body_ = hold;
  lent_ = 0;
  host_.OutputReady();
}

bool ServerCodec::LendCredit() {
  if (!held() || body_paused_) return false;
  lent_ = internal::kLentCredit;
  host_.OutputReady();
  return true;
}

// ---- Output ----

bool ServerCodec::wants_write() const {
  return refusal_.status != 0 || send_continue_ || (open_ && exchange_.has_output());
}

absl::Status ServerCodec::Pull(BufList& out, std::size_t budget) {
  const std::size_t before = out.size();
  bool more = true;
  while (more) {
    if (send_continue_) {
      send_continue_ = false;
      EncodeContinue(pool_, out);
    }
    if (refusal_.status != 0) {
      EncodeError(pool_, refusal_.status, refusal_.text, dates_.Now(), refusal_head_only_, out);
      refusal_ = ParseError();
    }
    if (!open_) break;
    const std::size_t used = out.size() - before;
    if (used > 0 && used >= budget) break;
    more = PullExchange(out, budget - used);
  }
  return absl::OkStatus();
}

bool ServerCodec::PullExchange(BufList& out, std::size_t budget) {
  if (exchange_.reset().has_value()) {
    Settle();
    return true;
  }
  const std::size_t before = out.size();
  const Exchange::Progress progress = exchange_.Produce(out, budget);
  body_bytes_ += out.size() - before;
  const bool drained = exchange_.TakeDrained();
  switch (progress) {
    case Exchange::Progress::kComplete:
      OnAnswerComplete();
      return true;
    case Exchange::Progress::kBroken:
      failure_ = exchange_.failure();
      BreakExchange({StreamClose::Cause::kLocalReset, StreamError::kInternalError, failure_}, 500,
                    "the answer could not be written as HTTP/1.1");
      return true;
    case Exchange::Progress::kMore:
    case Exchange::Progress::kIdle:
      if (!drained) return false;
      events_->OnDrained();
      return exchange_.has_output();
  }
  return false;
}

void ServerCodec::OnAnswerComplete() {
  const bool close = exchange_.said_close();
  const bool complete = request_complete_;
  CloseStream({StreamClose::Cause::kComplete, StreamError::kNoError, absl::OkStatus()});
  if (close) {
    StartClosing(/*linger=*/!complete || !pending_.empty());
    return;
  }
  if (complete) {
    parser_.Reset();
  } else {
    discarding_ = true;
    discarded_ = 0;
  }
  ParsePending();
  if (draining_ && !closing_ && !open_ && !discarding_ && !parser_.in_head()) {
    // The client was not told and may be about to send another request.
    StartClosing(/*linger=*/true);
  }
  Settle();
}

bool ServerCodec::MustClose() const {
  if (!parser_.keep_alive() || draining_ || continue_refused_) return true;
  if (eof_ && pending_.empty()) return true;
  if (request_complete_ || !exchange_.ended()) return false;
  // The whole answer is there before the request: is its rest worth reading?
  const std::optional<std::uint64_t> rest = parser_.remaining_body();
  return !rest.has_value() || *rest > kMaxDiscardedBody;
}

// ---- Ends ----

void ServerCodec::Settle() {
  if (closing_) return;
  if (open_) {
    if (exchange_.reset().has_value()) {
      BreakExchange({StreamClose::Cause::kLocalReset, *exchange_.reset(), absl::OkStatus()}, 0, {});
    } else if (eof_ && !request_complete_) {
      failure_ = absl::UnavailableError(
          "the HTTP/1.1 client closed its side in the middle of a request body");
      BreakExchange({StreamClose::Cause::kConnectionLost, StreamError::kCancel, failure_}, 0, {});
    }
    return;
  }
  if (eof_) {
    if (parser_.in_head()) {
      failure_ = absl::UnavailableError(
          "the HTTP/1.1 client closed its side in the middle of a request head");
    }
    StartClosing(/*linger=*/false);
  } else if (draining_ && !parser_.in_head() && !discarding_) {
    StartClosing(/*linger=*/false);
  }
}

void ServerCodec::BreakExchange(const StreamClose& close, int status, std::string_view text) {
  const bool unanswered = !exchange_.head_encoded();
  const bool head_only = exchange_.head_only();
  cut_short_ = exchange_.ends_with_connection();
  CloseStream(close);
  if (unanswered && status != 0) {
    Refuse(status, text, head_only);
  } else {
    StartClosing(/*linger=*/false);
  }
}

void ServerCodec::CloseStream(const StreamClose& close) {
  open_ = false;
  body_paused_ = false;
  unread_body_ = 0;
  internal::HttpStreamEvents* events = std::exchange(events_, nullptr);
  events->OnClosed(close);
  exchange_.Clear();
}

void ServerCodec::Refuse(int status, std::string_view text, bool head_only) {
  refusal_ = {status, text};
  refusal_head_only_ = head_only;
  StartClosing(/*linger=*/true);
}

void ServerCodec::StartClosing(bool linger) {
  closing_ = true;
  linger_ = linger;
  discarded_ = 0;
  discarding_ = send_continue_ = false;
  pending_.Clear();
  parser_.Reset();
  host_.OutputReady();
}

bool ServerCodec::wants_read() const {
  return closing_ || (!body_paused_ && !held() && pending_.size() < kMaxPipelinedInput);
}

bool ServerCodec::finished() const {
  return closing_ && !wants_write() && (!linger_ || eof_ || discarded_ > kMaxLingerBytes);
}

bool ServerCodec::wants_shutdown() const {
  return closing_ && !wants_write() && linger_ && !finished();
}

void ServerCodec::Abort(const absl::Status& why) {
  if (open_) {
    cut_short_ = exchange_.ends_with_connection();
    CloseStream({StreamClose::Cause::kConnectionLost, StreamError::kCancel, why});
  }
  refusal_ = ParseError();
  StartClosing(/*linger=*/false);
}

void ServerCodec::Drain() {
  draining_ = true;
  Settle();
}

ServerCodec::ReadState ServerCodec::read_state() const {
  if (closing_) return ReadState::kClosing;
  if (discarding_) return ReadState::kBody;
  if (open_) return request_complete_ ? ReadState::kResponding : ReadState::kBody;
  return parser_.in_head() ? ReadState::kHead : ReadState::kIdle;
}

internal::Codec::Waiting ServerCodec::waiting() const {
  switch (read_state()) {
    case ReadState::kIdle:
      return Waiting::kIdle;
    case ReadState::kHead:
      return Waiting::kHead;
    case ReadState::kBody:
      // A body that is not read because its reader is slow is not the peer's fault.
      return wants_read() ? Waiting::kBody : Waiting::kNothing;
    case ReadState::kResponding:
      return eof_ ? Waiting::kEnded : Waiting::kNothing;
    case ReadState::kClosing:
      return Waiting::kNothing;
  }
  return Waiting::kNothing;
}

void ServerCodec::TimeOut() {
  constexpr std::string_view kHeadLate = "the request's head did not come in time";
  constexpr std::string_view kBodyLate = "the request's body did not come in time";
  switch (read_state()) {
    case ReadState::kIdle:
      StartClosing(/*linger=*/false);
      break;
    case ReadState::kHead:
      failure_ = absl::DeadlineExceededError(Absl(kHeadLate));
      Refuse(408, kHeadLate, /*head_only=*/false);
      break;
    case ReadState::kBody:
      failure_ = absl::DeadlineExceededError(Absl(kBodyLate));
      if (discarding_) {
        StartClosing(/*linger=*/true);
      } else {
        BreakExchange({StreamClose::Cause::kConnectionLost, StreamError::kCancel, failure_}, 408,
                      kBodyLate);
      }
      break;
    case ReadState::kResponding:
      if (!eof_) break;
      failure_ = absl::UnavailableError(
          "the HTTP/1.1 client closed its side and has probably gone; the answer was not ready");
      BreakExchange({StreamClose::Cause::kConnectionLost, StreamError::kCancel, failure_}, 0, {});
      break;
    case ReadState::kClosing:
      linger_ = false;
      host_.OutputReady();
      break;
  }
}

}  // namespace weft::http1
