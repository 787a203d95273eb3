#include "server/blocking_call.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "buffer/buf_list_ops.h"
#include "buffer/limits.h"
#include "server/handler_exception.h"
#include "server/server_call.h"
#include "server/worker_places.h"
#include "weft/internal/thread_context.h"
#include "weft/worker_pool.h"

namespace weft::internal {

BlockingCall::BlockingCall(ServerCall& call) : call_(call), job_(*this), mail_(*this) {}

absl::Status BlockingCall::Refusal() const {
  return absl::ResourceExhaustedError(
      absl::StrCat("the call to ", std::string(call_.info().path),
                   " was refused: all worker threads are busy and their queue is full; try again"));
}

absl::Status BlockingCall::CheckRoom() const {
  return call_.environment().worker_places.full() ? Refusal() : absl::OkStatus();
}

void BlockingCall::Start() {
  assembler_.Reset(Framing::kEnvelope, call_.environment().options.receive_limit(),
                   kReceiveLimitOption);
  scope_.LowerDeadline(call_.deadline());
  WorkerPlaces& places = call_.environment().worker_places;
  if (places.Take()) {
    if (call_.environment().workers.Submit(job_)) return;
    // Out of threads, or its last worker is only just becoming free.
    places.GiveBack();
  }
  call_.Fail(Refusal());
  call_.HandlerDone(absl::OkStatus());
}

void BlockingCall::RunHandler() {
  absl::Status result;
  std::unique_lock lock(mutex_);
  if (!cancelled_) {
    lock.unlock();
    result = CallHandler();
    if (call_.has_callbacks()) call_.DropCancelCallbacks();
    lock.lock();
  }
  call_.environment().worker_places.GiveBack();
  result_ = std::move(result);
  done_ = true;
  PostMail();
}

absl::Status BlockingCall::CallHandler() {
  ThreadContext context;
  context.scope = &scope_;
  const ThreadContextScope current(&context);
  try {
    return call_.method().blocking(call_.service(), call_.args());
  } catch (...) {
    return HandlerException(call_.info(), call_.environment().options);
  }
}

void BlockingCall::PushBody(Slice slice) {
  std::lock_guard lock(mutex_);
  AppendInbound(inbound_, call_.environment().chunks, std::move(slice));
  changed_.notify_all();
}

void BlockingCall::EndBody() {
  std::lock_guard lock(mutex_);
  inbound_ended_ = true;
  changed_.notify_all();
}

void BlockingCall::Cancel() {
  {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }
  scope_.Cancel();
}

void BlockingCall::Drained() {
  std::lock_guard lock(mutex_);
  above_mark_ = false;
  changed_.notify_all();
}

void BlockingCall::Reset() {
  scope_.Reset();
  // The worker has left the mutex behind once TakeMail has seen `done_`.
  std::lock_guard lock(mutex_);
  assembler_.Clear();
  taken_.Clear();
  inbound_.Clear();
  outbound_.Clear();
  inbound_ended_ = cancelled_ = done_ = above_mark_ = send_head_ = false;
  priority_.reset();
  credit_ = uncredited_ = reader_holds_ = 0;
  failure_ = result_ = absl::OkStatus();
}

std::size_t BlockingCall::held_bytes() {
  std::lock_guard lock(mutex_);
  return inbound_.size() + reader_holds_ + outbound_.size();
}

bool BlockingCall::waits_for_body() {
  std::lock_guard lock(mutex_);
  return reader_waits_ && inbound_.empty() && !inbound_ended_;
}

void BlockingCall::PostMail() {
  if (std::exchange(mail_posted_, true)) return;
  // A user's loop that has ended refuses it: then nobody waits for the mail.
  call_.environment().loop.Post(mail_);
}

void BlockingCall::TakeMail() {
  BufList out;
  std::unique_lock lock(mutex_);
  mail_posted_ = false;
  out.AppendAll(std::move(outbound_));
  outbound_.Clear();
  const bool send_head = std::exchange(send_head_, false);
  const std::optional<Priority> priority = std::exchange(priority_, std::nullopt);
  const std::size_t credit = std::exchange(credit_, 0);
  const bool cancelled = cancelled_;
  const absl::Status failure = std::exchange(failure_, absl::OkStatus());
  const bool done = done_;
  absl::Status result = std::move(result_);
  lock.unlock();

  // What the worker encoded counts from here on, or a thousand of these could go before the pool's
  // next trim.
  if (!out.empty()) call_.environment().chunks.Tell();
  // Without the mutex: what the stream tells in return may come back here.
  if (priority.has_value()) call_.SetPriority(*priority);
  HttpStream* stream = call_.stream();
  const bool corked =
      call_.corks() && stream != nullptr && !cancelled && (send_head || !out.empty());
  const std::size_t bytes = out.size();
  if (corked) stream->Cork();
  if (stream != nullptr && !cancelled && (send_head || !out.empty())) call_.SendHead();
  if (stream != nullptr && !cancelled && !out.empty()) {
    stream->outbound().AppendAll(std::move(out));
    stream->BodyAppended();
  }
  if (stream != nullptr && credit > 0) stream->ReturnCredit(credit);
  const bool above_mark = stream != nullptr && stream->above_high_mark();
  lock.lock();
  above_mark_ = above_mark;
  if (!above_mark) changed_.notify_all();
  lock.unlock();

  if (!failure.ok()) call_.Fail(failure);
  if (done) {
    call_.HandlerDone(std::move(result));  // uncorks the stream
  } else if (corked) {
    stream->Uncork(call_.WhenToFlush(), bytes);
  }
}

bool BlockingCall::Read(MessageTarget message) {
  absl::Status status;
  while (true) {
    if (assembler_.has_message()) {
      const std::size_t size = assembler_.message_size();
      status = call_.protocol().ParseMessage(assembler_.bytes(), size, message);
      if (!status.ok()) break;
      status = assembler_.PopMessage();
      std::lock_guard lock(mutex_);
      if (cancelled_) return false;
      reader_holds_ = assembler_.bytes().size();
      CreditAbove(reader_holds_);
      if (credit_ >= kCreditStep) PostMail();
      if (!status.ok()) {
        failure_ = status;
        PostMail();
      }
      return true;
    }
    if (assembler_.ended()) return false;
    std::unique_lock lock(mutex_);
    if (cancelled_) return false;
    if (inbound_.empty() && !inbound_ended_) {
      // What a reader waits for counts as taken, or a message larger than the window would never be
      // complete.
      CreditAbove(0);
      if (credit_ > 0) PostMail();
      reader_waits_ = true;
      changed_.wait(lock, [this] { return !inbound_.empty() || inbound_ended_ || cancelled_; });
      reader_waits_ = false;
      if (cancelled_) return false;
    }
    reader_holds_ += inbound_.size();
    taken_.AppendAll(std::move(inbound_));
    const bool ended = inbound_ended_;
    lock.unlock();
    uncredited_ += taken_.size();
    status = assembler_.PushAll(std::move(taken_));
    if (status.ok() && ended) status = assembler_.End();
    if (!status.ok()) break;
  }
  std::lock_guard lock(mutex_);
  failure_ = std::move(status);
  PostMail();
  return false;
}

// Credit for all that the reader has received but `held` bytes.
void BlockingCall::CreditAbove(std::size_t held) {
  if (uncredited_ <= held) return;
  credit_ += uncredited_ - held;
  uncredited_ = held;
}

absl::Status BlockingCall::Write(const MessageInput& input) {
  call_.CloseHead();
  BufList bytes;
  InputMessage message(input);
  if (absl::Status encoded = call_.protocol().EncodeMessage(
          message, call_.info().kind, call_.environment().options.send_limit(),
          call_.environment().chunks, bytes);
      !encoded.ok()) {
    return encoded;
  }
  std::unique_lock lock(mutex_);
  changed_.wait(
      lock, [this] { return cancelled_ || (!above_mark_ && outbound_.size() <= kStreamHighMark); });
  if (cancelled_) return call_.EndedStatus();
  outbound_.AppendAll(std::move(bytes));
  PostMail();
  return absl::OkStatus();
}

void BlockingCall::SendHead() {
  call_.CloseHead();
  std::lock_guard lock(mutex_);
  send_head_ = true;
  PostMail();
}

void BlockingCall::SetPriority(Priority priority) {
  call_.NotePriority(priority);
  std::lock_guard lock(mutex_);
  priority_ = priority;
  PostMail();
}

bool BlockingStreamBase::ReadMessage(MessageTarget message) { return call_->Read(message); }

absl::Status BlockingStreamBase::WriteMessage(const MessageInput& input) {
  return call_->Write(input);
}

}  // namespace weft::internal
