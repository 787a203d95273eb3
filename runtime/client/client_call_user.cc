// The user's side of a ClientCall: everything here runs on the thread of whoever made the call.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "buffer/limits.h"
#include "client/channel_core.h"
#include "client/client_call.h"
#include "client/client_shard.h"
#include "protocol/grpc.h"
#include "rpc/incoming_message.h"
#include "rpc/method_path.h"
#include "weft/client_context.h"

namespace weft::internal {

namespace {

// A copy that shares nothing with the call's own, which its loop lets go of while the user reads
// this one. (The count that they would share is in absl's library, where a thread sanitizer that
// did not compile it can't see it.)
absl::Status Unshared(const absl::Status& status) {
  absl::Status copy(status.code(), status.message());
  status.ForEachPayload([&copy](const auto& type_url, const absl::Cord& payload) {
    copy.SetPayload(type_url, payload);
  });
  return copy;
}

}  // namespace

// Whether this is a pass of the call's loop. By address: the loop itself may be gone.
bool ClientCall::OnLoop() const { return shard_->IsCurrent(); }

bool ClientCall::RunOnLoop(Runnable& runnable) const {
  if (!OnLoop()) return shard_->mailbox().Post(runnable);
  loop().Schedule(runnable);
  return true;
}

void ClientCall::Prepare(std::shared_ptr<ChannelCore> channel, ClientShard& shard,
                         const MethodInfo& method, ClientContext* context) {
  channel_ = std::move(channel);
  shard_ = &shard;
  info_ = &method;
  priority_ = method.priority;
  if (method.raw()) {
    raw_path_.assign(method.path);
    raw_info_ = method;
    raw_info_->path = raw_path_;
    info_ = &*raw_info_;
    if (!IsMethodPath(raw_path_)) {
      request_error_ = absl::InternalError(
          absl::StrCat("\"", raw_path_,
                       "\" is no path of a method; those are like \"/package.Service/Method\""));
    }
  }
  flush_policy_ = method.flush.value_or(channel_->options().flush_policy());
  if (context == nullptr) return;
  context_ = context->state_;
  deadline_ = context_->deadline;
  wait_for_ready_ = context_->wait_for_ready;
  if (request_error_.ok()) request_error_ = context_->bad_metadata;
  std::lock_guard lock(context_->mutex);
  if (context_->priority.has_value()) priority_ = context_->priority;
  Check(context_->call == nullptr,
        "a ClientContext was given to a second call while its first one runs");
  context_->call = this;
}

void ClientCall::SetRequest(const MessageInput& request) {
  InputMessage message(request);
  absl::Status encoded =
      AppendEnvelope(message, channel_->options().send_limit(), loop().chunks(), unsent_);
  if (!encoded.ok() && request_error_.ok()) request_error_ = std::move(encoded);
  writes_done_ = true;
}

void ClientCall::Start() {
  if (context_ != nullptr && context_->timeout != Duration::max()) {
    const TimePoint now = loop().clock().Now();
    if (context_->timeout < kNever - now) deadline_ = std::min(deadline_, now + context_->timeout);
  }
  // A call made by a handler keeps to the deadline of the handler's own call, and ends with it.
  ThreadContext* context = CurrentThreadContext();
  CancelScope* scope = context == nullptr ? nullptr : context->scope;
  if (scope != nullptr) deadline_ = std::min(deadline_, scope->deadline());
  const bool parent_over = scope != nullptr && !scope->Link(parent_link_);
  if (parent_over && request_error_.ok()) {
    request_error_ = absl::CancelledError("the call that made this one was cancelled before");
  }
  if (OnLoop()) {
    BeginOnLoop();
    return;
  }
  PutMail([this] { mail_start_ = true; });
}

// Leaves something in the mailbox by `fill` and wakes the loop unless it is woken already.
template <typename Fill>
void ClientCall::PutMail(Fill fill) {
  {
    std::lock_guard lock(mutex_);
    fill();
    if (std::exchange(mail_posted_, true)) return;
  }
  Ref();
  if (!shard_->mailbox().Post(mail_)) LoopIsGone();
}

// Does in the loop's place what was in the mail: the loop has ended all calls that it has seen and
// touches none of them any more. Each step was put into the mail once, so two users that come here
// at once don't meet.
void ClientCall::LoopIsGone() {
  refs_.fetch_sub(1, std::memory_order_relaxed);  // the mail's; the caller has another
  std::unique_lock lock(mutex_);
  mail_posted_ = false;
  const bool start = std::exchange(mail_start_, false);
  const bool read = std::exchange(mail_read_, false);
  const bool write = std::exchange(mail_write_, false);
  lock.unlock();
  const absl::Status why =
      absl::UnavailableError("the channel's loop has ended; no calls can be made any more");
  if (start) FailUnstarted(why);
  if (read) {
    if (!finish_.done()) read_error_ = why;  // the loop is about to end the call
    CompleteRead();
  }
  if (write) CompleteWrite(finish_.done() ? EndedStatus() : why);
}

void ClientCall::FailUnstarted(const absl::Status& why) {
  LetContextGo();
  finished_ = true;
  status_ = why;
  finish_.Complete();
}

void ClientCall::Abandon() {
  parent_link_.Unlink();
  if (context_ != nullptr) {
    // From here on the user may destroy the context, or give it to another call.
    std::lock_guard lock(context_->mutex);
    if (context_->call == this) context_->call = nullptr;
  }
  if (!finish_.done()) {
    if (OnLoop()) {
      Cancel(absl::CancelledError("the call was dropped"));
    } else {
      CancelFromAnyThread(absl::CancelledError("the call was dropped"));
    }
  }
  Unref();
}

void ClientCall::CancelFromAnyThread(absl::Status why) {
  PutMail([this, &why] { mail_cancel_ = std::move(why); });
}

void ClientCall::SetPriorityFromAnyThread(Priority priority) {
  if (OnLoop() && begun_) {
    SetPriority(priority);
  } else {
    PutMail([this, priority] { mail_priority_ = priority; });
  }
}

void ClientCall::GiveUp() {
  // The callback will run on the call's loop; the parent's scope is this thread's, so its link may
  // not stay.
  if (!OnLoop()) parent_link_.Unlink();
}

OpSlot& ClientCall::slot(ClientWait::Step step) {
  switch (step) {
    case ClientWait::Step::kFinish:
      return finish_;
    case ClientWait::Step::kRead:
      return read_;
    case ClientWait::Step::kWrite:
      break;
  }
  return write_;
}

bool ClientCall::Begin(ClientWait::Step step) {
  switch (step) {
    case ClientWait::Step::kFinish:
      return BeginFinish();
    case ClientWait::Step::kRead:
      return BeginRead();
    case ClientWait::Step::kWrite:
      break;
  }
  return write_.done();
}

bool ClientCall::BeginFinish() {
  if (finish_.done()) return true;
  if (!streams_replies()) return false;
  // The messages that were not read would hold the stream up.
  if (OnLoop()) {
    Discard();
  } else {
    PutMail([this] { mail_discard_ = true; });
  }
  return false;
}

bool ClientCall::BeginRead() {
  read_.Rearm();
  read_remote_ = !OnLoop();
  if (read_remote_) {
    read_ok_ = false;
    PutMail([this] { mail_read_ = true; });
    return false;
  }
  if (finished_ || inbound_.has_message()) {
    read_.CompleteAtOnce();
    return true;
  }
  reading_ = true;
  ReturnTaken(true);
  return false;
}

bool ClientCall::TakeRead(MessageTarget message) {
  if (read_remote_) {
    if (!read_ok_) return false;
    const absl::Status parsed = TakeMessage(read_bytes_, read_bytes_.size(), message);
    read_bytes_.Clear();
    if (!parsed.ok()) {
      read_error_ = parsed;  // the status may have come already, and have been OK
      CancelFromAnyThread(parsed);
    }
    return parsed.ok();
  }
  if (!inbound_.has_message()) return false;
  const absl::Status parsed = TakeMessage(inbound_.bytes(), inbound_.message_size(), message);
  if (!parsed.ok()) {
    FailRead(parsed);
    return false;
  }
  const absl::Status popped = inbound_.PopMessage();
  ReturnTaken(false);
  if (!popped.ok()) FailRead(popped);
  return true;
}

void ClientCall::Write(const MessageInput& input) {
  write_.Rearm();
  if (finish_.done() || writes_done_said_.load(std::memory_order_relaxed)) [[unlikely]] {
    write_result_ = WhyNotWritten();
    write_.Complete();
    return;
  }
  InputMessage message(input);
  if (!OnLoop()) {
    WriteByMail(message);
    return;
  }
  write_result_ = finished_ ? EndedStatus() : Append(message);
  if (write_result_.ok() && above_mark()) {
    writing_ = true;
  } else {
    write_.CompleteAtOnce();
  }
}

void ClientCall::WriteByMail(OutgoingMessage& message) {
  BufList bytes;
  absl::Status encoded =
      AppendEnvelope(message, channel_->options().send_limit(), loop().chunks(), bytes);
  if (!encoded.ok()) {
    write_result_ = std::move(encoded);
    write_.Complete();
    return;
  }
  PutMail([this, &bytes] {
    mail_out_.AppendAll(std::move(bytes));
    mail_write_ = true;
  });
}

absl::Status ClientCall::WhyNotWritten() const {
  if (!writes_done_said_.load(std::memory_order_relaxed)) return EndedStatus();
  return absl::InternalError(absl::StrCat("a message was written to the call to ",
                                          std::string(info_->path),
                                          " after WritesDone; it was not sent"));
}

void ClientCall::WritesDone() {
  writes_done_said_.store(true, std::memory_order_relaxed);
  if (OnLoop()) {
    if (finished_ || writes_done_) return;
    writes_done_ = true;
    SendQueued();
    return;
  }
  PutMail([this] { mail_writes_done_ = true; });
}

absl::Status ClientCall::TakeWrite() { return std::move(write_result_); }

absl::Status ClientCall::TakeFinish(MessageTarget reply) {
  parent_link_.Unlink();
  if (!read_error_.ok() && status_.ok()) return read_error_;
  if (!status_.ok() || reply.nowhere()) return OnLoop() ? status_ : Unshared(status_);
  return TakeMessage(inbound_.bytes(), inbound_.message_size(), reply);
}

void ClientCall::Recycle() {
  parent_link_.Unlink();
  const std::shared_ptr<ChannelCore> channel = std::move(channel_);
  ClientShard& shard = *std::exchange(shard_, nullptr);
  info_ = nullptr;
  context_.reset();
  writing_ = false;
  begun_ = finished_ = wait_for_ready_ = writes_done_ = end_sent_ = head_seen_ = content_ok_ =
      false;
  reading_ = read_remote_ = discard_ = refused_once_ = false;
  replayable_ = true;
  writes_done_said_.store(false, std::memory_order_relaxed);
  http_status_ = 0;
  deadline_ = kNever;
  uncredited_ = 0;
  inbound_.Clear();
  unsent_.Clear();
  sent_.Clear();
  read_bytes_.Clear();
  status_ = request_error_ = write_result_ = read_error_ = absl::OkStatus();
  content_type_.clear();
  finish_.Rearm();
  read_.Rearm();
  write_.Rearm();
  mail_start_ = mail_read_ = mail_write_ = mail_writes_done_ = mail_discard_ = false;
  mail_cancel_ = absl::OkStatus();
  priority_ = mail_priority_ = std::nullopt;
  mail_out_.Clear();
  refs_.store(1, std::memory_order_relaxed);
  channel->ReleaseCall(*this, shard);
}

// --- What the typed handles call.

void CallHandle::Drop() { call_->Abandon(); }

ClientWait::~ClientWait() {
  if (registered_) slot().Unregister();
}

OpSlot& ClientWait::slot() const { return call_.slot(step_); }

bool ClientWait::Begin() { return call_.Begin(step_); }

bool ClientWait::Register() {
  Executor& here = *CurrentThreadContext()->executor;
  registered_ =
      call_.OnLoop() ? slot().RegisterLocal(waiter_) : slot().RegisterRemote(waiter_, here);
  return registered_;
}

void ClientWait::Block() {
  ThreadContext* context = CurrentThreadContext();
  Check(
      context == nullptr || context->executor == nullptr,
      "Wait() on a thread that runs an event loop would stop the loop; use co_await or Then there");
  slot().Block();
}

void ClientWait::CallBack(ClientCall& call, Step step, absl::AnyInvocable<void() &&> done) {
  call.GiveUp();
  call.Begin(step);
  call.slot(step).RegisterCallback(std::move(done));
}

absl::Status TakeFinish(ClientCall& call, MessageTarget reply) { return call.TakeFinish(reply); }
bool TakeRead(ClientCall& call, MessageTarget message) { return call.TakeRead(message); }
absl::Status TakeWrite(ClientCall& call) { return call.TakeWrite(); }
void SendMessage(ClientCall& call, const MessageInput& message) { call.Write(message); }
void SendWritesDone(ClientCall& call) { call.WritesDone(); }

void DieOfSecondUse() {
  Die("a call was awaited, waited for or given a callback twice; exactly one of co_await, Wait() "
      "and "
      "Then() takes its result");
}

}  // namespace weft::internal
