#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>

#include "base/intrusive_list.h"
#include "coro/executor.h"
#include "weft/worker_pool.h"

namespace weft::internal {

// The inside of a WorkerPool; outlives it where an awaiter still holds it, without threads by then.
// Any thread.
class WorkerPoolCore {
 public:
  explicit WorkerPoolCore(const WorkerPool::Options& options);

  bool Submit(Runnable& job);
  // Takes a job out of the queue. False when it is not there: it runs, or has run.
  bool Withdraw(Runnable& job);
  // Refuses new jobs, runs those that were accepted, joins all threads.
  void Finish();

  int threads() const;
  int idle_threads() const;
  std::size_t queued() const;

 private:
  struct Idle;
  struct All;
  // A thread. It deletes itself in the end.
  struct Worker : ListHook<Idle>, ListHook<All> {
    std::thread thread;
    std::condition_variable wake;
    Runnable* job = nullptr;
  };

  bool StartThread(Runnable& job);
  void Work(Worker& worker);
  // The next job of this worker; null when its thread is to end, and the worker is gone.
  Runnable* Next(Worker& worker);

  const std::size_t max_threads_;
  const std::size_t queue_limit_;
  const Duration idle_timeout_;

  mutable std::mutex mutex_;
  std::condition_variable all_ended_;
  IntrusiveList<Worker, All> all_;
  IntrusiveList<Worker, Idle> idle_;  // a stack: the last to finish is in front
  std::size_t idle_count_ = 0;
  std::size_t threads_ = 0;
  RunQueue queue_;
  std::size_t queued_ = 0;
  bool finishing_ = false;
  // The thread that ended last. Whoever ends next joins it, so that at most one is left unjoined.
  std::thread ended_;
};

}  // namespace weft::internal
