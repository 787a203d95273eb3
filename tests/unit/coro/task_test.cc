#include "weft/task.h"

#include <gtest/gtest.h>

#include <coroutine>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/test_executor.h"
#include "tests/support/test_root.h"
#include "weft/event.h"

namespace weft {
namespace {

using testing::TestExecutor;
using testing::TestRoot;

Task<int> Number(int n) { co_return n; }

Task<int> Sum(int n) {
  int a = co_await Number(n);
  int b = co_await Number(n + 1);
  co_return a + b;
}

TEST(TaskTest, GivesItsValueToItsAwaiter) {
  TestExecutor loop;
  TestRoot<int> root(Sum(20));
  EXPECT_EQ(root.done, 1);
  EXPECT_EQ(root.value, 41);
}

TEST(TaskTest, RunsWithoutAnyContext) {
  TestRoot<int> root(Sum(1));
  EXPECT_EQ(root.value, 3);
}

Task<void> Mark(bool& ran) {
  ran = true;
  co_return;
}

TEST(TaskTest, DoesNotRunUntilAwaited) {
  TestExecutor loop;
  bool ran = false;
  {
    Task<void> task = Mark(ran);
  }
  EXPECT_FALSE(ran);
  TestRoot<void> root(Mark(ran));
  EXPECT_TRUE(ran);
  EXPECT_EQ(root.done, 1);
}

Task<std::unique_ptr<int>> MakeBox(std::unique_ptr<int> box) {
  ++*box;
  co_return box;
}

Task<std::unique_ptr<int>> PassBox() {
  std::unique_ptr<int> box = co_await MakeBox(std::make_unique<int>(4));
  co_return box;
}

TEST(TaskTest, CarriesMoveOnlyValues) {
  TestExecutor loop;
  TestRoot<std::unique_ptr<int>> root(PassBox());
  ASSERT_TRUE(root.value.has_value());
  EXPECT_EQ(**root.value, 5);
}

class NoDefault {
 public:
  explicit NoDefault(int n) : n_(n) {}
  int n() const { return n_; }

 private:
  int n_;
};

Task<NoDefault> MakeNoDefault() { co_return NoDefault(3); }

TEST(TaskTest, ValueNeedsNoDefaultConstructor) {
  TestExecutor loop;
  TestRoot<NoDefault> root(MakeNoDefault());
  EXPECT_EQ(root.value->n(), 3);
}

Task<int> Throws() {
  throw std::runtime_error("broken");
  co_return 1;
}

Task<std::string> Catches() {
  std::string caught;
  try {
    int n = co_await Throws();
    caught = std::to_string(n);
  } catch (const std::runtime_error& e) {
    caught = e.what();
  }
  co_return caught;
}

TEST(TaskTest, ExceptionComesOutAtTheAwait) {
  TestExecutor loop;
  TestRoot<std::string> root(Catches());
  EXPECT_EQ(root.value, "broken");
}

Task<int> PassesOn() {
  int n = co_await Throws();
  co_return n;
}

TEST(TaskTest, ExceptionOfTheRootComesOutOfTake) {
  TestExecutor loop;
  TestRoot<int> root(PassesOn());
  EXPECT_EQ(root.done, 1);
  EXPECT_THROW(std::rethrow_exception(root.exception), std::runtime_error);
}

Task<void> VoidThrows() {
  throw std::runtime_error("void");
  co_return;
}

TEST(TaskTest, ExceptionOfAVoidTaskComesOut) {
  TestExecutor loop;
  TestRoot<void> root(VoidThrows());
  EXPECT_NE(root.exception, nullptr);
}

// Without optimised sibling calls every synchronous await would deepen the stack.
Task<long> ManyAwaits(long n) {
  long sum = 0;
  for (long i = 0; i < n; ++i) {
    int one = co_await Number(1);
    sum += one;
  }
  co_return sum;
}

TEST(TaskTest, MillionSynchronousAwaitsDoNotGrowTheStack) {
  TestExecutor loop;
  TestRoot<long> root(ManyAwaits(1'000'000));
  loop.RunAll();
  EXPECT_EQ(root.value, 1'000'000);
  EXPECT_EQ(root.stuck, 0);
}

TEST(TaskTest, EndlessSynchronousAwaitsLetOthersRun) {
  TestExecutor loop;
  TestRoot<long> first(ManyAwaits(1000));
  TestRoot<long> second(ManyAwaits(1000));
  EXPECT_EQ(first.done + second.done, 0);
  int turns = 0;
  while (second.done == 0 && loop.RunOne()) ++turns;
  EXPECT_EQ(first.done, 1);
  // The first turn of each was its start.
  EXPECT_GE(turns, 2 * (1000 / static_cast<int>(internal::kMaxInlineCompletions) - 1));
}

TEST(TaskTest, MayBeDroppedWhileItWaitsForItsTurn) {
  TestExecutor loop;
  {
    TestRoot<long> root(ManyAwaits(1000));
    EXPECT_TRUE(root.queued());
  }
  EXPECT_EQ(loop.RunAll(), 0);
  EXPECT_EQ(loop.frames().stats().live, 0u);
}

Task<int> Descend(int depth) {
  if (depth == 0) co_return 0;
  int below = co_await Descend(depth - 1);
  co_return below + 1;
}

TEST(TaskTest, DeepChainUnwinds) {
  TestExecutor loop;
  TestRoot<int> root(Descend(2000));
  loop.RunAll();
  EXPECT_EQ(root.value, 2000);
}

class Guard {
 public:
  explicit Guard(int& destroyed) : destroyed_(destroyed) {}
  ~Guard() { ++destroyed_; }

