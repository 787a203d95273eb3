// Layer: io.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "weft/clock.h"
#include "weft/internal/cancel_scope.h"
#include "weft/internal/runnable.h"
#include "weft/internal/waiter.h"

namespace weft {

namespace internal {
class LoopMailbox;
class WorkerPoolCore;
}  // namespace internal

// Threads for work that blocks. A job goes to the worker that finished last (its caches are warm),
// to a new thread when none is idle, and to a bounded queue when there are as many threads as
// allowed. Idle workers end after a while. Any thread; all methods may overlap. The destructor
// refuses new jobs, waits until all accepted ones have run, and must not be called from a worker.
class WorkerPool final {
 public:
  class Options {
   public:
    // g++ 12 can't use a defaulted one in a default argument of the enclosing class.
    Options() {}  // NOLINT(modernize-use-equals-default)
    // At least 1.
    Options& set_max_threads(int threads) {
      max_threads_ = threads;
      return *this;
    }
    // How many jobs may wait for a thread; more are refused.
    Options& set_queue_limit(std::size_t jobs) {
      queue_limit_ = jobs;
      return *this;
    }
    Options& set_idle_timeout(Duration timeout) {
      idle_timeout_ = timeout;
      return *this;
    }
    int max_threads() const { return max_threads_; }
    std::size_t queue_limit() const { return queue_limit_; }
    Duration idle_timeout() const { return idle_timeout_; }

   private:
    int max_threads_ = 32;
    std::size_t queue_limit_ = 1024;
    Duration idle_timeout_ = std::chrono::seconds(10);
  };

  // Makes no thread yet.
  explicit WorkerPool(const Options& options = Options());
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  // Runs `job` on a worker. False when the pool is full or no thread could be made: then it never
  // runs, and the caller sheds the load. The second form allocates nothing; `job` must stay alive
  // until it has run.
  bool Submit(absl::AnyInvocable<void() &&> job);
  bool Submit(internal::Runnable& job);

  int threads() const;
  int idle_threads() const;
  std::size_t queued() const;

  // For Weft's own parts.
  const std::shared_ptr<internal::WorkerPoolCore>& core() const { return core_; }

 private:
  const std::shared_ptr<internal::WorkerPoolCore> core_;
};

namespace internal {

// How what a function gives reaches its awaiter, who must also learn that it was not run.
template <typename T>
struct WorkerOutcomeOf {
  using Type = absl::StatusOr<T>;
};
template <>
struct WorkerOutcomeOf<void> {
  using Type = absl::Status;
};
template <>
struct WorkerOutcomeOf<absl::Status> {
  using Type = absl::Status;
};
template <typename T>
struct WorkerOutcomeOf<absl::StatusOr<T>> {
  using Type = absl::StatusOr<T>;
};

// The part of OnWorker's awaiter that does not depend on the function. When the coroutine is
// destroyed meanwhile, it takes the job out of the queue, or waits until it has run: the job may
// use what the coroutine owns.
class OnWorkerBase : private Runnable, private CancelNode {
 protected:
  explicit OnWorkerBase(const WorkerPool& pool) : pool_(pool.core()) {}
  ~OnWorkerBase() = default;

  template <typename P>
  bool Suspend(std::coroutine_handle<P> handle) {
    waiter_.Suspend(handle);
    return Begin();
  }
  // For the destructors of those who derive, before anything of theirs is gone.
  void Withdraw();
  // OK when the function was run.
  const absl::Status& refused() const { return refused_; }

  // Calls the function, on a worker.
  virtual void Call() noexcept = 0;

 private:
  bool Begin();
  void Run() final;
  void OnCancelled() final;

  const std::shared_ptr<WorkerPoolCore> pool_;
  std::shared_ptr<LoopMailbox> mailbox_;  // null under BlockOn
  std::atomic<bool> loop_gone_{false};
  absl::Status refused_;
  Waiter waiter_;
};

template <typename Fn>
class [[nodiscard]] OnWorkerAwaiter final : private OnWorkerBase {
 public:
  using Result = std::invoke_result_t<Fn&>;
  using Outcome = typename WorkerOutcomeOf<Result>::Type;

  OnWorkerAwaiter(const WorkerPool& pool, Fn&& fn) : OnWorkerBase(pool), fn_(std::move(fn)) {}
  OnWorkerAwaiter(const WorkerPool& pool, const Fn& fn) : OnWorkerBase(pool), fn_(fn) {}
  ~OnWorkerAwaiter() { Withdraw(); }

  bool await_ready() const { return false; }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    return Suspend(handle);
  }
  Outcome await_resume() {
    if (!refused().ok()) return refused();
    if (exception_ != nullptr) std::rethrow_exception(exception_);
    return *std::move(outcome_);
  }

 private:
  void Call() noexcept override {
    try {
      if constexpr (std::is_void_v<Result>) {
        std::invoke(fn_);
        outcome_.emplace(absl::OkStatus());
      } else {
        outcome_.emplace(std::invoke(fn_));
      }
    } catch (...) {
      exception_ = std::current_exception();
    }
  }

  Fn fn_;
  std::optional<Outcome> outcome_;
  std::exception_ptr exception_;
};

}  // namespace internal

// Runs `fn` on a worker and goes on with the coroutine on its loop. Gives what `fn` returns as
// absl::Status (for void) or absl::StatusOr; RESOURCE_EXHAUSTED when the pool is full, CANCELLED
// when the call or task was cancelled before a worker was free; a running `fn` is waited for. An
// exception of `fn` reaches the coroutine. With g++ 12 to 14 a lambda with captures must be a named
// variable that is moved in; a temporary would be destroyed twice by the compiler's fault:
//
//   auto read = [path = std::move(path)] { return ReadFile(path); };
//   absl::StatusOr<std::string> text = co_await weft::OnWorker(pool, std::move(read));
template <typename Fn>
internal::OnWorkerAwaiter<std::decay_t<Fn>> OnWorker(WorkerPool& pool, Fn&& fn) {
  return internal::OnWorkerAwaiter<std::decay_t<Fn>>(pool, std::forward<Fn>(fn));
}

}  // namespace weft
