#include "weft/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "weft/block_on.h"
#include "weft/event_loop.h"
#include "weft/spawn.h"
#include "weft/task.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A door that jobs wait at.
class Gate {
 public:
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void AwaitArrivals(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int arrived_ = 0;
};

template <typename Done>
bool Eventually(Done done) {
  const TimePoint limit = Clock::System().Now() + seconds(30);
  while (!done() && Clock::System().Now() < limit) std::this_thread::yield();
  return done();
}

TEST(WorkerPoolTest, MakesThreadsOnlyOnDemandAndNoMoreThanAllowed) {
  Gate gate;
  WorkerPool pool(WorkerPool::Options().set_max_threads(2).set_queue_limit(3));
  EXPECT_EQ(pool.threads(), 0);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(pool.Submit([&] { gate.Pass(); }));
  gate.AwaitArrivals(2);
  EXPECT_EQ(pool.threads(), 2);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.Submit([&] { gate.Pass(); }));
  EXPECT_EQ(pool.queued(), 3u);
  EXPECT_FALSE(pool.Submit([] { FAIL() << "was refused"; }));
  gate.Open();
  EXPECT_TRUE(Eventually([&] { return pool.idle_threads() == 2; }));
  EXPECT_EQ(pool.threads(), 2);
}

TEST(WorkerPoolTest, TheLastToFinishIsTheFirstToBeUsedAgain) {
  Gate first_gate;
  Gate second_gate;
  WorkerPool pool;
  std::thread::id first;
  std::thread::id second;
  pool.Submit([&] {
    first = std::this_thread::get_id();
    first_gate.Pass();
  });
  pool.Submit([&] {
    second = std::this_thread::get_id();
    second_gate.Pass();
  });
  first_gate.AwaitArrivals(1);
  second_gate.AwaitArrivals(1);
  first_gate.Open();
  ASSERT_TRUE(Eventually([&] { return pool.idle_threads() == 1; }));
  second_gate.Open();
  ASSERT_TRUE(Eventually([&] { return pool.idle_threads() == 2; }));
  for (int i = 0; i < 5; ++i) {
    std::atomic<bool> same{false};
    pool.Submit([&] { same = std::this_thread::get_id() == second; });
    ASSERT_TRUE(Eventually([&] { return pool.idle_threads() == 2; }));
    EXPECT_TRUE(same);
  }
}

TEST(WorkerPoolTest, IdleWorkersEnd) {
  WorkerPool pool(WorkerPool::Options().set_idle_timeout(milliseconds(5)));
  for (int i = 0; i < 3; ++i) {
    pool.Submit([] {});
    EXPECT_TRUE(Eventually([&] { return pool.threads() == 0; }));
  }
}

TEST(WorkerPoolTest, TheDestructorRunsWhatWasAccepted) {
  std::atomic<int> ran{0};
  {
    WorkerPool pool(WorkerPool::Options().set_max_threads(2));
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(pool.Submit([&] { ++ran; }));
  }
  EXPECT_EQ(ran, 200);
}

TEST(WorkerPoolTest, ManySubmittersLoseNothing) {
  std::atomic<int> ran{0};
  std::atomic<int> accepted{0};
  {
    WorkerPool pool(WorkerPool::Options().set_max_threads(3).set_queue_limit(10).set_idle_timeout(
        std::chrono::microseconds(50)));
    std::vector<std::thread> submitters;
    for (int t = 0; t < 3; ++t) {
      submitters.emplace_back([&] {
        for (int i = 0; i < 500; ++i) accepted += pool.Submit([&] { ++ran; }) ? 1 : 0;
      });
    }
    for (std::thread& submitter : submitters) submitter.join();
  }
  EXPECT_GT(accepted, 0);
  EXPECT_EQ(ran, accepted);
}

// The last worker may be about to end for idleness just when a job comes.
TEST(WorkerPoolTest, AJobThatComesWhenTheLastWorkerEndsIsRun) {
  std::atomic<int> ran{0};
  WorkerPool pool(WorkerPool::Options().set_max_threads(1).set_idle_timeout(Duration::zero()));
  for (int i = 1; i <= 10'000; ++i) {
    // At a different moment of the worker's end each time.
    for (int spin = i % 500; spin > 0; --spin) (void)ran.load();
    ASSERT_TRUE(pool.Submit([&] { ++ran; }));
    ASSERT_TRUE(Eventually([&] { return ran == i; })) << "job " << i << " was accepted and lost";
  }
}

