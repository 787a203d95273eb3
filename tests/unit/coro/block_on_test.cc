#include "weft/block_on.h"

#include <gtest/gtest.h>

#include <coroutine>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/test_executor.h"
#include "weft/event.h"
#include "weft/internal/cancel_scope.h"
#include "weft/internal/thread_context.h"
#include "weft/internal/waiter.h"
#include "weft/when_all.h"

namespace weft {
namespace {

// Completes on a thread of its own.
class FromThread {
 public:
  FromThread(std::vector<std::thread>& threads, int value) : threads_(threads), value_(value) {}
  bool await_ready() const noexcept { return false; }
  template <typename P>
  void await_suspend(std::coroutine_handle<P> handle) {
    waiter_.Suspend(handle);
    threads_.emplace_back([this] {
      result_ = value_;
      waiter_.WakeFromAnyThread();
    });
  }
  int await_resume() const noexcept { return result_; }

 private:
  std::vector<std::thread>& threads_;
  int value_;
  int result_ = 0;
  internal::Waiter waiter_;
};

Task<int> SumFromThreads(std::vector<std::thread>& threads, std::thread::id& resumed_on) {
  int sum = 0;
  for (int i = 1; i <= 3; ++i) {
    int value = co_await FromThread(threads, i);
    sum += value;
  }
  resumed_on = std::this_thread::get_id();
  co_return sum;
}

TEST(BlockOnTest, SleepsUntilTheTaskHasEndedAndResumesItHere) {
  std::vector<std::thread> threads;
  std::thread::id resumed_on;
  EXPECT_EQ(BlockOn(SumFromThreads(threads, resumed_on)), 6);
  EXPECT_EQ(resumed_on, std::this_thread::get_id());
  for (std::thread& thread : threads) thread.join();
}

Task<void> Throws() {
  throw std::runtime_error("x");
  co_return;
}

TEST(BlockOnTest, RethrowsTheTasksException) {
  EXPECT_THROW(BlockOn(Throws()), std::runtime_error);
}

Task<long> ManyAwaits() {
  long sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::vector<std::thread> none;
    Event event;
    event.Set();
    bool set = co_await event.Wait();
    sum += set ? 1 : 0;
  }
  co_return sum;
}

TEST(BlockOnTest, RunsWhatNeedsNoThread) { EXPECT_EQ(BlockOn(ManyAwaits()), 10'000); }

Task<int> Nothing() { co_return 0; }

Task<void> SpinUntil(const bool& flag) {
  while (!flag) {
    int nothing = co_await Nothing();
    (void)nothing;
  }
}

Task<void> SetFromThread(std::vector<std::thread>& threads, bool& flag) {
  int value = co_await FromThread(threads, 1);
  flag = value == 1;
}

Task<void> SpinBesideAWait(std::vector<std::thread>& threads) {
  bool flag = false;
  co_await WhenAll(SpinUntil(flag), SetFromThread(threads, flag));
}

TEST(BlockOnTest, WhatIsPostedGetsItsTurnBesideATaskThatIsAlwaysReady) {
  std::vector<std::thread> threads;
  BlockOn(SpinBesideAWait(threads));
  for (std::thread& thread : threads) thread.join();
}

Task<bool> WaitFor(Event& event, std::promise<void>& waits) {
  waits.set_value();
  bool set = co_await event.Wait();
  co_return set;
}

TEST(BlockOnTest, CancellationOfTheBlockedCodeEndsItsTask) {
  internal::CancelScope scope{internal::CancelScope::SpansTwoThreads()};
  std::promise<void> waits;
  std::thread canceller([&] {
    waits.get_future().wait();
    scope.Cancel();
  });
  internal::ThreadContext context;
  context.scope = &scope;
  {
    const internal::ThreadContextScope current(&context);
    Event never;
    EXPECT_FALSE(BlockOn(WaitFor(never, waits)));
    std::promise<void> again;
    EXPECT_FALSE(BlockOn(WaitFor(never, again))) << "it is cancelled from the start";
  }
  canceller.join();
}

class Counted final : public internal::Runnable {
 public:
  explicit Counted(int& runs) : runs_(runs) {}
  ~Counted() = default;
  void Run() override { ++runs_; }

 private:
  int& runs_;
};

Task<void> LeaveInTheQueues(Counted& posted, Counted& scheduled) {
  internal::Executor& here = *internal::CurrentThreadContext()->executor;
  here.Post(posted);
  here.Schedule(scheduled);
  co_return;
}

TEST(BlockOnTest, WhatStillStandsInItsQueuesAtTheEndIsRun) {
  int runs = 0;
  Counted posted(runs);
  Counted scheduled(runs);
  BlockOn(LeaveInTheQueues(posted, scheduled));
  EXPECT_EQ(runs, 2);
}

TEST(BlockOnTest, LeavesTheThreadAsItWas) {
  EXPECT_EQ(BlockOn(ManyAwaits()), 10'000);
  EXPECT_EQ(internal::CurrentThreadContext(), nullptr);
}

TEST(BlockOnDeathTest, DiesOnALoopThread) {
  testing::TestExecutor loop;
  EXPECT_DEATH(BlockOn(ManyAwaits()), "would block the loop");
}

}  // namespace
}  // namespace weft
