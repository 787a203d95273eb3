#include <gtest/gtest.h>

#include <coroutine>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "io/loop_core.h"
#include "tests/support/manual_clock.h"
#include "weft/block_on.h"
#include "weft/event_loop.h"
#include "weft/sleep.h"
#include "weft/spawn.h"
#include "weft/task.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::weft::testing::ManualClock;

Task<void> SleepFor(Duration duration, std::string name, std::string& log) {
  absl::Status slept = co_await Sleep(duration);
  log += name + (slept.ok() ? " " : "! ");
}

TEST(SleepTest, WakesInTheOrderOfTheDeadlines) {
  ManualClock clock;
  EventLoop loop(EventLoop::Options().set_clock(clock));
  std::string log;
  Spawn(loop, SleepFor(seconds(20), "late", log));
  Spawn(loop, SleepFor(seconds(10), "early", log));
  loop.RunOnce();
  EXPECT_EQ(log, "");
  clock.Advance(seconds(10));
  loop.RunOnce();
  EXPECT_EQ(log, "early ");
  clock.Advance(seconds(10));
  loop.RunOnce();
  EXPECT_EQ(log, "early late ");
}

TEST(SleepTest, AZeroSleepLetsTheLoopMakeATurn) {
  EventLoop loop;
  std::string log;
  Spawn(loop, SleepFor(Duration::zero(), "done", log));
  loop.RunOnce();
  EXPECT_EQ(log, "");
  loop.RunOnce(seconds(10));
  EXPECT_EQ(log, "done ");
}

TEST(SleepTest, TheLongestSleepIsEndedByTheLoopsEnd) {
  std::string log;
  {
    EventLoop loop;
    Spawn(loop, SleepFor(Duration::max(), "forever", log));
    loop.RunOnce();
  }
  EXPECT_EQ(log, "forever! ");
}

TEST(SleepTest, StopCancelsWhatSleepsBeforeRunReturns) {
  std::string log;
  EventLoop loop;
  Spawn(loop, SleepFor(std::chrono::hours(1), "hour", log));
  loop.Post([&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(log, "hour! ");
}

TEST(SleepDeathTest, BlockOnHasNoTimers) {
  std::string log;
  EXPECT_DEATH(BlockOn(SleepFor(seconds(1), "x", log)), "has no timers");
}

Task<void> Mark(bool& ran) {
  ran = true;
  co_return;
}

TEST(SpawnTest, AStoppedLoopRefusesAndDropsTheTask) {
  EventLoop loop;
  loop.Stop();
  loop.Run();
  bool ran = false;
  EXPECT_FALSE(Spawn(loop, Mark(ran)));
  EXPECT_FALSE(ran);
}

TEST(SpawnTest, TasksFromManyThreadsRunOnTheLoop) {
  EventLoop loop;
  std::thread runner([&] { loop.Run(); });
  std::vector<std::thread> spawners;
  static constexpr int kEach = 50;
  bool ran[4][kEach] = {};
  for (auto& mine : ran) {
    spawners.emplace_back([&] {
      for (bool& flag : mine) EXPECT_TRUE(Spawn(loop, Mark(flag)));
    });
  }
  for (std::thread& spawner : spawners) spawner.join();
  loop.Stop();
  runner.join();
  for (auto& mine : ran) {
    for (bool flag : mine) EXPECT_TRUE(flag);
  }
}

// Resumes its awaiter on a thread of its own, as a foreign library would.
class ForeignThread {
 public:
  explicit ForeignThread(std::thread& thread) : thread_(thread) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    // Once it runs, the coroutine owns this awaiter's memory again.
    std::thread& thread = thread_;
    thread = std::thread([handle] { handle.resume(); });
  }
  void await_resume() const {}

 private:
  std::thread& thread_;
};

Task<void> GoAwayAndBack(EventLoop& loop, std::thread& thread, std::string& log) {
  log += loop.OnThread() ? "loop " : "elsewhere ";
  co_await ForeignThread(thread);
  log += loop.OnThread() ? "loop " : "elsewhere ";
  bool back = co_await ResumeOn(loop);
  log += back ? "back " : "lost ";
  log += loop.OnThread() ? "loop " : "elsewhere ";
  bool still = co_await ResumeOn(loop);
  log += still ? "still" : "lost";
  loop.Stop();
}

TEST(ResumeOnTest, ComesBackFromAForeignThread) {
  EventLoop loop;
  std::thread thread;
  std::string log;
  Spawn(loop, GoAwayAndBack(loop, thread, log));
  loop.Run();
  thread.join();
  EXPECT_EQ(log, "loop elsewhere back loop still");
}

}  // namespace
}  // namespace weft