TEST(WorkerPoolDeathTest, DestroyingAPoolOnItsOwnWorkerDies) {
  EXPECT_DEATH(
      {
        auto* pool = new WorkerPool;
        std::atomic<bool> gone{false};
        pool->Submit([&] {
          delete pool;
          gone = true;
        });
        Eventually([&] { return gone.load(); });
      },
      "destroyed by one of its own workers");
}

Task<void> UseWorker(WorkerPool& pool, EventLoop& loop, std::string& out, std::thread::id& where) {
  auto text = std::make_unique<std::string>("from a worker");
  auto job = [text = std::move(text), &where] {
    where = std::this_thread::get_id();
    return *text;
  };
  absl::StatusOr<std::string> got = co_await OnWorker(pool, std::move(job));
  EXPECT_TRUE(loop.OnThread());
  EXPECT_TRUE(got.ok()) << got.status();
  if (got.ok()) out = *got;
  loop.Stop();
}

TEST(OnWorkerTest, RunsElsewhereAndComesBackToTheLoop) {
  EventLoop loop;
  WorkerPool pool;
  std::string out;
  std::thread::id where;
  ASSERT_TRUE(Spawn(loop, UseWorker(pool, loop, out, where)));
  loop.Run();
  EXPECT_EQ(out, "from a worker");
  EXPECT_NE(where, std::this_thread::get_id());
}

Task<absl::Status> RunVoid(WorkerPool& pool, int& value) {
  auto job = [&value] { value = 7; };
  absl::Status status = co_await OnWorker(pool, job);
  co_return status;
}

TEST(OnWorkerTest, AFunctionWithoutAValueGivesAStatus) {
  WorkerPool pool;
  int value = 0;
  EXPECT_TRUE(BlockOn(RunVoid(pool, value)).ok());
  EXPECT_EQ(value, 7);
}

Task<std::string> RunThrowing(WorkerPool& pool) {
  auto job = [] { throw std::runtime_error("no"); };
  std::string text;
  try {
    absl::Status status = co_await OnWorker(pool, job);
    text = status.ToString();
  } catch (const std::runtime_error& error) {
    text = error.what();
  }
  co_return text;
}

TEST(OnWorkerTest, AnExceptionReachesTheCoroutine) {
  WorkerPool pool;
  EXPECT_EQ(BlockOn(RunThrowing(pool)), "no");
}

TEST(OnWorkerTest, AFullPoolIsSaid) {
  Gate gate;
  WorkerPool pool(WorkerPool::Options().set_max_threads(1).set_queue_limit(0));
  pool.Submit([&] { gate.Pass(); });
  int value = 0;
  EXPECT_EQ(BlockOn(RunVoid(pool, value)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(value, 0);
  gate.Open();
}

Task<void> RunAndReport(WorkerPool& pool, int& value, absl::Status& out) {
  absl::Status status = co_await RunVoid(pool, value);
  out = status;
}

TEST(OnWorkerTest, CancellationTakesAQueuedJobBack) {
  Gate gate;
  WorkerPool pool(WorkerPool::Options().set_max_threads(1));
  pool.Submit([&] { gate.Pass(); });
  int value = 0;
  absl::Status out;
  {
    EventLoop loop;
    Spawn(loop, RunAndReport(pool, value, out));
    loop.RunOnce();
    EXPECT_EQ(pool.queued(), 1u);
  }
  EXPECT_EQ(pool.queued(), 0u);
  EXPECT_EQ(out.code(), absl::StatusCode::kCancelled);
  gate.Open();
}

Task<void> PassGate(WorkerPool& pool, Gate& gate, bool& ended) {
  int local = 0;
  auto job = [&local, &gate] {
    gate.Pass();
    local = 1;
  };
  absl::Status status = co_await OnWorker(pool, job);
  ended = status.ok();
}

TEST(OnWorkerTest, ALoopThatEndsWaitsForTheJobThatUsesItsCoroutine) {
  Gate gate;
  WorkerPool pool;
  bool ended = false;
  std::thread opener([&] {
    gate.AwaitArrivals(1);
    std::this_thread::sleep_for(milliseconds(20));  // lint: allow sleep: earlier passes too
    gate.Open();
  });
  {
    EventLoop loop;
    Spawn(loop, PassGate(pool, gate, ended));
    loop.RunOnce();
    gate.AwaitArrivals(1);
  }
  opener.join();
  EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace weft
