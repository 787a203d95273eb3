#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "http/stream.h"
#include "io/timer_wheel.h"
#include "protocol/protocol.h"
#include "rpc/message_assembler.h"
#include "server/call_environment.h"
#include "server/message_slot.h"
#include "weft/internal/cancel_scope.h"
#include "weft/internal/task_root.h"
#include "weft/service.h"

namespace weft::internal {

class BlockingCall;
class MemoryTenant;
class MethodPool;

// One call on the server, whatever its protocol: it assembles the request, runs the handler and
// answers. Pooled per method and loop with its messages, which keep their capacity.
//
// Lives until both its stream has closed and its handler has returned; then it goes back to its
// pool. Loop thread only, except for what BlockingCall and ServerContext say.
class ServerCall final : public HttpStreamEvents, public ListHook<> {
 public:
  ServerCall(MethodPool& pool, CallEnvironment& environment);
  ~ServerCall();

  // Takes on a request whose head has come. `end`: it has no body.
  void Begin(HttpStream& stream, HttpHead& head, const Protocol& protocol, const RequestInfo& info,
             MemoryTenant& tenant, bool end);
  // The server stops: nobody waits for the answer any more. The stream, if it is open, ends with
  // `status`.
  void Abandon(const absl::Status& status);

  void OnHead(HttpHead&, bool) override {}  // clients only
  void OnBody(Slice slice) override;
  void OnEnd(HeaderList& trailers) override;
  void OnDrained() override;
  void OnPriority(Priority priority) override { NotePriority(priority); }
  void OnClosed(const StreamClose& close) override;

  // --- For the streams' awaiters.
  // True when `result` is known at once.
  bool TryRead(MessageTarget message, bool& result);
  void RegisterReader(ServerRead& read);
  void ForgetReader() { reader_ = nullptr; }
  // Sends the message. True when the writer should wait; then `result` is not set.
  bool Write(const MessageInput& input, absl::Status& result);
  // Whether a write that found the stream full must still wait; `result` is set when the call has
  // ended meanwhile.
  bool MustWait(absl::Status& result);
  void RegisterWriter(ServerWrite& write);
  void ForgetWriter() { writer_ = nullptr; }

  // --- For the memory watch.
  // Whose call it is; null once the stream has closed.
  MemoryTenant* tenant() const { return tenant_; }
  // Of its request, not read or kept for its handler, with its head if that is large. What its
  // stream has not sent is the connection's to count.
  std::size_t held_bytes() const;
  // The part of it that waits for more of the request. The head of a stream whose handler runs, and
  // may wait for the client for hours, is in use.
  std::size_t stalled_bytes() const;
  // It can't go on without more of its request.
  bool waits_for_body() const;
  // Of the message that is coming in. A blocking stream's reader takes its own.
  std::size_t assembled_bytes() const { return inbound_.bytes().size(); }
  // So much that it may have to wait for others of its connection.
  bool has_much() const;
  // Which is to be complete first: the one that was never passed over, or longer ago, then the one
  // of whose message more has come.
  bool EndsBefore(const ServerCall& other) const {
    if (passed_over_ != other.passed_over_) return passed_over_ < other.passed_over_;
    return assembled_bytes() > other.assembled_bytes();
  }
  // Its sender does not go on, although it may. `count`: the connection's, of such events.
  void PassOver(std::uint32_t count) { passed_over_ = count; }
  // It gets no credit while another goes first.
  bool credit_withheld() const;
  // Returns what credit was kept back of it, if it may have that now.
  void ResumeCredit();

  // --- For the context.
  const HttpHead& head() const { return head_; }
  const MethodInfo& info() const { return info_; }
  const Protocol& protocol() const { return *protocol_; }
  std::string_view peer() const { return peer_; }
  CallEnvironment& environment() { return environment_; }
  TimePoint deadline() const { return deadline_; }
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }  // any thread
  // The head is sent, or a worker has begun to send: initial metadata comes too late.
  bool head_closed() const { return head_closed_.load(std::memory_order_acquire); }  // any thread
  void CloseHead() { head_closed_.store(true, std::memory_order_release); }          // any thread
  bool head_sent() const { return head_sent_.load(std::memory_order_acquire); }      // any thread
  HeaderList& initial_metadata() { return initial_metadata_; }
  HeaderList& trailing_metadata() { return trailing_metadata_; }
  void SendHead();
  Priority priority() const { return priority_.load(std::memory_order_relaxed); }  // any thread
  // For priority() alone. Any thread.
  void NotePriority(Priority priority) { priority_.store(priority, std::memory_order_relaxed); }
  void SetPriority(Priority priority);
  void OnCancel(absl::AnyInvocable<void()> callback);  // any thread

  BlockingCall* blocking() { return blocking_.get(); }

