#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "base/intrusive_list.h"
#include "base/object_pool.h"
#include "buffer/block_pool.h"
#include "client/backoff.h"
#include "client/client_call.h"
#include "client/client_connection.h"
#include "http2/stream_pool.h"
#include "io/connector.h"
#include "io/dns.h"
#include "io/loop_core.h"
#include "io/loop_mailbox.h"
#include "io/timer_wheel.h"
#include "weft/internal/thread_context.h"

namespace weft {
class EventLoop;
}

namespace weft::internal {

class ChannelCore;

// The part of a channel that lives on one loop: its connection, the calls that wait for one, and
// the pools. Connects when a call needs it; after a failure it tries again with growing pauses
// until it is connected, and meanwhile fails the calls that don't want to wait (gRPC's connectivity
// states: IDLE, CONNECTING, READY, TRANSIENT_FAILURE).
//
// Owned by the channel's core; loop thread only.
class ClientShard final : private ClientConnection::Events, private LoopResident {
 public:
  ClientShard(ChannelCore& channel, EventLoop& loop);
  ClientShard(const ClientShard&) = delete;
  ~ClientShard() override;

  // Sends the call over a connection, now or when there is one; or ends it.
  void Submit(ClientCall& call);
  // Ends all calls and connections with `why`, and takes no more.
  void Shutdown(const absl::Status& why);
  // The same from any thread that may wait for the loop; at once when the loop has ended.
  void ShutdownFromAnyThread(const absl::Status& why);

  // Why calls wait: for a status's text.
  std::string WhyNotSent() const;

  LoopCore& loop() { return loop_; }
  // Whether the caller runs inside a pass of this loop. Any thread, also when the loop is gone; no
  // loop is current for a shard that was shut down, since another may be at the same address.
  bool IsCurrent() const {
    const ThreadContext* context = CurrentThreadContext();
    return context != nullptr && context->executor == executor_ && !gone();
  }
  // Any thread: it was shut down, by its channel or with its loop. The loop may be gone.
  bool gone() const { return gone_.load(std::memory_order_acquire); }
  // Outlives the loop. Any thread.
  LoopMailbox& mailbox() const { return *mailbox_; }

  // The calls that this loop's own users make, for reuse.
  ObjectPool<ClientCall>& calls() { return calls_; }

 private:
  class RetryTimer final : public TimerNode {
   public:
    explicit RetryTimer(ClientShard& shard) : shard_(shard) {}
    void OnTimer() override { shard_.Connect(); }

   private:
    ClientShard& shard_;
  };

  void OnUp(ClientConnection& connection) override;
  void OnGoingAway(ClientConnection& connection) override;
  void OnCapacity(ClientConnection& connection) override;
  void OnDown(ClientConnection& connection, const absl::Status& why) override;
  void OnLoopEnd() override;
  std::size_t Trim(TimePoint now) override;
  std::size_t HeapBytes() const override;

  void ConnectIfNeeded();
  void Connect();
  TimePoint attempt_end() const;
  void ConnectInProcess();
  void OnResolved(Addresses addresses);
  void OnConnected(absl::StatusOr<OwnedFd> socket, const SocketAddress& peer);
  void OnAttemptFailed(const absl::Status& why);
  void SendWaiting();

  ChannelCore& channel_;
  EventLoop& event_loop_;
  LoopCore& loop_;
  const Executor* const executor_;
  const std::shared_ptr<LoopMailbox> mailbox_;
  BlockPool blocks_;
  http2::StreamPool streams_;

  IntrusiveList<ClientCall> waiting_;
  IntrusiveList<ClientCall> open_;
  IntrusiveList<ClientConnection> connections_;
  ClientConnection* ready_ = nullptr;       // takes calls
  ClientConnection* connecting_ = nullptr;  // connected, but not up yet
  bool attempting_ = false;
  bool failing_ = false;  // TRANSIENT_FAILURE: from a failed attempt until one succeeds
  bool shut_down_ = false;
  std::atomic<bool> gone_{false};  // at the end of Shutdown
  absl::Status last_error_;
  TimePoint attempt_start_ = TimePoint::min();  // of the last one
  Backoff backoff_;
  std::unique_ptr<DnsResolver::LookUp> look_up_;
  std::unique_ptr<Connector> connector_;
  RetryTimer retry_timer_;
  ObjectPool<ClientCall> calls_;
};

}  // namespace weft::internal
