#include "client/client_call.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "buffer/buf_list_ops.h"
#include "buffer/limits.h"
#include "buffer/proto_stream.h"
#include "client/channel_core.h"
#include "client/client_shard.h"
#include "protocol/grpc.h"
#include "rpc/flush.h"
#include "rpc/status_map.h"
#include "rpc/timeout.h"
#include "weft/client_context.h"

namespace weft::internal {

ClientCall::ClientCall()
    : deadline_timer_(*this),
      parent_link_(*this),
      finish_(*this),
      read_(*this),
      write_(*this),
      mail_(*this) {}

ClientCall::~ClientCall() = default;

LoopCore& ClientCall::loop() const { return shard_->loop(); }

// --- The loop.

void ClientCall::BeginOnLoop() {
  begun_ = true;
  loop_ref_ = true;
  Ref();
  inbound_.Reset(Framing::kEnvelope, channel_->options().receive_limit(),
                 "ChannelOptions::set_receive_limit");
  if (!request_error_.ok()) {
    Finish(request_error_);
    return;
  }
  if (deadline_ != kNever) {
    // checklist 6: what is late already is not sent.
    if (deadline_ <= loop().clock().Now()) {
      Finish(DeadlineStatus());
      return;
    }
    loop().timers().Arm(deadline_timer_, deadline_);
  }
  shard_->Submit(*this);
}

void ClientCall::Open(ClientConnection& connection) {
  stream_ = &connection.OpenStream(*this, info_->path, priority_);
  WithContext([&connection](ClientContextState& context) { context.peer = connection.peer(); });
  FillHead(*stream_, connection);
  if (flush_policy_ != FlushPolicy::EachPass()) stream_->Cork();
  stream_->SendHead(0, /*end=*/false);
  SendQueued(/*opening=*/true);
}

void ClientCall::FillHead(HttpStream& stream, const ClientConnection& connection) {
  HeaderList& head = stream.head_to_send();
  // checklist 9: the call's definition goes before the user's metadata, the timeout first.
  if (deadline_ != kNever) {
    char text[kTimeoutTextMax];
    const Duration left = std::max(Duration(1), deadline_ - loop().clock().Now());
    head.AddStaticName("grpc-timeout", FormatTimeout(left, text));
  }
  head.AddStatic("content-type", "application/grpc");
  head.AddStatic("te", "trailers");
  head.AddStatic("user-agent", connection.user_agent());
  WithContext([&head](ClientContextState& context) {
    for (const HeaderField& field : context.metadata) head.Add(field.name, field.value);
  });
}

void ClientCall::SetPriority(Priority priority) {
  priority_ = priority;
  if (stream_ != nullptr && !finished_) stream_->SetPriority(priority);
}

// Puts a message behind what is to be sent: into the stream's own list when there is a stream, so
// that small messages share its chunks.
absl::Status ClientCall::Append(OutgoingMessage& message) {
  const std::size_t limit = channel_->options().send_limit();
  if (stream_ == nullptr || !unsent_.empty()) {
    return AppendEnvelope(message, limit, loop().chunks(), unsent_);
  }
  BufList& body = stream_->outbound();
  const std::size_t before = body.size();
  if (absl::Status put = AppendEnvelope(message, limit, loop().chunks(), body); !put.ok()) {
    return put;
  }
  const std::size_t bytes = body.size() - before;
  KeepForReplay(body, bytes);
  const bool corked = flush_policy_ != FlushPolicy::EachPass();
  if (corked) stream_->Cork();
  if (before == 0 || stream_->above_high_mark()) stream_->BodyAppended();
  if (corked) stream_->Uncork(FlushBefore(deadline_, loop().Now(), flush_policy_), bytes);
  return absl::OkStatus();
}

void ClientCall::KeepForReplay(const BufList& list, std::size_t n) {
  if (!replayable_) return;
  if (sent_.size() + n > kReplayLimit) {
    replayable_ = false;
    sent_.Clear();
  } else {
    ShareBack(list, n, sent_);
  }
}

// Gives the stream what waits for it; `opening`: behind its head. The last thing that its caller
// does unless it holds a reference: flushed at once, the call may have ended.
void ClientCall::SendQueued(bool opening) {
  if (stream_ == nullptr || end_sent_) return;
  const bool corked =
      flush_policy_ != FlushPolicy::EachPass() && (opening || writes_done_ || !unsent_.empty());
  const std::size_t bytes = unsent_.size();
  if (corked) stream_->Cork();
  if (!unsent_.empty()) {
    BufList& body = stream_->outbound();
    if (bytes <= kInlineCopyLimit && !body.empty() && unsent_.slice_count() == 1) {
      // A small message from another thread, in a chunk of its own.
      AppendCoalesced(body, loop().chunks(), unsent_.slice(0));
      unsent_.Clear();
    } else {
      body.AppendAll(std::move(unsent_));
    }
    KeepForReplay(body, bytes);
    stream_->BodyAppended();
  }
  if (writes_done_) {
    end_sent_ = true;
    stream_->SendEnd();
  }
  if (corked) stream_->Uncork(FlushBefore(deadline_, loop().Now(), flush_policy_), bytes);
}

bool ClientCall::above_mark() const {
  return stream_ != nullptr ? stream_->above_high_mark() : unsent_.size() > kStreamHighMark;
}

void ClientCall::AfterWrite() {
  writing_ = true;
  SendQueued();
  if (writing_ && !above_mark()) CompleteWrite(absl::OkStatus());
}

void ClientCall::CompleteWrite(absl::Status result) {
  writing_ = false;
  write_result_ = std::move(result);
  write_.Complete();
}

template <typename Use>
void ClientCall::WithContext(Use use) {
  if (context_ == nullptr) return;
  std::lock_guard lock(context_->mutex);
  if (context_->call == this) use(*context_);
}

// The user may give the context to another call.
void ClientCall::LetContextGo() {
  WithContext([](ClientContextState& context) { context.call = nullptr; });
}

void ClientCall::OnHead(HttpHead& head, bool end) {
  head_seen_ = true;
  replayable_ = false;
  sent_.Clear();
  http_status_ = head.status;
  const std::string_view content_type = head.fields.Find("content-type");
  content_ok_ = IsGrpcContentType(content_type);
  if (!content_ok_) content_type_.assign(content_type);
  if (finished_) return;
  if (end) {
    EndWith(head.fields);
  } else {
    // checklist 30: a grpc-status in here means nothing while more follows. Copied: the codec's
    // memory never leaves its loop, and the user may be anywhere.
    WithContext(
        [&head](ClientContextState& context) { context.initial_metadata.AddAll(head.fields); });
  }
}

void ClientCall::OnBody(Slice slice) {
  const std::size_t size = slice.size();
  if (finished_ || discard_ || !content_ok_) {
    stream_->ReturnCredit(size);
    return;
  }
  uncredited_ += size;
  if (absl::Status pushed = inbound_.Push(loop().chunks(), std::move(slice)); !pushed.ok()) {
    Cancel(pushed);
    return;
  }
  if (!streams_replies()) {
    if (HasSurplus()) {
      Cancel(WrongNumberOfReplies());
      return;
    }
    ReturnTaken(true);
    return;
  }
  if (reading_) {
    if (inbound_.has_message()) {
      CompleteRead();
    } else {
      ReturnTaken(true);
    }
  }
}

void ClientCall::OnEnd(HeaderList& trailers) {
  if (!finished_) EndWith(trailers);
}

// The server's last word has come.
void ClientCall::EndWith(HeaderList& fields) {
  bool found = false;
  absl::Status status = ReadStatusFields(fields, found);
  if (!found) {
    if (http_status_ != 200) {
      status = absl::Status(CodeFromHttpStatus(http_status_),
                            absl::StrCat("the server answered HTTP ", http_status_,
                                         " without a grpc-status: is this a gRPC server?"));
    } else if (!content_ok_) {
      status = absl::UnknownError(absl::StrCat("the server answered with the content-type \"",
                                               content_type_, "\": this is not gRPC"));
    } else {
      status = absl::UnknownError("the server ended the call without a grpc-status");
    }
  }
  WithContext([&fields](ClientContextState& context) { context.trailing_metadata.AddAll(fields); });
  if (!discard_ && status.ok()) status = inbound_.End();
  // checklist 32: the server has said all, so it need not hear the rest either.
  if (!end_sent_ || !stream_->outbound().empty()) stream_->Reset(StreamError::kNoError);
  Finish(std::move(status));
}

void ClientCall::OnDrained() {
  if (writing_ && !above_mark()) CompleteWrite(absl::OkStatus());
}

void ClientCall::OnClosed(const StreamClose& close) {
  stream_ = nullptr;
  if (!finished_) {
    if (TryReplay(close)) return;
    Finish(StatusOf(close));
  }
  ReleaseLoop();
}

absl::Status ClientCall::StatusOf(const StreamClose& close) const {
  const absl::string_view cause = close.status.message();
  // What was to be sent has gone.
  if (close.cause == StreamClose::Cause::kLocalReset && absl::IsDataLoss(close.status)) {
    return close.status;
  }
  // A limit of the protocol's, as for the request's metadata: the codec tells which. The same call
  // would meet it again.
  if (close.status.code() == absl::StatusCode::kResourceExhausted &&
      (close.cause == StreamClose::Cause::kProtocol ||
       close.cause == StreamClose::Cause::kLocalReset)) {
    return close.status;
  }
  switch (close.cause) {
    case StreamClose::Cause::kConnectionLost:
      return absl::UnavailableError(cause);
    case StreamClose::Cause::kGoAway:
      return absl::UnavailableError(
          "the server is going away and did not take the call, which can't be sent again: too much "
          "of it was sent");
    case StreamClose::Cause::kProtocol:
      return absl::InternalError(absl::StrCat("the server broke the protocol: ", cause));
    case StreamClose::Cause::kComplete:
    case StreamClose::Cause::kLocalReset:
    case StreamClose::Cause::kPeerReset:
      break;
  }
  absl::StatusCode code = CodeFromStreamError(close.error);
  if (head_seen_ && http_status_ != 200) code = CodeFromHttpStatus(http_status_);
  // checklist 36: when the time was up it was the deadline, whoever noticed first.
  if (code == absl::StatusCode::kCancelled && deadline_ <= loop().clock().Now())
    return DeadlineStatus();
  return absl::Status(code, absl::StrCat("the server reset the call to ", std::string(info_->path),
                                         " with the HTTP/2 error ", StreamErrorName(close.error)));
}

// checklist 42, 61: what the server has certainly not seen goes out again.
bool ClientCall::TryReplay(const StreamClose& close) {
  const bool unseen = close.cause == StreamClose::Cause::kGoAway;
  const bool refused = close.cause == StreamClose::Cause::kPeerReset &&
                       close.error == StreamError::kRefusedStream && !refused_once_;
  if (head_seen_ || !replayable_ || !(unseen || refused)) return false;
  refused_once_ = refused_once_ || refused;
  sent_.AppendAll(std::move(unsent_));
  unsent_.Swap(sent_);
  end_sent_ = false;
  Unlink();  // from the shard's open calls
  shard_->Submit(*this);
  return true;
}

void ClientCall::OnDeadline() {
  absl::Status status = DeadlineStatus();
  if (stream_ == nullptr) {
    status = absl::DeadlineExceededError(
        absl::StrCat(status.message(), "; it was not sent: ", shard_->WhyNotSent()));
  }
  Cancel(status);
}

absl::Status ClientCall::DeadlineStatus() const {
  return absl::DeadlineExceededError(
      absl::StrCat("the deadline of the call to ", std::string(info_->path), " has passed"));
}

void ClientCall::ParentLink::OnCancelled() {
  absl::Status why = absl::CancelledError("the call that made this one was cancelled");
  // Before its start has come to the loop, the call keeps a cancellation with it in the mail.
  if (call_.OnLoop() && call_.begun_) {
    call_.Cancel(why);
  } else {
    call_.CancelFromAnyThread(std::move(why));
  }
}

void ClientCall::Cancel(const absl::Status& why) {
  if (finished_ || !begun_) return;
  inbound_.Clear();
  if (stream_ != nullptr) stream_->Reset(StreamError::kCancel);
  Finish(why);
}

void ClientCall::Finish(absl::Status status) {
  finished_ = true;
  Unlink();  // from the shard's list
  loop().timers().Disarm(deadline_timer_);
  unsent_.Clear();
  sent_.Clear();
  if (status.ok() && !streams_replies() && !discard_) {
    if (!inbound_.has_message() || HasSurplus()) status = WrongNumberOfReplies();
  }
  status_ = std::move(status);
  LetContextGo();
  if (reading_) CompleteRead();
  if (writing_) CompleteWrite(EndedStatus());
  finish_.Complete();
  if (stream_ == nullptr) ReleaseLoop();
}

// More than the one message that belongs to a call without a stream of replies.
bool ClientCall::HasSurplus() const {
  return inbound_.has_message() && inbound_.bytes().size() > inbound_.message_size();
}

absl::Status ClientCall::WrongNumberOfReplies() const {
  return absl::Status(
      kCardinalityViolation,
      absl::StrCat("the server answered the call to ", std::string(info_->path), " with ",
                   inbound_.has_message() ? "more than one message" : "no message",
                   "; exactly one belongs to it"));
}

absl::Status ClientCall::EndedStatus() const {
  if (!status_.ok()) return status_;
  return absl::CancelledError(
      absl::StrCat("the server has ended the call to ", std::string(info_->path), " already"));
}

// Nothing on the loop needs the call any more. The last thing that its method does.
void ClientCall::ReleaseLoop() {
  if (std::exchange(loop_ref_, false)) Unref();
}

void ClientCall::ReturnTaken(bool wanted) {
  if (stream_ == nullptr) return;
  const std::size_t held = wanted ? 0 : inbound_.bytes().size();
  if (uncredited_ < held + (wanted ? 1 : kCreditStep)) return;
  stream_->ReturnCredit(uncredited_ - held);
  uncredited_ = held;
}

// A Read that waits has its answer. One from off the loop gets the bytes.
void ClientCall::CompleteRead() {
  reading_ = false;
  if (read_remote_) {
    read_ok_ = inbound_.has_message();
    if (read_ok_) {
      read_bytes_.Clear();  // of a Read that was dropped
      const absl::Status moved = inbound_.MoveMessage(read_bytes_);
      ReturnTaken(false);
      if (!moved.ok()) FailRead(moved);
    }
  }
  read_.Complete();
}

// What came after a message is no message. The server's status may have come, and have been OK.
void ClientCall::FailRead(const absl::Status& why) {
  if (!finished_) {
    Cancel(why);
  } else {
    read_error_ = why;
  }
}

void ClientCall::Discard() {
  discard_ = true;
  inbound_.Clear();
  ReturnTaken(true);
}

void ClientCall::TakeMail() {
  std::unique_lock lock(mutex_);
  mail_posted_ = false;
  if (!begun_ && !mail_start_ && !mail_read_ && !mail_write_ && !mail_writes_done_ &&
      !mail_discard_) {
    // A cancellation, or a priority, of a call that is still being made on another thread: it stays
    // for the mail that starts the call. (What was refused when it was made takes no notice of it.)
    lock.unlock();
    Unref();
    return;
  }
  const bool start = std::exchange(mail_start_, false);
  const bool read = std::exchange(mail_read_, false);
  const bool write = std::exchange(mail_write_, false);
  const bool writes_done = std::exchange(mail_writes_done_, false);
  const bool discard = std::exchange(mail_discard_, false);
  const absl::Status cancel = std::exchange(mail_cancel_, absl::OkStatus());
  const std::optional<Priority> priority = std::exchange(mail_priority_, std::nullopt);
  BufList out(std::move(mail_out_));
  lock.unlock();

  if (priority.has_value()) SetPriority(*priority);
  if (start) BeginOnLoop();
  if (!finished_) unsent_.AppendAll(std::move(out));
  writes_done_ = writes_done_ || writes_done;
  if (!write) {
    SendQueued();
  } else if (finished_) {
    CompleteWrite(EndedStatus());
  } else {
    AfterWrite();
  }
  if (!cancel.ok()) Cancel(cancel);
  if (discard && !finished_) Discard();
  if (read) {
    reading_ = true;
    if (finished_ || inbound_.has_message()) {
      CompleteRead();
    } else {
      ReturnTaken(true);
    }
  }
  Unref();  // the mail's
}

}  // namespace weft::internal
