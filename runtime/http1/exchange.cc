#include "http1/exchange.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "buffer/limits.h"
#include "http/header_rules.h"
#include "http1/framing.h"
#include "http1/limits.h"

namespace weft::http1 {

using internal::BufList;
using internal::Check;

Exchange::Exchange(Owner& owner, internal::ChunkPool& pool, DateCache& dates)
    : owner_(owner), pool_(pool), dates_(dates) {
  high_mark_ = internal::kStreamHighMark;
}

void Exchange::Start(const Request& request) {
  Clear();
  request_ = request;
}

void Exchange::Clear() {
  head_to_send_.Clear();
  trailers_to_send_.Clear();
  outbound_.Clear();
  status_ = 0;
  ended_ = head_encoded_ = said_close_ = bodiless_ = was_above_mark_ = false;
  corked_ = false;
  framing_ = BodyFraming::kNone;
  length_ = sent_ = 0;
  reset_.reset();
  failure_ = absl::OkStatus();
}

void Exchange::SendHead(int status, bool end) {
  Check(status_ == 0, "HttpStream::SendHead was called twice for one stream");
  Check(status >= 200 && status <= 999, "HttpStream::SendHead needs a final status, 200 to 999");
  if (reset_.has_value()) return;
  status_ = status;
  ended_ = end;
  Touch();
}

void Exchange::BodyAppended() {
  if (reset_.has_value()) {
    outbound_.Clear();
    return;
  }
  Check(status_ != 0 && !ended_, "HttpStream::BodyAppended before SendHead or after the end");
  was_above_mark_ |= above_high_mark();
  Touch();
}

void Exchange::SendEnd() {
  if (reset_.has_value()) return;
  Check(status_ != 0 && !ended_, "HttpStream::SendEnd before SendHead or after the end");
  ended_ = true;
  Touch();
}

void Exchange::Uncork(FlushPolicy when, std::size_t bytes) {
  corked_ = false;
  // The client can't ask for more before it has the whole answer, so there is nothing to wait for;
  // and a writer that waits for room is not kept waiting.
  const bool waits = when.longest_delay() > Duration::zero() && !ended_ && !above_high_mark();
  owner_.OnExchangeComplete(waits || when.at_once() ? when : FlushPolicy::EachPass(), bytes);
}

void Exchange::Reset(internal::StreamError error) {
  if (reset_.has_value()) return;
  reset_ = error;
  outbound_.Clear();
  owner_.OnExchangeTouched();
}

void Exchange::ReturnCredit(std::size_t n) { owner_.OnCreditReturned(n); }

bool Exchange::has_output() const {
  if (reset_.has_value()) return true;
  if (status_ == 0) return false;
  return !head_encoded_ || ended_ || !outbound_.empty();
}

bool Exchange::TakeDrained() {
  if (!was_above_mark_ || outbound_.size() > internal::kStreamLowMark) return false;
  was_above_mark_ = false;
  return true;
}

Exchange::Progress Exchange::Produce(BufList& out, std::size_t budget) {
  if (status_ == 0) return Progress::kIdle;
  const std::size_t before = out.size();
  if (!head_encoded_ && !EncodeHead(out)) return Progress::kBroken;
  while (!outbound_.empty()) {
    if (out.size() > before && out.size() - before >= budget) return Progress::kMore;
    if (!SendPart(out)) return Progress::kBroken;
  }
  if (!ended_) return Progress::kIdle;
  return Finish(out) ? Progress::kComplete : Progress::kBroken;
}

absl::Status Exchange::ChooseFraming() {
  std::optional<std::uint64_t> declared;
  if (const std::string_view text = head_to_send_.Find("content-length"); text.data() != nullptr) {
    declared = ParseContentLength(text);
    if (!declared.has_value()) {
      return absl::InternalError("the answer's content-length is not a valid number");
    }
  }
  bodiless_ = request_.head_only || status_ == 204 || status_ == 205 || status_ == 304;
  if (status_ == 204 || status_ == 304) {
    framing_ = BodyFraming::kNone;
  } else if (status_ == 205) {
    framing_ = BodyFraming::kLength;
  } else if (declared.has_value()) {
    framing_ = BodyFraming::kLength;
    length_ = *declared;
  } else if (request_.head_only) {
    // The length that a GET would have, if it is known; to say 0 would be a lie.
    length_ = outbound_.size();
    framing_ = ended_ && length_ > 0 ? BodyFraming::kLength : BodyFraming::kNone;
  } else if (ended_ && (trailers_to_send_.empty() || request_.http10)) {
    framing_ = BodyFraming::kLength;
    length_ = outbound_.size();
  } else {
    framing_ = request_.http10 ? BodyFraming::kClose : BodyFraming::kChunked;
  }
  return absl::OkStatus();
}

bool Exchange::EncodeHead(BufList& out) {
  failure_ = CheckFields(head_to_send_);
  if (failure_.ok()) failure_ = ChooseFraming();
  if (!failure_.ok()) return false;
  ResponseHead head;
  head.status = status_;
  head.framing = framing_;
  head.length = length_;
  head.close = framing_ == BodyFraming::kClose || owner_.MustClose() ||
               internal::EqualsIgnoreCase(head_to_send_.Find("connection"), "close");
  head.keep_alive = request_.http10 && !head.close;
  head.date = dates_.Now();
  http1::EncodeHead(pool_, head, head_to_send_, out);
  said_close_ = head.close;
  head_encoded_ = true;
  return true;
}

bool Exchange::SendPart(BufList& out) {
  if (bodiless_) {
    outbound_.Clear();
    return true;
  }
  const std::size_t n = std::min(outbound_.size(), kMaxSentChunk);
  if (framing_ == BodyFraming::kLength && n > length_ - sent_) {
    failure_ = absl::InternalError(
        absl::StrCat("the answer's body is longer than its content-length of ", length_, " bytes"));
    return false;
  }
  sent_ += n;
  const bool read = framing_ == BodyFraming::kChunked ? EncodeChunk(pool_, outbound_, n, out)
                                                      : EncodeBody(pool_, outbound_, n, out);
  if (!read) failure_ = absl::InternalError("the answer's file shrank while it was sent");
  return read;
}

bool Exchange::Finish(BufList& out) {
  if (bodiless_) return true;
  if (framing_ == BodyFraming::kLength && sent_ != length_) {
    failure_ =
        absl::InternalError(absl::StrCat("the answer's body ended after ", sent_, " of the ",
                                         length_, " bytes that its content-length promised"));
    return false;
  }
  if (framing_ == BodyFraming::kChunked) {
    failure_ = CheckFields(trailers_to_send_);
    if (!failure_.ok()) return false;
    EncodeLastChunk(pool_, trailers_to_send_, out);
  }
  return true;
}

}  // namespace weft::http1