 private:
  int& destroyed_;
};

Task<void> HoldAndWait(Event& event, int& destroyed) {
  Guard guard(destroyed);
  bool set = co_await event.Wait();
  static_cast<void>(set);
}

Task<void> Around(Event& event, int& destroyed) {
  Guard guard(destroyed);
  co_await HoldAndWait(event, destroyed);
}

TEST(TaskTest, DroppingASuspendedChainDestroysItsLocals) {
  TestExecutor loop;
  Event event;
  int destroyed = 0;
  {
    TestRoot<void> root(Around(event, destroyed));
    EXPECT_EQ(destroyed, 0);
    EXPECT_TRUE(root.active());
  }
  EXPECT_EQ(destroyed, 2);
  EXPECT_EQ(loop.frames().stats().live, 0u);
}

TEST(TaskTest, RootIsReusable) {
  TestExecutor loop;
  Event event;
  int destroyed = 0;
  TestRoot<void> root(Around(event, destroyed));
  root.Drop();
  EXPECT_FALSE(root.active());
  event.Set();
  root.Begin(Around(event, destroyed));
  EXPECT_EQ(root.done, 1);
  EXPECT_EQ(destroyed, 4);
}

TEST(TaskTest, MoveAssignmentDropsTheFormerCoroutine) {
  TestExecutor loop;
  Task<int> task = Number(1);
  task = Number(2);
  EXPECT_EQ(loop.frames().stats().live, 1u);
  TestRoot<int> root(std::move(task));
  EXPECT_FALSE(task);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(root.value, 2);
}

Task<int> AwaitTwice() {
  Task<int> task = Number(1);
  int a = co_await std::move(task);
  int b = co_await std::move(task);
  co_return a + b;
}

TEST(TaskDeathTest, AwaitingAnEmptyTaskDies) {
  TestExecutor loop;
  EXPECT_DEATH(TestRoot<int> root(AwaitTwice()), "awaited that is empty");
}

// Awaitables of every form that the language knows.
class ReadyAwaiter {
 public:
  explicit ReadyAwaiter(int n) : n_(n) {}
  ReadyAwaiter(const ReadyAwaiter&) = delete;
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int await_resume() const noexcept { return n_; }

 private:
  int n_;
};

class NotReally {
 public:
  explicit NotReally(int n) : n_(n) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
  int await_resume() const noexcept { return n_; }

 private:
  int n_;
};

class BackAtOnce {
 public:
  explicit BackAtOnce(int n) : n_(n) {}
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> handle) const noexcept {
    return handle;
  }
  int& await_resume() noexcept { return n_; }

 private:
  int n_;
};

class MemberAwaitable {
 public:
  ReadyAwaiter operator co_await() const { return ReadyAwaiter(10); }
};

class FreeAwaitable {
 public:
  FreeAwaitable() = default;
};
NotReally operator co_await(const FreeAwaitable&) { return NotReally(20); }

Task<int> AwaitAllForms() {
  int a = co_await ReadyAwaiter(1);
  int b = co_await NotReally(2);
  BackAtOnce named(3);
  int& c = co_await named;
  c = 4;
  int again = co_await named;
  int d = co_await MemberAwaitable();
  MemberAwaitable kept;
  int e = co_await kept;
  int f = co_await FreeAwaitable();
  co_return a + b + again + d + e + f;
}

TEST(TaskTest, AwaitsEveryKindOfAwaitable) {
  TestExecutor loop;
  TestRoot<int> root(AwaitAllForms());
  EXPECT_EQ(root.value, 1 + 2 + 4 + 10 + 10 + 20);
  EXPECT_EQ(root.stuck, 0);
}

class ThrowingAwaiter {
 public:
  ThrowingAwaiter() = default;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("suspend"); }
  void await_resume() const noexcept {}
};

Task<int> AwaitThrowing() {
  int caught = 0;
  try {
    co_await ThrowingAwaiter();
  } catch (const std::runtime_error&) {
    caught = 1;
  }
  int more = co_await Number(caught);
  co_return more + caught;
}

TEST(TaskTest, ExceptionOfAwaitSuspendComesOutAtTheAwait) {
  TestExecutor loop;
  TestRoot<int> root(AwaitThrowing());
  EXPECT_EQ(root.value, 2);
  EXPECT_EQ(root.stuck, 0);
}

// A coroutine type that is not Weft's.
class Foreign {
 public:
  class promise_type {
   public:
    Foreign get_return_object() { return Foreign(); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Task<int> WaitThenSum(Event& event) {
  bool set = co_await event.Wait();
  const int more = set ? 1 : 0;
  int sum = co_await Sum(more);
  co_return sum;
}

Foreign AwaitFromOutside(Event& event, int& result) {
  int sum = co_await WaitThenSum(event);
  result = sum;
}

TEST(TaskTest, MayBeAwaitedByAForeignCoroutine) {
  TestExecutor loop;
  Event event;
  int result = 0;
  AwaitFromOutside(event, result);
  EXPECT_EQ(result, 0);
  event.Set();
  loop.RunAll();
  EXPECT_EQ(result, 3);
  EXPECT_EQ(loop.context().running, nullptr);
  EXPECT_EQ(loop.frames().stats().live, 0u);
}

}  // namespace
}  // namespace weft
