// Which idle worker takes the next job: the one that finished last, or the one that has waited
// longest. Two copies of the pool's core that differ in this alone, and the real pool.
#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "benchmark/benchmark.h"

#include "base/check.h"
#include "weft/worker_pool.h"

namespace weft::internal {
namespace {

constexpr int kWorkers = 16;
constexpr std::size_t kCacheLine = 64;

// What a worker keeps warm: its own memory, as much as the benchmark says.
class Job final : public Runnable {
 public:
  explicit Job(std::size_t bytes) : bytes_(bytes) {}
  ~Job() = default;

  void Run() override {
    thread_local std::vector<char> own;
    if (own.size() < bytes_) own.resize(bytes_);
    char sum = 0;
    for (std::size_t at = 0; at < bytes_; at += kCacheLine)
      sum = static_cast<char>(sum + ++own[at]);
    benchmark::DoNotOptimize(sum);
    done_.store(true, std::memory_order_release);
    done_.notify_one();
  }
  void Wait() {
    done_.wait(false, std::memory_order_acquire);
    done_.store(false, std::memory_order_relaxed);
  }

 private:
  const std::size_t bytes_;
  std::atomic<bool> done_{false};
};

// As WorkerPoolCore: a lock, and a condition for each worker.
template <bool kLastFirst>
class MiniPool {
 public:
  MiniPool() {
    for (Worker& worker : workers_) {
      worker.thread = std::thread([this, &worker] { Work(worker); });
    }
  }
  ~MiniPool() {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
      for (Worker& worker : workers_) worker.wake.notify_one();
    }
    for (Worker& worker : workers_) worker.thread.join();
  }
  MiniPool(const MiniPool&) = delete;
  MiniPool& operator=(const MiniPool&) = delete;

  bool Submit(Runnable& job) {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return false;
    Worker* worker = nullptr;
    if constexpr (kLastFirst) {
      worker = idle_.back();
      idle_.pop_back();
    } else {
      worker = idle_.front();
      idle_.pop_front();
    }
    worker->job = &job;
    worker->wake.notify_one();
    return true;
  }
  int idle_threads() {
    std::lock_guard lock(mutex_);
    return static_cast<int>(idle_.size());
  }

 private:
  struct Worker {
    std::thread thread;
    std::condition_variable wake;
    Runnable* job = nullptr;
  };

  void Work(Worker& worker) {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      idle_.push_back(&worker);
      worker.wake.wait(lock, [&] { return worker.job != nullptr || ending_; });
      Runnable* const job = std::exchange(worker.job, nullptr);
      if (job == nullptr) return;
      lock.unlock();
      job->Run();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::deque<Worker*> idle_;
  bool ending_ = false;
  std::array<Worker, kWorkers> workers_;
};

// One job at a time while all workers are idle; how long until it is done.
template <typename Pool>
void OneJob(benchmark::State& state, Pool& pool) {
  while (pool.idle_threads() < kWorkers) std::this_thread::yield();
  Job job(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    while (!pool.Submit(job)) std::this_thread::yield();
    job.Wait();
  }
}

// Holds a worker until all of them are held, so that there are as many.
class Gate final : public Runnable {
 public:
  explicit Gate(std::atomic<int>& held) : held_(held) {}
  ~Gate() = default;
  void Run() override {
    held_.fetch_add(1);
    held_.notify_all();
    for (int held = held_.load(); held < kWorkers; held = held_.load()) held_.wait(held);
  }

 private:
  std::atomic<int>& held_;
};

void RealPool(benchmark::State& state) {
  std::atomic<int> held{0};
  std::deque<Gate> gates;
  // Destroyed first: it runs what it has accepted.
  WorkerPool pool(WorkerPool::Options().set_max_threads(kWorkers));
  for (int i = 0; i < kWorkers; ++i) Check(pool.Submit(gates.emplace_back(held)), "refused");
  OneJob(state, pool);
}

template <bool kLastFirst>
void Mini(benchmark::State& state) {
  MiniPool<kLastFirst> pool;
  OneJob(state, pool);
}

BENCHMARK(RealPool)
    ->Name("worker/WorkerPool itself")
    ->Arg(0)
    ->Arg(64 << 10)
    ->Arg(256 << 10)
    ->UseRealTime();
BENCHMARK(Mini<true>)->Name("worker/on")->Arg(0)->Arg(64 << 10)->Arg(256 << 10)->UseRealTime();
BENCHMARK(Mini<false>)
    ->Name("worker/the one that waited longest")
    ->Arg(0)
    ->Arg(64 << 10)
    ->Arg(256 << 10)
    ->UseRealTime();

}  // namespace
}  // namespace weft::internal
