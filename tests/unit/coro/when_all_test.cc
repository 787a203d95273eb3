#include "weft/when_all.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/test_executor.h"
#include "tests/support/test_root.h"
#include "weft/event.h"

namespace weft {
namespace {

using testing::TestExecutor;
using testing::TestRoot;

Task<int> NumberAfter(Event& event, int n) {
  bool set = co_await event.Wait();
  co_return set ? n : -n;
}

Task<std::unique_ptr<int>> Box(int n) { co_return std::make_unique<int>(n); }

Task<void> SetIt(Event& event) {
  event.Set();
  co_return;
}

Task<int> SumOfThree(Event& event) {
  std::tuple<int, std::unique_ptr<int>, std::monostate> all =
      co_await WhenAll(NumberAfter(event, 1), Box(20), SetIt(event));
  co_return std::get<0>(all) + *std::get<1>(all);
}

TEST(WhenAllTest, RunsSideBySideAndGivesResultsInOrder) {
  TestExecutor loop;
  Event event;
  TestRoot<int> root(SumOfThree(event));
  EXPECT_EQ(root.done, 0);
  loop.RunAll();
  EXPECT_EQ(root.value, 21);
}

Task<int> AllReady() {
  std::tuple<std::unique_ptr<int>, std::unique_ptr<int>> both = co_await WhenAll(Box(1), Box(2));
  co_return *std::get<0>(both) + *std::get<1>(both);
}

TEST(WhenAllTest, DoesNotSuspendWhenAllEndAtOnce) {
  TestExecutor loop;
  TestRoot<int> root(AllReady());
  EXPECT_EQ(root.value, 3);
}

Task<std::vector<int>> Many(Event& event, int count) {
  std::vector<Task<int>> tasks;
  for (int i = 0; i < count; ++i) tasks.push_back(NumberAfter(event, i));
  std::vector<int> results = co_await WhenAll(std::move(tasks));
  co_return results;
}

TEST(WhenAllTest, TakesAVectorOfTasks) {
  TestExecutor loop;
  Event event;
  TestRoot<std::vector<int>> root(Many(event, 5));
  event.Set();
  loop.RunAll();
  EXPECT_EQ(root.value, (std::vector<int>{0, 1, 2, 3, 4}));
  TestRoot<std::vector<int>> empty(Many(event, 0));
  EXPECT_EQ(empty.value, std::vector<int>());
}

Task<void> ThrowAfter(Event& event, std::string text) {
  bool set = co_await event.Wait();
  static_cast<void>(set);
  throw std::runtime_error(text);
}

Task<void> MarkAfter(Event& event, bool& ran) {
  bool set = co_await event.Wait();
  ran = set;
}

Task<std::string> AllWithThrows(Event& first, Event& second, bool& ran) {
  std::string caught;
  try {
    std::vector<Task<void>> tasks;
    tasks.push_back(ThrowAfter(second, "late but first argument"));
    tasks.push_back(ThrowAfter(first, "early"));
    tasks.push_back(MarkAfter(second, ran));
    co_await WhenAll(std::move(tasks));
  } catch (const std::runtime_error& e) {
    caught = e.what();
  }
  co_return caught;
}

TEST(WhenAllTest, AllRunToTheirEndThenTheFirstExceptionIsRethrown) {
  TestExecutor loop;
  Event first, second;
  bool ran = false;
  TestRoot<std::string> root(AllWithThrows(first, second, ran));
  first.Set();
  loop.RunAll();
  EXPECT_EQ(root.done, 0);
  second.Set();
  loop.RunAll();
  EXPECT_TRUE(ran);
  EXPECT_EQ(root.value, "late but first argument");
}

TEST(WhenAllTest, CancellationReachesEveryTask) {
  TestExecutor loop;
  Event event;
  TestRoot<std::vector<int>> root(Many(event, 3));
  root.scope.Cancel();
  loop.RunAll();
  EXPECT_EQ(root.value, (std::vector<int>{0, -1, -2}));
}

TEST(WhenAllTest, DroppingTheAwaiterDropsAllAtAnyPoint) {
  for (int sets = 0; sets <= 3; ++sets) {
    TestExecutor loop;
    Event event(Event::Mode::kAutoReset);
    {
      TestRoot<std::vector<int>> root(Many(event, 3));
      for (int i = 0; i < sets; ++i) event.Set();
      if (sets == 2) loop.RunOne();
    }
    EXPECT_EQ(loop.RunAll(), 0);
    EXPECT_EQ(loop.frames().stats().live, 0u);
  }
}

Task<int> ReadyMany(int rounds) {
  int sum = 0;
  for (int i = 0; i < rounds; ++i) {
    std::tuple<std::unique_ptr<int>, std::unique_ptr<int>> both = co_await WhenAll(Box(1), Box(1));
    sum += *std::get<0>(both) + *std::get<1>(both);
  }
  co_return sum;
}

TEST(WhenAllTest, ManyInARowDoNotGrowTheStack) {
  TestExecutor loop;
  TestRoot<int> root(ReadyMany(100'000));
  loop.RunAll();
  EXPECT_EQ(root.value, 200'000);
}

}  // namespace
}  // namespace weft
