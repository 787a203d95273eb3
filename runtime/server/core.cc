#include "server/core.h"

#include <algorithm>
#include <csignal>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "base/check.h"
#include "base/log.h"
#include "io/signal_watch.h"
#include "io/socket_transport.h"
#include "server/options_check.h"
#include "server/usable_cores.h"
#include "server/usable_memory.h"
#include "weft/internal/thread_context.h"

namespace weft::internal {
namespace {

// After the grace period calls are cancelled; a handler that heeds that ends within this.
// Longer than a connection lingers, so that it is not taken for a handler.
constexpr Duration kCancelTime = std::chrono::seconds(2);

ServerOptions WithDefaults(ServerOptions options) {
  const int cores = UsableCores();
  if (options.loops() <= 0) options.set_loops(cores);
  if (options.workers() <= 0) options.set_workers(4 * cores);
  if (options.memory_budget() == 0 && !options.shared_memory_budget().has_value()) {
    options.set_memory_budget(UsableMemory() / 2);
  }
  return options;
}

}  // namespace

ServerCore::ServerCore(const ServerOptions& options)
    : options_fault_(CheckOptions(options)),
      options_(WithDefaults(options)),
      workers_(std::in_place, WorkerPool::Options()
                                  .set_max_threads(options_.workers())
                                  .set_queue_limit(options_.worker_queue())),
      worker_places_(static_cast<std::size_t>(std::max(options_.workers(), 1)),
                     options_.worker_queue()),
      budget_(options_.shared_memory_budget().has_value()
                  ? options_.shared_memory_budget()->count_
                  : std::make_shared<BudgetCount>(options_.memory_budget())) {}

ServerCore::~ServerCore() {
  Check(!OnOneOfItsLoops(),
        "a server was destroyed inside a pass of one of its loops, where its handlers could never "
        "end; destroy it on another thread, or between two passes");
  State state;
  {
    std::lock_guard lock(mutex_);
    state = state_;
  }
  if (state == State::kRunning) {
    if (absl::Status down = Shutdown(Duration::zero()); !down.ok()) {
      Log(LogLevel::kWarning,
          absl::StrCat("a server is being destroyed and waits: ", down.message()));
    }
  }
  if (state != State::kNew) {
    std::unique_lock lock(mutex_);
    WaitUntilIdle(lock, std::chrono::steady_clock::time_point::max());
  }
  // Blocking handlers of a loop that has ended are waited for here; the others have returned.
  workers_.reset();
  // Each shard's pools and hooks are its loop's.
  for (std::unique_ptr<Shard>& shard : shards_) OnLoop(*shard, [&shard] { shard.reset(); });
  shards_.clear();
  for (std::unique_ptr<LoopThread>& thread : own_threads_) thread->Stop();
}

void ServerCore::Register(Service& service) {
  Check(state_ == State::kNew, "Server::Register must come before Start");
  router_.Add(service);
}

absl::Status ServerCore::Listen(std::string_view address) {
  Check(state_ == State::kNew, "Server::Listen must come before Start");
  absl::StatusOr<std::unique_ptr<Listener>> listener = Listener::Listen(address);
  if (!listener.ok()) return listener.status();
  listeners_.push_back(*std::move(listener));
  return absl::OkStatus();
}

absl::Status ServerCore::ListenOn(int descriptor) {
  Check(state_ == State::kNew, "Server::ListenOn must come before Start");
  absl::StatusOr<std::unique_ptr<Listener>> listener = Listener::Adopt(OwnedFd(descriptor));
  if (!listener.ok()) return listener.status();
  listeners_.push_back(*std::move(listener));
  return absl::OkStatus();
}

int ServerCore::port() const {
  for (const std::unique_ptr<Listener>& listener : listeners_) {
    if (listener->port() != 0) return listener->port();
  }
  return 0;
}

absl::Status ServerCore::Start() {
  std::unique_lock lock(mutex_);
  if (state_ != State::kNew) {
    return absl::FailedPreconditionError(
        shut_unstarted_ ? "the server was shut down before it was started; make another one"
                        : "the server was started before; make another one");
  }
  if (!options_fault_.ok()) return options_fault_;
  if (router_.entries().empty()) {
    return absl::FailedPreconditionError("the server has no service; Register one before Start");
  }
  std::vector<std::unique_ptr<EventLoop>> own_loops;
  if (!options_.given_loops().empty()) {
    loops_ = options_.given_loops();
  } else {
    for (int i = 0; i < options_.loops(); ++i) {
      absl::StatusOr<std::unique_ptr<EventLoop>> loop = EventLoop::Create();
      if (!loop.ok()) {
        loops_.clear();
        return absl::Status(loop.status().code(),
                            absl::StrCat("the server can't start with ", options_.loops(),
                                         " loops: ", loop.status().message()));
      }
      loops_.push_back(loop->get());
      own_loops.push_back(*std::move(loop));
    }
  }
  for (EventLoop* loop : loops_) {
    shards_.push_back(
        std::make_unique<Shard>(*loop, router_, options_, *workers_, worker_places_, *budget_));
    // As long as it takes posts, it will tell the shard of its end.
    Check(loop->Post([] {}), "a server was started on a loop that has ended");
  }
  state_ = State::kRunning;
  for (std::unique_ptr<Listener>& listener : listeners_) {
    loops_[0]->Post([this, &listener] {
      listener->Start(loops_[0]->core(), [this](OwnedFd descriptor, const SocketAddress& peer) {
        Accepted(std::move(descriptor), peer);
      });
    });
  }
  // The shards belong to the loops' threads, so those start last.
  for (std::unique_ptr<EventLoop>& loop : own_loops) {
    own_threads_.push_back(std::make_unique<LoopThread>(std::move(loop)));
  }
  return absl::OkStatus();
}

absl::Status ServerCore::Run() {
  SignalWatch watch({SIGTERM, SIGINT});
  {
    std::lock_guard lock(mutex_);
    if (shut_unstarted_) return absl::OkStatus();
    run_watch_ = &watch;
  }
  absl::Status result = Start();
  bool shut_meanwhile;
  {
    std::lock_guard lock(mutex_);
    shut_meanwhile = shut_unstarted_;
  }
  if (shut_meanwhile) {
    result = absl::OkStatus();
  } else if (result.ok() && watch.Wait() != 0) {
    Log(LogLevel::kInfo, "a signal asks the server to end: draining");
    result = Shutdown(options_.drain_timeout());
  }
  std::lock_guard lock(mutex_);
  run_watch_ = nullptr;
  return result;
}

// Inside a pass: on a user's loop between two passes, Shutdown runs the loop itself.
bool ServerCore::OnOneOfItsLoops() const {
  const ThreadContext* context = CurrentThreadContext();
  return context != nullptr &&
         std::any_of(loops_.begin(), loops_.end(),
                     [context](EventLoop* loop) { return context->executor == &loop->core(); });
}

absl::Status ServerCore::Shutdown(Duration grace) {
  using Clock = std::chrono::steady_clock;
  std::unique_lock lock(mutex_);
  if (state_ == State::kNew) {
    state_ = State::kStopped;
    shut_unstarted_ = true;  // Run may be about to call Start
    return absl::OkStatus();
  }
  if (state_ == State::kStopped) return absl::OkStatus();
  if (OnOneOfItsLoops()) {
    return absl::FailedPreconditionError(
        "Server::Shutdown waits for the loops, so it can't be called on one of them; call it on "
        "another thread");
  }
  if (state_ == State::kRunning) {
    state_ = State::kDraining;
    busy_shards_ = shards_.size();
    lock.unlock();
    OnLoop(*shards_[0], [this] {
      for (std::unique_ptr<Listener>& listener : listeners_) listener->Close();
    });
    for (std::unique_ptr<Shard>& shard : shards_) {
      OnLoop(*shard, [this, shard = shard.get()] {
        const auto done = [this] {
          std::lock_guard idle(mutex_);
          --busy_shards_;
          changed_.notify_all();
        };
        if (!shard->loop_over()) {
          shard->Drain(done);
          return;
        }
        // A user's loop that has ended: nothing on it can end by itself any more.
        shard->Abandon();
        done();
      });
    }
    lock.lock();
    changed_.notify_all();
  }
  const Clock::time_point now = Clock::now();
  const Clock::time_point until =
      grace > Clock::time_point::max() - now ? Clock::time_point::max() : now + grace;
  if (!WaitUntilIdle(lock, until)) {
    lock.unlock();
    for (std::unique_ptr<Shard>& shard : shards_) {
      OnLoop(*shard, [shard = shard.get()] { shard->Abandon(); });
    }
    lock.lock();
    if (!WaitUntilIdle(lock, Clock::now() + kCancelTime)) {
      if (run_watch_ != nullptr) run_watch_->Wake();
      lock.unlock();
      std::vector<std::string> methods;
      for (std::unique_ptr<Shard>& shard : shards_) {
        OnLoop(*shard, [&methods, shard = shard.get()] {
          for (std::string& method : shard->RunningMethods()) methods.push_back(std::move(method));
        });
      }
      if (methods.empty()) return absl::DeadlineExceededError("connections did not close in time");
      return absl::DeadlineExceededError(absl::StrCat(
          methods.size(),
          " handlers did not return after they were cancelled: ", absl::StrJoin(methods, ", ")));
    }
  }
  state_ = State::kStopped;
  changed_.notify_all();
  if (run_watch_ != nullptr) run_watch_->Wake();
  return absl::OkStatus();
}

bool ServerCore::WaitUntilIdle(std::unique_lock<std::mutex>& lock,
                               std::chrono::steady_clock::time_point until) {
  const auto idle = [this] { return busy_shards_ == 0; };
  const auto here =
      std::find_if(loops_.begin(), loops_.end(), [](EventLoop* loop) { return loop->OnThread(); });
  if (here != loops_.end()) {
    // The user's loop belongs to this thread: nobody else will run it meanwhile.
    while (!idle() && std::chrono::steady_clock::now() < until) {
      lock.unlock();
      const bool running = (*here)->RunOnce(std::chrono::milliseconds(1));
      lock.lock();
      if (!running) break;
    }
    return idle();
  }
  if (until == std::chrono::steady_clock::time_point::max()) {
    changed_.wait(lock, idle);
    return true;
  }
  return changed_.wait_until(lock, until, idle);
}

void ServerCore::OnLoop(Shard& shard, absl::AnyInvocable<void() &&> fn) {
  EventLoop& loop = shard.event_loop();
  if (loop.OnThread()) {
    std::move(fn)();
    return;
  }
  std::promise<void> done;
  std::future<void> ran = done.get_future();
  const bool posted = loop.Post([&fn, &done] {
    std::move(fn)();
    done.set_value();
  });
  if (posted) {
    ran.wait();
  } else {
    shard.WaitUntilLoopIsOver();
    std::move(fn)();
  }
}

Shard& ServerCore::LeastLoaded() {
  const auto least = std::min_element(
      shards_.begin(), shards_.end(),
      [](const auto& a, const auto& b) { return a->connection_count() < b->connection_count(); });
  return **least;
}

// On the first loop, which listens.
void ServerCore::Accepted(OwnedFd descriptor, const SocketAddress& peer) {
  std::size_t open = 0;
  for (const std::unique_ptr<Shard>& shard : shards_) open += shard->connection_count();
  if (open >= options_.max_connections()) return;  // closes it
  Shard& shard = LeastLoaded();
  shard.Announce();
  const auto accept = [&shard, peer = peer.ToString()](OwnedFd taken) {
    shard.Accept(
        std::make_unique<SocketTransport>(shard.environment().loop, std::move(taken), peer));
  };
  if (shard.event_loop().OnThread()) {
    accept(std::move(descriptor));
    return;
  }
  // A loop that has ended drops the function and with it the descriptor.
  shard.event_loop().Post(
      [accept, taken = std::move(descriptor)]() mutable { accept(std::move(taken)); });
}

InProcessEndpoint* ServerCore::PickEndpoint(const EventLoop* prefer) {
  std::lock_guard lock(mutex_);
  if (state_ != State::kRunning) return nullptr;
  Shard* best = nullptr;
  for (const std::unique_ptr<Shard>& shard : shards_) {
    if (!shard->endpoint().open()) continue;
    if (&shard->event_loop() == prefer) return &shard->endpoint();
    if (best == nullptr || shard->connection_count() < best->connection_count()) {
      best = shard.get();
    }
  }
  return best == nullptr ? nullptr : &best->endpoint();
}

}  // namespace weft::internal
