#include "coro/task_set.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "base/log.h"
#include "tests/support/test_executor.h"
#include "weft/event.h"

namespace weft {
namespace {

using testing::TestExecutor;

Task<void> CountAfter(Event& event, int& set_count, int& cancel_count) {
  bool set = co_await event.Wait();
  ++(set ? set_count : cancel_count);
}

TEST(TaskSetTest, OwnsItsTasksUntilTheyEnd) {
  TestExecutor loop;
  Event event;
  int set = 0, cancelled = 0;
  internal::TaskSet tasks;
  for (int i = 0; i < 3; ++i) tasks.Spawn(CountAfter(event, set, cancelled));
  EXPECT_EQ(tasks.size(), 3u);
  event.Set();
  loop.RunAll();
  EXPECT_EQ(set, 3);
  EXPECT_EQ(tasks.size(), 0u);
}

TEST(TaskSetTest, CancelLetsTasksRunToTheirEnd) {
  TestExecutor loop;
  Event event;
  int set = 0, cancelled = 0;
  internal::TaskSet tasks;
  tasks.Spawn(CountAfter(event, set, cancelled));
  tasks.Cancel();
  tasks.Spawn(CountAfter(event, set, cancelled));
  loop.RunAll();
  EXPECT_EQ(cancelled, 2);
  EXPECT_EQ(tasks.size(), 0u);
}

TEST(TaskSetTest, EndDestroysWhatStillWaits) {
  TestExecutor loop;
  Event event;
  int set = 0, cancelled = 0;
  {
    internal::TaskSet tasks;
    tasks.Spawn(CountAfter(event, set, cancelled));
    tasks.Spawn(CountAfter(event, set, cancelled));
  }
  EXPECT_EQ(loop.RunAll(), 0);
  EXPECT_EQ(set + cancelled, 0);
  EXPECT_EQ(loop.frames().stats().live, 0u);
}

class LastLine final : public LogSink {
 public:
  LastLine() { SetLogSink(this); }
  ~LastLine() override { SetLogSink(nullptr); }
  void Write(LogLevel, std::string_view line) override { text = line; }
  std::string text;
};

Task<void> Throws() {
  throw std::runtime_error("no disk");
  co_return;
}

TEST(TaskSetTest, ExceptionIsLoggedWithTheTasksName) {
  TestExecutor loop;
  LastLine log;
  internal::TaskSet tasks;
  tasks.Spawn(Throws(), "saver");
  EXPECT_EQ(log.text, "a spawned task (saver) ended with an exception: no disk");
  EXPECT_EQ(tasks.size(), 0u);
}

}  // namespace
}  // namespace weft
