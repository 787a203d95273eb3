#include "server/server_call.h"

#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/message_lite.h"

#include "base/check.h"
#include "buffer/limits.h"
#include "rpc/flush.h"
#include "rpc/status_map.h"
#include "server/blocking_call.h"
#include "server/handler_exception.h"
#include "server/memory_watch.h"
#include "server/method_pool.h"

namespace weft::internal {
namespace {

using google::protobuf::MessageLite;

// From a deadline until the stream is reset (checklist 37), unless the client, whose deadline was
// the same, does it before: gRPC's clients take a reset in that very millisecond for a
// cancellation.
constexpr Duration kResetDelay = std::chrono::milliseconds(10);

// A reply of the framework's, which its slices may keep after the call.
class OwnReply final : public OutgoingMessage {
 public:
  explicit OwnReply(MessageSlot& reply)
      : OutgoingMessage(reply.target().bytes(), reply.target().message()), reply_(reply) {}
  bool can_take() const override { return true; }
  Taken Take(std::size_t size, ChunkPool& pool) override {
    const MessageLite& message = *reply_.target().message();
    return {message, reply_.Take(size, pool)};
  }

 private:
  MessageSlot& reply_;
};

}  // namespace

const HeaderList& NoMetadata() {
  static const HeaderList none;  // lint: allow global: constant
  return none;
}

ServerCall::ServerCall(MethodPool& pool, CallEnvironment& environment)
    : pool_(pool),
      environment_(environment),
      method_(pool.method()),
      info_(*method_.info),
      service_(pool.service()),
      flush_policy_(info_.flush.value_or(environment.options.flush_policy())),
      corks_(flush_policy_ != FlushPolicy::EachPass()),
      context_(*this),
      request_(pool.requests()),
      reply_(pool.replies()),
      handler_(*this),
      starter_(*this),
      cancel_runner_(*this),
      deadline_timer_(*this) {
  ++environment_.existing_calls;
  args_.context_ = &context_;
  args_.call_ = this;
  args_.method_ = &method_;
  if (method_.blocking != nullptr) {
    blocking_ = std::make_unique<BlockingCall>(*this);
    args_.blocking_call_ = blocking_.get();
  }
}

ServerCall::~ServerCall() {
  --environment_.existing_calls;
  delete cancel_callbacks_.load(std::memory_order_relaxed);
}

void ServerCall::EnsureMessages() {
  // Those of streams are the handler's.
  if (!info_.streams_requests()) args_.request_ = request_.Fill();
  if (!info_.streams_replies()) args_.reply_ = reply_.Fill();
}

void ServerCall::Begin(HttpStream& stream, HttpHead& head, const Protocol& protocol,
                       const RequestInfo& info, MemoryTenant& tenant, bool end) {
  environment_.calls.PushBack(*this);
  EnsureMessages();
  stream_ = &stream;
  protocol_ = &protocol;
  tenant_ = &tenant;
  peer_.assign(tenant.peer());
  head_.Swap(head);
  if (const std::size_t size = head_.fields.wire_size(); size > kUncountedHead) {
    head_charge_ = environment_.chunks.ChargeFor(size);
  }
  inbound_.Reset(info.framing, environment_.options.receive_limit(), kReceiveLimitOption);
  if (info.timeout != Duration::max()) {
    const TimePoint now = environment_.loop.Now();
    deadline_ = info.timeout < kNever - now ? now + info.timeout : kNever;
    scope_.LowerDeadline(deadline_);
    environment_.loop.timers().Arm(deadline_timer_, deadline_);
  }
  NotePriority(stream.SetDefaultPriority(info_.priority.value_or(Priority())));
  if (info_.streams_requests()) ScheduleHandler();
  if (end) EndRequest();
}

void ServerCall::OnBody(Slice slice) {
  if (end_sent_ || cancelled()) return;
  uncredited_ += slice.size();
  if (!info_.streams_requests()) {
    TakeRequestBytes(std::move(slice));
    ReturnTaken();
    return;
  }
  if (blocking_ != nullptr) {
    blocking_->PushBody(std::move(slice));
    return;
  }
  if (absl::Status pushed = inbound_.Push(environment_.chunks, std::move(slice)); !pushed.ok()) {
    Fail(pushed);
    return;
  }
  if (reader_ != nullptr) DeliverToReader();
}

void ServerCall::OnEnd(HeaderList&) { EndRequest(); }

// A blocking handler's call is refused before its request is parsed when there is no room for it
// (design §10): under overload parsing would be in vain. It gets its place only when the request is
// complete, or clients that do not end theirs could hold them all.
absl::Status ServerCall::TakeRequest() {
  request_taken_ = true;
  return blocking_ == nullptr ? absl::OkStatus() : blocking_->CheckRoom();
}

// The body of a method that takes one message.
void ServerCall::TakeRequestBytes(Slice slice) {
  absl::Status status;
  const std::string_view whole =
      request_taken_ || request_.raw() ? std::string_view() : inbound_.TakeWhole(slice);
  if (whole.data() != nullptr) {
    request_size_ = whole.size();
    status = TakeRequest();
    if (status.ok()) status = protocol_->ParseMessage(whole, *request_.target().message());
  } else {
    status = inbound_.Push(environment_.chunks, std::move(slice));
    if (status.ok() && inbound_.has_message()) status = ParseRequest();
  }
  if (!status.ok()) {
    Fail(status);
  } else if (request_size_ > kUncountedMessageSize && !starter_.queued()) {
    environment_.loop.Schedule(starter_);  // should the request's end not come at once
  }
}

absl::Status ServerCall::ParseRequest() {
  if (request_taken_) {
    return absl::Status(kCardinalityViolation,
                        absl::StrCat("the client sent more than one message to ",
                                     std::string(info_.path), ", which takes exactly one"));
  }
  request_size_ = inbound_.message_size();
  if (absl::Status taken = TakeRequest(); !taken.ok()) return taken;
  absl::Status status = protocol_->ParseMessage(inbound_.bytes(), request_size_, request_.target());
  if (status.ok()) status = inbound_.PopMessage();
  return status.ok() && inbound_.has_message() ? ParseRequest() : status;
}

void ServerCall::EndRequest() {
  if (end_sent_ || cancelled()) return;
  if (info_.streams_requests()) {
    if (blocking_ != nullptr) {
      blocking_->EndBody();
      return;
    }
    if (absl::Status ended = inbound_.End(); !ended.ok()) {
      Fail(ended);
    } else if (reader_ != nullptr) {
      std::exchange(reader_, nullptr)->Complete(false);
    }
    return;
  }
  absl::Status status = inbound_.End();
  if (status.ok() && !request_taken_ && inbound_.has_message()) status = ParseRequest();
  if (status.ok() && !request_taken_) {
    status = absl::Status(kCardinalityViolation,
                          absl::StrCat("the client sent no message to ", std::string(info_.path),
                                       ", which takes exactly one"));
  }
  if (!status.ok()) {
    Fail(status);
    return;
  }
  ScheduleHandler();
}

void ServerCall::ScheduleHandler() {
  handler_state_ = HandlerState::kScheduled;
  if (!starter_.queued()) environment_.loop.Schedule(starter_);
}

void ServerCall::RunStarter() {
  const bool starts = handler_state_ == HandlerState::kScheduled;
  if (!starts || blocking_ != nullptr) {
    request_.Hold(request_size_, environment_.chunks);
  } else if (request_size_ > kUncountedMessageSize) {
    // Most handlers are done at once, and this does not run. Whether the call still exists when
    // StartHandler returns could not be told.
    environment_.loop.Schedule(starter_);
  }
  if (starts) StartHandler();
}

// Its head was accepted before what ran meanwhile, perhaps hundreds of calls of the same read, has
// replied.
bool ServerCall::IsRefused() {
  MemoryWatch* const memory = environment_.memory;
  return memory != nullptr && tenant_ != nullptr && request_size_ <= kRefusableRequest &&
         memory->RefusesToBegin(*tenant_, head_.path);
}

void ServerCall::StartHandler() {
  if (IsRefused()) {
    handler_state_ = HandlerState::kDone;
    Abandon(MemoryWatch::Refusal(*tenant_, *protocol_, *stream_));
    return;
  }
  if (method_.blocking != nullptr) {
    handler_state_ = HandlerState::kRunning;
    blocking_->Start();
    return;
  }
  handler_state_ = HandlerState::kRunning;
  handler_.Begin();
}

void ServerCall::Handler::Begin() {
  Task<absl::Status> task;
  // The trampoline of a user's own making may throw before it has made its coroutine.
  try {
    task = call_.method_.handler(call_.service_, call_.args_);
  } catch (...) {
    call_.HandlerDone(HandlerException(call_.info_, call_.environment_.options));
    return;
  }
  Start(std::move(task), &call_.scope_, call_.info_.path);
}

void ServerCall::Handler::OnDone() {
  absl::Status status;
  try {
    status = Take();
  } catch (...) {
    status = HandlerException(call_.info_, call_.environment_.options);
  }
  call_.HandlerDone(std::move(status));
}

void ServerCall::Handler::OnStuck() {
  Drop();
  call_.HandlerDone(absl::InternalError(
      absl::StrCat("the handler of ", std::string(call_.info_.path),
                   " neither finished nor suspended; the server's log tells more")));
}

void ServerCall::HandlerDone(absl::Status status) {
  handler_state_ = HandlerState::kDone;
  // What the callbacks refer to is the handler's, and gone.
  if (has_callbacks()) DropCancelCallbacks();
  cancel_runner_.CancelRun();
  const bool corked = corks() && stream_ != nullptr;
  if (corked) stream_->Cork();
  if (!end_sent_ && stream_ != nullptr) {
    if (status.ok() && !info_.streams_replies()) {
      Reply();
    } else {
      // What was put into a reply that is not sent may be large all the same.
      if (!info_.streams_replies()) reply_size_ = reply_.size();
      SendEnd(status);
    }
  } else if (!info_.streams_replies()) {
    reply_size_ = reply_.size();
  }
  const std::size_t sent = reply_size_;
  RecycleMessages();
  if (corked && stream_ != nullptr) {
    stream_->Uncork(WhenToFlush(), sent);  // may recycle this
  } else {
    ReleaseIfOver();
  }
}

FlushPolicy ServerCall::WhenToFlush() {
  return FlushBefore(deadline_, environment_.loop.Now(), flush_policy_);
}

void ServerCall::Reply() {
  OwnReply reply(reply_);
  const std::size_t before = stream_->outbound().size();
  const absl::Status encoded =
      protocol_->EncodeMessage(reply, info_.kind, environment_.options.send_limit(),
                               environment_.chunks, stream_->outbound());
  if (encoded.ok()) {
    reply_size_ = stream_->outbound().size() - before;
    SendHead();
    stream_->BodyAppended();
  }
  SendEnd(encoded);
}

void ServerCall::SendHead() {
  if (head_sent() || end_sent_ || stream_ == nullptr) return;
  CloseHead();
  head_sent_.store(true, std::memory_order_release);
  const HeaderList& trailing =
      handler_state_ == HandlerState::kDone ? trailing_metadata_ : NoMetadata();
  const int http_status =
      protocol_->EncodeHead(info_.kind, initial_metadata_, trailing, stream_->head_to_send());
  stream_->SendHead(http_status, /*end=*/false);
}

void ServerCall::SetPriority(Priority priority) {
  NotePriority(priority);
  if (stream_ != nullptr) stream_->SetPriority(priority);
}

void ServerCall::SendEnd(const absl::Status& status) {
  if (end_sent_ || stream_ == nullptr) return;
  end_sent_ = true;
  // While the handler runs, its metadata is its own: it may be adding to it on a worker thread.
  const bool running = handler_state_ == HandlerState::kRunning;
  protocol_->SendEnd({status, running ? NoMetadata() : initial_metadata_,
                      running ? NoMetadata() : trailing_metadata_, info_.kind, head_sent()},
                     environment_.chunks, *stream_);
}

void ServerCall::Fail(const absl::Status& status) {
  SendEnd(status);
  Cancel();
}

void ServerCall::Abandon(const absl::Status& status) {
  SendEnd(status);
  Cancel();
  ReleaseIfOver();
}

void ServerCall::OnDeadline() {
  if (stream_ != nullptr && end_sent_) {
    // The answer still waits for a peer that takes nothing: it is of no use any more.
    stream_->Reset(StreamError::kCancel);
  } else if (stream_ != nullptr) {
    if (protocol_->resets_at_deadline()) {
      end_sent_ = true;
      environment_.loop.timers().Arm(deadline_timer_, environment_.loop.Now() + kResetDelay);
    } else {
      SendEnd(absl::DeadlineExceededError(
          absl::StrCat("the deadline of the call to ", std::string(info_.path), " has passed")));
    }
  }
  Cancel();
}

absl::Status ServerCall::EndedStatus() const {
  return absl::CancelledError(
      absl::StrCat("the call to ", std::string(info_.path),
                   " has ended: the client is gone, its deadline has passed or it was refused"));
}

// Ends every pending await of the handler; the handler itself runs to its end.
void ServerCall::Cancel() {
  if (cancelled()) return;
  // In one order with what OnCancel does on a worker: one of the two sees the other.
  cancelled_.store(true);
  inbound_.Clear();
  // Before the handler goes on: what the callbacks refer to may be gone when it returns.
  if (CancelCallbacks* callbacks = cancel_callbacks_.load()) {
    std::lock_guard lock(callbacks->mutex);
    if (!callbacks->waiting.empty() && !cancel_runner_.queued()) {
      environment_.loop.Schedule(cancel_runner_);
    }
  }
  if (reader_ != nullptr) std::exchange(reader_, nullptr)->Complete(false);
  if (writer_ != nullptr) {
    std::exchange(writer_, nullptr)->Complete(EndedStatus());
  }
  if (blocking_ != nullptr) blocking_->Cancel();
  if (handler_state_ == HandlerState::kScheduled && starter_.queued()) {
    // It has not begun: it need not.
    handler_state_ = HandlerState::kDone;
  }
  if (handler_state_ != HandlerState::kRunning) RecycleMessages();
  scope_.Cancel();
}

void ServerCall::OnCancel(absl::AnyInvocable<void()> callback) {
  CancelCallbacks* callbacks = cancel_callbacks_.load();
  if (callbacks == nullptr) {
    auto fresh = std::make_unique<CancelCallbacks>();
    // Another thread may have been faster.
    if (cancel_callbacks_.compare_exchange_strong(callbacks, fresh.get())) {
      callbacks = fresh.release();
    }
  }
  // Cancel() sets the flag before it takes the lock, so a callback is seen either there or here.
  std::unique_lock lock(callbacks->mutex);
  if (!cancelled_.load()) {
    callbacks->waiting.push_back(std::move(callback));
    return;
  }
  lock.unlock();
  callback();
}

void ServerCall::RunCancelCallbacks() {
  CancelCallbacks& all = *cancel_callbacks_.load();
  std::vector<absl::AnyInvocable<void()>> callbacks;
  {
    std::lock_guard lock(all.mutex);
    callbacks.swap(all.waiting);
    all.run = true;
  }
  for (absl::AnyInvocable<void()>& callback : callbacks) callback();
  callbacks.clear();  // they too may refer to what is the handler's
  std::lock_guard lock(all.mutex);
  all.run = false;
  all.ran.notify_all();
}

void ServerCall::DropCancelCallbacks() {
  CancelCallbacks& all = *cancel_callbacks_.load();
  std::vector<absl::AnyInvocable<void()>> dropped;
  std::unique_lock lock(all.mutex);
  dropped.swap(all.waiting);
  // A coroutine handler ends on the loop itself, where none can be running at the same time.
  if (blocking_ != nullptr && !environment_.loop.OnThread()) {
    all.ran.wait(lock, [&all] { return !all.run; });
  }
}

void ServerCall::OnDrained() {
  if (writer_ != nullptr) {
    std::exchange(writer_, nullptr)->Complete(absl::OkStatus());
  }
  if (blocking_ != nullptr) blocking_->Drained();
}

std::size_t ServerCall::held_bytes() const {
  // A raw request is the chunks that it came in.
  std::size_t bytes = head_charge_.bytes() + inbound_.bytes().size() +
                      (request_.raw() ? request_size_ : request_.charged());
  if (blocking_ != nullptr) bytes += blocking_->held_bytes();
  return bytes;
}

std::size_t ServerCall::stalled_bytes() const {
  if (!waits_for_body()) return 0;
  return held_bytes() - (handler_state_ == HandlerState::kRunning ? head_charge_.bytes() : 0);
}

bool ServerCall::waits_for_body() const {
  if (stream_ == nullptr || end_sent_ || cancelled() || inbound_.ended()) return false;
  if (!info_.streams_requests()) return handler_state_ == HandlerState::kWaiting;
  return blocking_ != nullptr ? blocking_->waits_for_body() : reader_ != nullptr;
}

bool ServerCall::has_much() const { return assembled_bytes() >= kLeastShare; }

bool ServerCall::credit_withheld() const {
  return tenant_->held_back && tenant_->first_to_end != this && has_much();
}

void ServerCall::OnClosed(const StreamClose& close) {
  stream_ = nullptr;
  tenant_ = nullptr;
  if (close.cause != StreamClose::Cause::kComplete || !end_sent_) Cancel();
  ReleaseIfOver();
}

bool ServerCall::TryRead(MessageTarget message, bool& result) {
  result = false;
  if (cancelled() || end_sent_) return true;
  if (!inbound_.has_message()) return inbound_.ended();
  const absl::Status parsed =
      protocol_->ParseMessage(inbound_.bytes(), inbound_.message_size(), message);
  if (!parsed.ok()) {
    Fail(parsed);
    return true;
  }
  result = true;
  passed_over_ = 0;
  const absl::Status popped = inbound_.PopMessage();
  ReturnTaken();
  if (!popped.ok()) Fail(popped);
  return true;
}

void ServerCall::RegisterReader(ServerRead& read) {
  Check(reader_ == nullptr, "a stream is read by two at once; await one Read before the next");
  reader_ = &read;
  ReturnTaken();
}

void ServerCall::DeliverToReader() {
  bool result = false;
  ServerRead& read = *reader_;
  if (TryRead(read.message_, result)) {
    // A message that failed has cancelled the call, which has answered the reader already.
    if (reader_ != nullptr) std::exchange(reader_, nullptr)->Complete(result);
    return;
  }
  ReturnTaken();
}

// Credit goes back for what the application has taken; what a reader waits for counts as taken when
// it comes, or a message larger than the window could never be completed.
void ServerCall::ReturnTaken() {
  if (stream_ == nullptr) return;
  if (tenant_->held_back && has_much()) {
    if (tenant_->first_to_end == nullptr && waits_for_body()) tenant_->first_to_end = this;
    if (credit_withheld()) return;
  }
  const bool wanted = reader_ != nullptr || !info_.streams_requests();
  const std::size_t held = wanted ? 0 : inbound_.bytes().size();
  if (uncredited_ < held + (wanted ? 1 : kCreditStep)) return;
  stream_->ReturnCredit(uncredited_ - held);
  uncredited_ = held;
}

void ServerCall::ResumeCredit() {
  // A blocking stream's worker says what it has taken.
  if (blocking_ != nullptr && info_.streams_requests()) return;
  if (waits_for_body()) ReturnTaken();
}

bool ServerCall::Write(const MessageInput& input, absl::Status& result) {
  if (cancelled() || end_sent_ || stream_ == nullptr) {
    result = EndedStatus();
    return false;
  }
  HttpStream& stream = *stream_;
  // Bytes that wait already have been told of.
  const std::size_t before = stream.outbound().size();
  InputMessage message(input);
  result = protocol_->EncodeMessage(message, info_.kind, environment_.options.send_limit(),
                                    environment_.chunks, stream.outbound());
  if (!result.ok()) return false;
  const bool corked = corks();
  if (corked) stream.Cork();
  if (!head_sent()) SendHead();
  const bool full = stream.above_high_mark();
  if (before == 0 || full) stream.BodyAppended();
  if (corked) stream.Uncork(WhenToFlush(), stream.outbound().size() - before);
  return full;
}

bool ServerCall::MustWait(absl::Status& result) {
  if (cancelled() || end_sent_ || stream_ == nullptr) {
    result = EndedStatus();
    return false;
  }
  return stream_->above_high_mark();
}

void ServerCall::RegisterWriter(ServerWrite& write) {
  Check(writer_ == nullptr, "a stream is written by two at once; await one Write before the next");
  writer_ = &write;
}

void ServerCall::ReleaseIfOver() {
  const bool handler_over =
      handler_state_ == HandlerState::kDone || handler_state_ == HandlerState::kWaiting;
  if (stream_ == nullptr && handler_over && linked()) Recycle();
}

// Once the handler is done with them, or it is clear that it never begins: the stream may stay open
// for long after that.
void ServerCall::RecycleMessages() {
  starter_.CancelRun();
  request_.Recycle(request_size_);
  request_size_ = 0;
  reply_.Recycle(reply_size_);
  reply_size_ = 0;
  if (head_charge_.bytes() > 0) {
    head_.Clear();
    head_charge_ = ChunkPool::Charge();
  }
}

void ServerCall::Recycle() {
  Unlink();
  environment_.loop.timers().Disarm(deadline_timer_);
  deadline_ = kNever;
  scope_.Reset();
  cancel_runner_.CancelRun();
  if (has_callbacks()) DropCancelCallbacks();
  head_.Clear();
  initial_metadata_.Clear();
  trailing_metadata_.Clear();
  inbound_.Clear();
  uncredited_ = 0;
  passed_over_ = 0;
  handler_state_ = HandlerState::kWaiting;
  request_taken_ = false;
  end_sent_ = false;
  head_sent_.store(false, std::memory_order_relaxed);
  head_closed_.store(false, std::memory_order_relaxed);
  cancelled_.store(false, std::memory_order_relaxed);
  if (blocking_ != nullptr) blocking_->Reset();
  CallEnvironment& environment = environment_;
  pool_.Release(*this);
  if (environment.calls.empty() && environment.idle != nullptr) environment.idle->OnNoCalls();
}

// --- The streams' awaiters.

bool ServerRead::await_ready() { return call_.TryRead(message_, result_); }

void ServerRead::Register() {
  registered_ = true;
  call_.RegisterReader(*this);
}

void ServerRead::Unregister() { call_.ForgetReader(); }

ServerWrite::ServerWrite(ServerCall& call, const MessageInput& message)
    : call_(call), wait_(call.Write(message, result_)) {}

// Between the write and this the stream may have drained, or ended.
bool ServerWrite::Drained() { return !call_.MustWait(result_); }

void ServerWrite::Register() {
  registered_ = true;
  call_.RegisterWriter(*this);
}

void ServerWrite::Unregister() { call_.ForgetWriter(); }

}  // namespace weft::internal
