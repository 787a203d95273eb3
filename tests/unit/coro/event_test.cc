#include "weft/event.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "tests/support/test_executor.h"
#include "tests/support/test_root.h"

namespace weft {
namespace {

using testing::TestExecutor;
using testing::TestRoot;

Task<bool> WaitFor(Event& event) {
  bool set = co_await event.Wait();
  co_return set;
}

TEST(EventTest, WaiterGoesOnFromTheLoopAfterSet) {
  TestExecutor loop;
  Event event;
  TestRoot<bool> root(WaitFor(event));
  event.Set();
  EXPECT_EQ(root.done, 0);
  loop.RunAll();
  EXPECT_EQ(root.value, true);
}

TEST(EventTest, StaysSetUntilReset) {
  TestExecutor loop;
  Event event;
  event.Set();
  TestRoot<bool> first(WaitFor(event)), second(WaitFor(event));
  EXPECT_EQ(first.value, true);
  EXPECT_EQ(second.value, true);
  event.Reset();
  TestRoot<bool> third(WaitFor(event));
  EXPECT_EQ(third.done, 0);
}

TEST(EventTest, AutoResetLetsOneThroughInOrder) {
  TestExecutor loop;
  Event event(Event::Mode::kAutoReset);
  TestRoot<bool> first(WaitFor(event)), second(WaitFor(event));
  event.Set();
  loop.RunAll();
  EXPECT_EQ(first.done, 1);
  EXPECT_EQ(second.done, 0);
  event.Set();
  event.Set();
  loop.RunAll();
  EXPECT_EQ(second.done, 1);
  EXPECT_TRUE(event.is_set());
  TestRoot<bool> third(WaitFor(event));
  EXPECT_EQ(third.value, true);
  EXPECT_FALSE(event.is_set());
}

TEST(EventTest, CancelledScopeEndsTheWaitWithFalse) {
  TestExecutor loop;
  Event event;
  TestRoot<bool> root(WaitFor(event)), other(WaitFor(event));
  root.scope.Cancel();
  loop.RunAll();
  EXPECT_EQ(root.value, false);
  EXPECT_EQ(other.done, 0);
}

TEST(EventTest, WaitUnderACancelledScopeDoesNotSuspend) {
  TestExecutor loop;
  Event event;
  TestRoot<bool> root;
  root.scope.Cancel();
  root.Begin(WaitFor(event));
  EXPECT_EQ(root.value, false);
}

TEST(EventTest, SetBeforeCancelWins) {
  TestExecutor loop;
  Event event;
  TestRoot<bool> root(WaitFor(event));
  event.Set();
  root.scope.Cancel();
  loop.RunAll();
  EXPECT_EQ(root.value, true);
}

TEST(EventTest, DroppedWaiterIsForgottenWaitingOrWoken) {
  TestExecutor loop;
  Event event;
  std::optional<TestRoot<bool>> waiting(std::in_place), woken(std::in_place);
  woken->Begin(WaitFor(event));
  event.Set();
  event.Reset();
  waiting->Begin(WaitFor(event));
  woken.reset();
  waiting.reset();
  event.Set();
  EXPECT_EQ(loop.RunAll(), 0);
}

TEST(EventDeathTest, DestroyingItUnderAWaiterDies) {
  TestExecutor loop;
  EXPECT_DEATH(
      {
        Event event;
        TestRoot<bool> root(WaitFor(event));
        event.~Event();
      },
      "destroyed while coroutines wait");
}

TEST(EventDeathTest, WaitingWithoutALoopDies) {
  Event event;
  EXPECT_DEATH(TestRoot<bool> root(WaitFor(event)), "no event loop");
}

}  // namespace
}  // namespace weft
