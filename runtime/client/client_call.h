#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "base/intrusive_list.h"
#include "buffer/buf_list.h"
#include "client/context_state.h"
#include "client/op_slot.h"
#include "http/stream.h"
#include "io/timer_wheel.h"
#include "rpc/message_assembler.h"
#include "weft/internal/cancel_scope.h"
#include "weft/internal/client_op.h"
#include "weft/method.h"

namespace weft {
class ClientContext;
}

namespace weft::internal {

class ChannelCore;
class ClientConnection;
class ClientShard;
class LoopCore;
class OutgoingMessage;

// One call of a client. Counted: the user's handle holds a reference, the loop another from the
// start until the stream has closed. Pooled by its channel.
//
// It lives on the loop of its shard; the user may be on that loop, on another one or on a plain
// thread. What a user on the loop does takes effect at once; others leave it in the mailbox, which
// the loop empties in order. Results stay as bytes until the user takes them, so messages are
// parsed on the user's thread and never after the user has gone.
class ClientCall final : public HttpStreamEvents, public ListHook<> {
 public:
  ClientCall();
  ~ClientCall();
  ClientCall(const ClientCall&) = delete;

  void Ref() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void Unref() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) Recycle();
  }

  // --- The user's thread.
  // Sets a fresh call up; it has one reference, the caller's.
  void Prepare(std::shared_ptr<ChannelCore> channel, ClientShard& shard, const MethodInfo& method,
               ClientContext* context);
  // Serializes the only message of a unary call or a server stream. An error makes the call fail
  // with it.
  void SetRequest(const MessageInput& request);
  void Start();
  // The end of a call that no loop will ever see, in place of Start.
  void FailUnstarted(const absl::Status& why);
  // The handle was dropped.
  void Abandon();
  void CancelFromAnyThread(absl::Status why);
  void SetPriorityFromAnyThread(Priority priority);
  OpSlot& slot(ClientWait::Step step);
  // As ClientWait::Begin.
  bool Begin(ClientWait::Step step);
  bool OnLoop() const;
  LoopCore& loop() const;
  // Any thread: runs it on the call's loop, never inside this. False when the loop has ended.
  bool RunOnLoop(Runnable& runnable) const;
  void Write(const MessageInput& input);
  void WritesDone();
  absl::Status TakeFinish(MessageTarget reply);
  bool TakeRead(MessageTarget message);
  absl::Status TakeWrite();
  // The handle goes away, the call goes on.
  void GiveUp();

  // --- The loop's thread; for the shard.
  bool wait_for_ready() const { return wait_for_ready_; }
  std::string_view path() const { return info_->path; }
  // Sends the call over a connection that has room for it.
  void Open(ClientConnection& connection);
  // Ends it from this side: what is on the wire is reset.
  void Cancel(const absl::Status& why);

  void OnHead(HttpHead& head, bool end) override;
  void OnBody(Slice slice) override;
  void OnEnd(HeaderList& trailers) override;
  void OnDrained() override;
  void OnClosed(const StreamClose& close) override;

 private:
  class Mail final : public Runnable {
   public:
    explicit Mail(ClientCall& call) : call_(call) {}
    ~Mail() = default;
    void Run() override { call_.TakeMail(); }

   private:
    ClientCall& call_;
  };
  class DeadlineTimer final : public TimerNode {
   public:
    explicit DeadlineTimer(ClientCall& call) : call_(call) {}
    void OnTimer() override { call_.OnDeadline(); }

   private:
    ClientCall& call_;
  };
  // Hangs the call in the scope of the handler that made it.
  class ParentLink final : public CancelNode {
   public:
    explicit ParentLink(ClientCall& call) : call_(call) {}
    ~ParentLink() = default;
    void OnCancelled() override;

   private:
    ClientCall& call_;
  };

  void Recycle();
  // On the loop.
  void BeginOnLoop();
  void TakeMail();
  void OnDeadline();
  void SetPriority(Priority priority);
  absl::Status DeadlineStatus() const;
  void FillHead(HttpStream& stream, const ClientConnection& connection);
  absl::Status Append(OutgoingMessage& message);
  void KeepForReplay(const BufList& list, std::size_t n);
  void SendQueued(bool opening = false);
  bool above_mark() const;
  void AfterWrite();
  void CompleteWrite(absl::Status result);
  // Calls `use` with the context if the user still holds both it and the call.
  template <typename Use>
  void WithContext(Use use);
  void LetContextGo();
  void EndWith(HeaderList& fields);
  absl::Status StatusOf(const StreamClose& close) const;
  absl::Status EndedStatus() const;
  bool HasSurplus() const;
  absl::Status WrongNumberOfReplies() const;
  void Finish(absl::Status status);
  void ReleaseLoop();
  void ReturnTaken(bool wanted);
  void CompleteRead();
  void FailRead(const absl::Status& why);
  void Discard();
  bool TryReplay(const StreamClose& close);
  // On the user's thread.
  bool BeginFinish();
  bool BeginRead();
  void WriteByMail(OutgoingMessage& message);
  absl::Status WhyNotWritten() const;
  template <typename Fill>
  void PutMail(Fill fill);
  void LoopIsGone();
  bool streams_replies() const { return info_->streams_replies(); }

  std::atomic<std::uint32_t> refs_{1};
  std::shared_ptr<ChannelCore> channel_;
  ClientShard* shard_ = nullptr;
  const MethodInfo* info_ = nullptr;
  // Of a raw call, whose method the caller has made up.
  std::optional<MethodInfo> raw_info_;
  std::string raw_path_;
  std::shared_ptr<ClientContextState> context_;  // null: none was given

  // The loop's.
  HttpStream* stream_ = nullptr;  // from Open until OnClosed
  bool begun_ = false;
  bool finished_ = false;
  bool loop_ref_ = false;
  bool wait_for_ready_ = false;
  bool writes_done_ = false;
  bool end_sent_ = false;
  bool head_seen_ = false;
  bool content_ok_ = false;
  bool writing_ = false;      // a Write waits
  bool reading_ = false;      // a Read waits
  bool read_remote_ = false;  // it was asked for from off the loop
  bool discard_ = false;      // what comes is not wanted any more
  bool refused_once_ = false;
  bool replayable_ = true;
  int http_status_ = 0;
  std::optional<Priority> priority_;  // that the user or the method's option has said
  std::string content_type_;          // of an answer that isn't gRPC
  FlushPolicy flush_policy_;
  TimePoint deadline_ = kNever;
  std::size_t uncredited_ = 0;
  MessageAssembler inbound_;
  BufList unsent_;  // not given to a stream yet
  BufList sent_;    // a second reference to what was, until the call is committed
  DeadlineTimer deadline_timer_;
  ParentLink parent_link_;

  // Set before `finish_` is completed, then the user's.
  absl::Status status_;
  absl::Status request_error_;  // of SetRequest, AddMetadata
  absl::Status write_result_;
  // Of a message that could not be read though the status has come. The loop's while a Read waits,
  // else the user's.
  absl::Status read_error_;
  std::atomic<bool> writes_done_said_{false};  // by the user
  // A Read from off the loop.
  BufList read_bytes_;
  bool read_ok_ = false;

  OpSlot finish_;
  OpSlot read_;
  OpSlot write_;

  // From users that are not on the loop.
  std::mutex mutex_;
  bool mail_posted_ = false;
  bool mail_start_ = false;
  bool mail_read_ = false;
  bool mail_write_ = false;
  bool mail_writes_done_ = false;
  bool mail_discard_ = false;
  absl::Status mail_cancel_;
  std::optional<Priority> mail_priority_;
  BufList mail_out_;
  Mail mail_;
};

}  // namespace weft::internal