  // --- For BlockingCall, on the loop.
  HttpStream* stream() { return stream_; }
  HandlerArgs& args() { return args_; }
  const Method& method() const { return method_; }
  Service& service() const { return service_; }
  // Ends the call at once with a status of the framework's own; whatever the handler returns is
  // dropped.
  void Fail(const absl::Status& status);
  // What a Write on an ended call says. Any thread.
  absl::Status EndedStatus() const;
  // Any thread: when it has returned, no callback runs any more, nor will.
  void DropCancelCallbacks();
  bool has_callbacks() const {
    return cancel_callbacks_.load(std::memory_order_relaxed) != nullptr;
  }
  // The handler has returned.
  void HandlerDone(absl::Status status);
  // The call has its say on when its output is written: Cork and Uncork go around it.
  bool corks() const { return corks_; }
  FlushPolicy WhenToFlush();

 private:
  // Runs the handler's coroutine.
  class Handler final : public TaskRoot<absl::Status> {
   public:
    explicit Handler(ServerCall& call) : call_(call) {}
    void Begin();

   private:
    void OnDone() override;
    void OnStuck() override;
    ServerCall& call_;
  };
  // User code does not run inside a codec's event: the handler starts from the loop's queue, and so
  // do callbacks. What a call still holds of its request by then it holds for longer.
  class Starter final : public Runnable {
   public:
    explicit Starter(ServerCall& call) : call_(call) {}
    void Run() override { call_.RunStarter(); }
    ~Starter() = default;

   private:
    ServerCall& call_;
  };
  class CancelRunner final : public Runnable {
   public:
    explicit CancelRunner(ServerCall& call) : call_(call) {}
    void Run() override { call_.RunCancelCallbacks(); }
    ~CancelRunner() = default;

   private:
    ServerCall& call_;
  };
  class DeadlineTimer final : public TimerNode {
   public:
    explicit DeadlineTimer(ServerCall& call) : call_(call) {}
    void OnTimer() override { call_.OnDeadline(); }

   private:
    ServerCall& call_;
  };
  enum class HandlerState : std::uint8_t { kWaiting, kScheduled, kRunning, kDone };

  void TakeRequestBytes(Slice slice);
  absl::Status TakeRequest();
  void EndRequest();
  absl::Status ParseRequest();
  void ScheduleHandler();
  void RunStarter();
  bool IsRefused();
  void StartHandler();
  void OnDeadline();
  void Cancel();
  void RunCancelCallbacks();
  void Reply();
  void SendEnd(const absl::Status& status);
  void ReturnTaken();
  void DeliverToReader();
  void ReleaseIfOver();
  void Recycle();
  void EnsureMessages();
  void RecycleMessages();

  MethodPool& pool_;
  CallEnvironment& environment_;
  const Method& method_;
  const MethodInfo& info_;
  Service& service_;
  const FlushPolicy flush_policy_;
  const bool corks_;
  ServerContext context_;
  HandlerArgs args_;

  HttpStream* stream_ = nullptr;    // until OnClosed
  MemoryTenant* tenant_ = nullptr;  // as long
  const Protocol* protocol_ = nullptr;
  std::string peer_;  // its own: the connection may go before the handler
  HttpHead head_;
  ChunkPool::Charge head_charge_;
  HeaderList initial_metadata_;
  HeaderList trailing_metadata_;

  MessageAssembler inbound_;
  std::size_t uncredited_ = 0;     // bytes of the body for which no credit was returned
  std::uint32_t passed_over_ = 0;  // when its message last was, as its connection counts
  MessageSlot request_;
  MessageSlot reply_;
  // On the wire; for deciding whether to keep the message.
  std::size_t request_size_ = 0;
  std::size_t reply_size_ = 0;

  HandlerState handler_state_ = HandlerState::kWaiting;
  bool request_taken_ = false;  // a unary request was parsed
  bool end_sent_ = false;       // SendEnd or Reset was said
  std::atomic<bool> head_closed_{false};
  std::atomic<bool> head_sent_{false};
  std::atomic<bool> cancelled_{false};
  std::atomic<Priority> priority_{Priority()};
  TimePoint deadline_ = kNever;

  ServerRead* reader_ = nullptr;
  ServerWrite* writer_ = nullptr;
  CancelScope scope_;
  Handler handler_;
  Starter starter_;
  CancelRunner cancel_runner_;
  DeadlineTimer deadline_timer_;
  std::unique_ptr<BlockingCall> blocking_;  // for methods with blocking handlers
  // Made by the first OnCancel of the call, which most have none of.
  struct CancelCallbacks {
    std::mutex mutex;
    std::condition_variable ran;
    bool run = false;
    std::vector<absl::AnyInvocable<void()>> waiting;
  };
  std::atomic<CancelCallbacks*> cancel_callbacks_{nullptr};
};

}  // namespace weft::internal
