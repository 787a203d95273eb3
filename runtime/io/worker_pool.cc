#include "weft/worker_pool.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "io/loop_core.h"
#include "io/loop_mailbox.h"
#include "io/signals_blocked.h"
#include "io/worker_pool_core.h"

namespace weft {
namespace internal {
namespace {

class SubmittedFunction final : public Runnable {
 public:
  explicit SubmittedFunction(absl::AnyInvocable<void() &&> fn) : fn_(std::move(fn)) {}
  void Run() override {
    absl::AnyInvocable<void() &&> fn = std::move(fn_);
    delete this;
    std::move(fn)();
  }

 private:
  absl::AnyInvocable<void() &&> fn_;
};

}  // namespace

WorkerPoolCore::WorkerPoolCore(const WorkerPool::Options& options)
    : max_threads_(static_cast<std::size_t>(std::max(options.max_threads(), 1))),
      queue_limit_(options.queue_limit()),
      idle_timeout_(std::min<Duration>(options.idle_timeout(), std::chrono::hours(24))) {}

bool WorkerPoolCore::Submit(Runnable& job) {
  std::lock_guard lock(mutex_);
  if (finishing_) return false;
  if (Worker* worker = idle_.PopFront()) {
    --idle_count_;
    worker->job = &job;
    worker->wake.notify_one();
    return true;
  }
  if (threads_ < max_threads_ && StartThread(job)) return true;
  if (threads_ == 0 || queued_ >= queue_limit_) return false;
  queue_.Push(job);
  ++queued_;
  return true;
}

bool WorkerPoolCore::StartThread(Runnable& job) {
  auto worker = std::make_unique<Worker>();
  worker->job = &job;
  const SignalsBlocked blocked;
  try {
    // Its end needs the lock that is held here, so its handle is in place by then.
    worker->thread = std::thread([this, started = worker.get()] { Work(*started); });
  } catch (const std::system_error&) {
    return false;  // out of threads or memory: those that exist take the job from the queue
  }
  all_.PushBack(*worker.release());  // the thread deletes it
  ++threads_;
  return true;
}

void WorkerPoolCore::Work(Worker& worker) {
  ::pthread_setname_np(::pthread_self(), "weft-worker");
  Runnable* job = std::exchange(worker.job, nullptr);
  while (job != nullptr) {
    job->Run();
    job = Next(worker);
  }
}

bool WorkerPoolCore::Withdraw(Runnable& job) {
  std::lock_guard lock(mutex_);
  if (!job.queued()) return false;
  job.CancelRun();
  --queued_;
  return true;
}

Runnable* WorkerPoolCore::Next(Worker& worker) {
  std::unique_lock lock(mutex_);
  if (Runnable* job = queue_.Pop()) {
    --queued_;
    return job;
  }
  if (!finishing_) {
    idle_.PushFront(worker);
    ++idle_count_;
    worker.wake.wait_for(lock, idle_timeout_, [&] { return worker.job != nullptr || finishing_; });
    if (Runnable* job = std::exchange(worker.job, nullptr)) return job;
    static_cast<ListHook<Idle>&>(worker).Unlink();
    --idle_count_;
  }
  // In the same breath as the look at the queue: a job that comes later must not count on this one.
  std::thread before = std::exchange(ended_, std::move(worker.thread));
  delete &worker;
  if (--threads_ == 0) all_ended_.notify_all();
  lock.unlock();
  if (before.joinable()) before.join();
  return nullptr;
}

void WorkerPoolCore::Finish() {
  std::thread last;
  {
    std::unique_lock lock(mutex_);
    for (Worker* worker = all_.empty() ? nullptr : &all_.front(); worker != nullptr;
         worker = all_.Next(*worker)) {
      Check(worker->thread.get_id() != std::this_thread::get_id(),
            "a weft::WorkerPool was destroyed by one of its own workers, for which it must wait");
    }
    finishing_ = true;
    for (Worker* worker = idle_.empty() ? nullptr : &idle_.front(); worker != nullptr;
         worker = idle_.Next(*worker)) {
      worker->wake.notify_one();
    }
    all_ended_.wait(lock, [&] { return threads_ == 0; });
    last = std::move(ended_);
  }
  if (last.joinable()) last.join();
}

int WorkerPoolCore::threads() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(threads_);
}

int WorkerPoolCore::idle_threads() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(idle_count_);
}

std::size_t WorkerPoolCore::queued() const {
  std::lock_guard lock(mutex_);
  return queued_;
}

bool OnWorkerBase::Begin() {
  if (waiter_.scope() != nullptr && !waiter_.scope()->Link(*this)) {
    refused_ = absl::CancelledError("the call or task was cancelled before a worker was asked");
    return false;
  }
  if (auto* loop = dynamic_cast<LoopCore*>(&RequireExecutor())) mailbox_ = loop->mailbox();
  // The worker may be done before Submit returns, but the coroutine goes on only when this has.
  if (pool_->Submit(*this)) return true;
  CancelNode::Unlink();
  refused_ = absl::ResourceExhaustedError(
      "the worker pool is full: all its threads are busy and its queue is at its limit");
  return false;
}

void OnWorkerBase::Run() {
  Call();
  if (mailbox_ == nullptr) {
    waiter_.WakeFromAnyThread();
    return;
  }
  // The last touch: with this the coroutine may go on, and the awaiter die.
  const std::shared_ptr<LoopMailbox> mailbox = mailbox_;
  if (!mailbox->Post(waiter_)) loop_gone_.store(true, std::memory_order_release);
}

void OnWorkerBase::OnCancelled() {
  if (!pool_->Withdraw(*this)) return;  // it runs: its end is waited for
  refused_ = absl::CancelledError("the call or task was cancelled before a worker was free");
  waiter_.Wake();
}

void OnWorkerBase::Withdraw() {
  if (!waiter_.suspended() || !refused_.ok()) return;
  if (pool_->Withdraw(*this) || mailbox_ == nullptr) return;
  // Rare: somebody drops a coroutine whose job runs. Its owner must wait, or the job would use
  // memory that is gone.
  while (!loop_gone_.load(std::memory_order_acquire) && !mailbox_->Withdraw(waiter_)) {
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

}  // namespace internal

WorkerPool::WorkerPool(const Options& options)
    : core_(std::make_shared<internal::WorkerPoolCore>(options)) {}

WorkerPool::~WorkerPool() { core_->Finish(); }

bool WorkerPool::Submit(internal::Runnable& job) { return core_->Submit(job); }

bool WorkerPool::Submit(absl::AnyInvocable<void() &&> job) {
  auto submitted = std::make_unique<internal::SubmittedFunction>(std::move(job));
  if (!core_->Submit(*submitted)) return false;
  // It deletes itself when it has run.
  (void)submitted.release();  // NOLINT(bugprone-unused-return-value)
  return true;
}

int WorkerPool::threads() const { return core_->threads(); }
int WorkerPool::idle_threads() const { return core_->idle_threads(); }
std::size_t WorkerPool::queued() const { return core_->queued(); }

}  // namespace weft
