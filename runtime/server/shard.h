#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"

#include "base/intrusive_list.h"
#include "buffer/block_pool.h"
#include "buffer/budget_count.h"
#include "http1/date_cache.h"
#include "http2/stream_pool.h"
#include "io/loop_core.h"
#include "server/call_environment.h"
#include "server/in_process_connection.h"
#include "server/memory_watch.h"
#include "server/method_pool.h"
#include "server/router.h"
#include "server/server_connection.h"
#include "transport/in_process.h"
#include "weft/event_loop.h"

namespace weft::internal {

// The part of a server that lives on one loop: its connections, its calls, its pools. Nothing of it
// is shared with the other loops on the path of a call. Owned by the server's core; loop thread
// only, except where said.
class Shard final : private LoopResident,
                    private CallEnvironment::Idle,
                    private InProcessEndpoint::Acceptor {
 public:
  Shard(EventLoop& loop, const Router& router, const ServerOptions& options, WorkerPool& workers,
        WorkerPlaces& places, BudgetCount& budget);
  Shard(const Shard&) = delete;
  ~Shard() override;

  // Takes a new connection.
  void Accept(std::unique_ptr<Transport> transport);
  // Finds the method and begins the call, or answers with what is wrong. For codecs of all kinds.
  HttpStreamEvents* Dispatch(HttpStream& stream, HttpHead& head, bool end, MemoryTenant& from);

  // Lets calls and connections end in order; `done` is called once none is left, perhaps from
  // inside this.
  void Drain(absl::AnyInvocable<void()> done);
  // Cancels all calls and closes all connections.
  void Abandon();
  // The methods of the calls whose handlers run.
  std::vector<std::string> RunningMethods() const;

  // About what its calls, streams and connections take, idle or in use, without their chunks.
  std::size_t HeapBytes() const override;
  // Calls that are kept for reuse.
  std::size_t idle_calls() const;
  // The loop has ended, and nothing of this shard runs there any more. Any thread.
  bool loop_over() const { return loop_over_.load(std::memory_order_acquire); }
  // For a loop that is ending on another thread: it refuses posts already.
  void WaitUntilLoopIsOver() const { loop_over_.wait(false, std::memory_order_acquire); }

  void Forget(ServerConnection& connection, const absl::Status& why);
  void Forget(InProcessServerConnection& connection);

  CallEnvironment& environment() { return environment_; }
  EventLoop& event_loop() { return environment_.event_loop; }
  InProcessEndpoint& endpoint() { return endpoint_; }
  http2::StreamPool& streams() { return streams_; }
  http1::DateCache& dates() { return dates_; }
  // Any thread: for choosing the loop with the fewest.
  std::size_t connection_count() const { return connection_count_.load(std::memory_order_relaxed); }
  // Any thread: counts a connection that is on its way here.
  void Announce() { connection_count_.fetch_add(1, std::memory_order_relaxed); }

 private:
  class Checker final : public Runnable {
   public:
    explicit Checker(Shard& shard) : shard_(shard) {}
    ~Checker() = default;
    void Run() override { shard_.CheckDone(); }

   private:
    Shard& shard_;
  };

  // A loop that ends tells its residents, lets what they ended run on, refuses posts and then tells
  // those that came meanwhile. To be told then, the shard sends itself this, which joins late.
  class LastResident final : public Runnable, private LoopResident {
   public:
    explicit LastResident(Shard& shard) : shard_(shard) {}
    ~LastResident() override = default;
    void Run() override { shard_.environment_.loop.AddResident(*this); }
    // When this returns OnLoopEnd is not running.
    void Leave() { LeaveLoop(); }

   private:
    void OnLoopEnd() override { shard_.LoopIsOver(); }
    Shard& shard_;
  };

  void RefuseMethod(HttpStream& stream, const HttpHead& head);
  void RefuseAsHttp(HttpStream& stream, const HttpHead& head);
  void OnLoopEnd() override;
  std::size_t Trim(TimePoint now) override;
  void LoopIsOver();
  void EndAll();
  void OnNoCalls() override { ScheduleCheck(); }
  void OnInProcessClient(std::shared_ptr<InProcessPipe> pipe) override;
  void ScheduleCheck();
  void CheckDone();

  const Router& router_;
  CallEnvironment environment_;
  BlockPool blocks_;
  http2::StreamPool streams_;
  MemoryWatch memory_;
  http1::DateCache dates_;
  std::vector<std::unique_ptr<MethodPool>> pools_;  // as router_.entries()
  InProcessEndpoint endpoint_;
  IntrusiveList<ServerConnection> connections_;
  IntrusiveList<InProcessServerConnection> in_process_;
  std::atomic<std::size_t> connection_count_{0};
  bool draining_ = false;
  std::atomic<bool> loop_over_{false};
  absl::AnyInvocable<void()> done_;
  Checker checker_;
  LastResident last_resident_;
};

}  // namespace weft::internal
