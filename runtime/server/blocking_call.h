#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>

#include "absl/status/status.h"

#include "buffer/buf_list.h"
#include "coro/executor.h"
#include "rpc/message_assembler.h"
#include "weft/internal/cancel_scope.h"
#include "weft/internal/message_input.h"
#include "weft/internal/message_target.h"
#include "weft/priority.h"

namespace weft::internal {

class ServerCall;

// The part of a call whose handler blocks: takes it to a worker thread and back, and carries the
// bytes of its streams across. The worker parses and serializes itself; only lists of bytes cross,
// under one mutex, and one Post wakes the loop when its side was empty. Part of its ServerCall, and
// reused with it.
class BlockingCall {
 public:
  explicit BlockingCall(ServerCall& call);
  BlockingCall(const BlockingCall&) = delete;

  // --- On the loop.
  // RESOURCE_EXHAUSTED when no worker is free and none will take the call into its queue.
  absl::Status CheckRoom() const;
  // Hands the handler to the workers; without room for it the call fails.
  void Start();
  void PushBody(Slice slice);
  void EndBody();
  void Cancel();
  // The stream's list has fallen to its low mark.
  void Drained();
  // For the next call.
  void Reset();
  // Of the request, not read, and of the replies, not with the stream yet.
  std::size_t held_bytes();
  // The worker waits for more of the request.
  bool waits_for_body();

  // --- On the worker; one thread may read while another writes.
  bool Read(MessageTarget message);
  absl::Status Write(const MessageInput& input);
  // Sends the initial metadata without waiting for a message.
  void SendHead();
  void SetPriority(Priority priority);

 private:
  class Job final : public Runnable {
   public:
    explicit Job(BlockingCall& call) : call_(call) {}
    ~Job() = default;
    void Run() override { call_.RunHandler(); }

   private:
    BlockingCall& call_;
  };
  class Mail final : public Runnable {
   public:
    explicit Mail(BlockingCall& call) : call_(call) {}
    ~Mail() = default;
    void Run() override { call_.TakeMail(); }

   private:
    BlockingCall& call_;
  };

  void RunHandler();
  absl::Status CallHandler();
  absl::Status Refusal() const;
  void CreditAbove(std::size_t held);
  void TakeMail();
  // Wakes the loop unless it is woken already. The mutex is held.
  void PostMail();

  ServerCall& call_;
  Job job_;
  Mail mail_;

  // The calls that the handler makes end with it.
  CancelScope scope_{CancelScope::SpansTwoThreads()};

  // The reader's.
  MessageAssembler assembler_;
  BufList taken_;
  std::size_t uncredited_ = 0;  // bytes received for which no credit was given

  std::mutex mutex_;
  std::condition_variable changed_;
  // From the loop to the worker.
  BufList inbound_;
  bool inbound_ended_ = false;
  // What the reader has taken of it and not read.
  std::size_t reader_holds_ = 0;
  bool reader_waits_ = false;
  bool cancelled_ = false;
  // From the worker to the loop.
  BufList outbound_;
  bool send_head_ = false;
  std::optional<Priority> priority_;
  std::size_t credit_ = 0;
  absl::Status failure_;
  absl::Status result_;
  bool done_ = false;
  bool mail_posted_ = false;
  bool above_mark_ = false;
};

}  // namespace weft::internal
