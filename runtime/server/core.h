#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "buffer/budget_count.h"
#include "io/listener.h"
#include "io/loop_thread.h"
#include "server/router.h"
#include "server/shard.h"
#include "server/worker_places.h"
#include "weft/event_loop.h"
#include "weft/server.h"
#include "weft/worker_pool.h"

namespace weft::internal {

class SignalWatch;

// The inside of a weft::Server: its loops and threads, its listeners, and the order in which all of
// it starts and ends. Threads as weft::Server says.
class ServerCore {
 public:
  explicit ServerCore(const ServerOptions& options);
  ServerCore(const ServerCore&) = delete;
  ~ServerCore();

  void Register(Service& service);
  absl::Status Listen(std::string_view address);
  absl::Status ListenOn(int descriptor);
  int port() const;
  absl::Status Start();
  absl::Status Run();
  absl::Status Shutdown(Duration grace);

  // As weft::Server's.
  InProcessEndpoint* PickEndpoint(const EventLoop* prefer);

 private:
  enum class State { kNew, kRunning, kDraining, kStopped };

  Shard& LeastLoaded();
  void Accepted(OwnedFd descriptor, const SocketAddress& peer);
  bool OnOneOfItsLoops() const;
  // Runs `fn` on the shard's loop and waits for it; inline once the loop has ended.
  void OnLoop(Shard& shard, absl::AnyInvocable<void() &&> fn);
  bool WaitUntilIdle(std::unique_lock<std::mutex>& lock,
                     std::chrono::steady_clock::time_point until);

  const absl::Status options_fault_;  // told by Start
  const ServerOptions options_;
  Router router_;
  std::optional<WorkerPool> workers_;  // until the destructor has waited for its jobs
  WorkerPlaces worker_places_;
  std::shared_ptr<BudgetCount> budget_;  // with the servers that share it
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<LoopThread>> own_threads_;
  std::vector<EventLoop*> loops_;
  std::vector<std::unique_ptr<Shard>> shards_;

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kNew;
  bool shut_unstarted_ = false;       // stopped without ever having run
  std::size_t busy_shards_ = 0;       // while draining
  SignalWatch* run_watch_ = nullptr;  // while Run waits
};

}  // namespace weft::internal
