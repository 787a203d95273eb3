#include "io/loop_resident.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "buffer/limits.h"
#include "io/loop_core.h"
#include "io/loop_thread.h"
#include "tests/support/manual_clock.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

class Resident : public LoopResident {
 public:
  ~Resident() override { LeaveLoop(); }
  void OnLoopEnd() override { ++told; }
  using LoopResident::LeaveLoop;

  int told = 0;
};

TEST(LoopResidentTest, IsToldOfTheEndOnceUnlessItHasLeft) {
  Resident stopped;
  Resident destroyed;
  Resident left;
  {
    EventLoop loop;
    loop.core().AddResident(stopped);
    loop.core().AddResident(left);
    {
      Resident local;
      loop.core().AddResident(local);
    }
    left.LeaveLoop();
    loop.Stop();
    loop.Run();
    EXPECT_EQ(stopped.told, 1);
  }
  EXPECT_EQ(stopped.told, 1);
  EXPECT_EQ(left.told, 0);
  {
    EventLoop loop;
    loop.core().AddResident(destroyed);
  }
  EXPECT_EQ(destroyed.told, 1);
}

TEST(LoopResidentTest, MayLeaveAndDieWhenItIsTold) {
  class Fleeting final : public LoopResident {
   public:
    explicit Fleeting(bool& gone) : gone_(gone) {}
    ~Fleeting() override { gone_ = true; }
    void OnLoopEnd() override { delete this; }

   private:
    bool& gone_;
  };
  bool gone = false;
  {
    EventLoop loop;
    loop.core().AddResident(*new Fleeting(gone));
  }
  EXPECT_TRUE(gone);
}

TEST(LoopResidentTest, OneThatComesWhileTheLoopEndsIsToldToo) {
  class Inviting final : public LoopResident {
   public:
    Inviting(EventLoop& loop, Resident& other) : loop_(loop), other_(other) {}
    void OnLoopEnd() override { loop_.core().AddResident(other_); }

   private:
    EventLoop& loop_;
    Resident& other_;
  };
  Resident late;
  Resident too_late;
  EventLoop loop;
  Inviting inviting(loop, late);
  loop.core().AddResident(inviting);
  loop.Stop();
  loop.Run();
  EXPECT_EQ(late.told, 1);
  loop.core().AddResident(too_late);
  EXPECT_EQ(too_late.told, 0);
}

// Channels and servers are made and destroyed on any thread while their loop runs.
TEST(LoopResidentTest, ManyThreadsComeAndGoWhileTheLoopRunsAndEnds) {
  constexpr int kThreads = 3;
  auto loop = std::make_unique<EventLoop>();
  EventLoop& core = *loop;
  LoopThread thread(std::move(loop));
  std::vector<std::unique_ptr<Resident>> stay;
  for (int i = 0; i < kThreads; ++i) stay.push_back(std::make_unique<Resident>());
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&core, last = stay[static_cast<std::size_t>(t)].get()] {
      for (int i = 0; i < 20'000; ++i) {
        Resident passing;
        core.core().AddResident(passing);
      }
      core.core().AddResident(*last);
    });
  }
  for (std::thread& each : threads) each.join();
  thread.Stop();
  for (const auto& each : stay) EXPECT_EQ(each->told, 1);
}

TEST(LoopResidentTest, IsAskedForIdleMemoryUntilItKeepsNone) {
  class Keeper final : public LoopResident {
   public:
    ~Keeper() override { LeaveLoop(); }
    void OnLoopEnd() override {}
    std::size_t Trim(TimePoint now) override {
      asked_at.push_back(now);
      return kept == 0 ? 0 : --kept;
    }

    std::size_t kept = 2;
    std::vector<TimePoint> asked_at;
  };
  testing::ManualClock clock;
  EventLoop loop(EventLoop::Options().set_clock(clock));
  Keeper keeper;
  loop.core().AddResident(keeper);
  loop.RunOnce(Duration::zero());
  // Asking alone must not call for the next time.
  for (std::size_t asked = 1; asked <= 4; ++asked) {
    clock.Advance(kPoolTrimInterval + std::chrono::milliseconds(100));
    loop.core().timers().Advance(clock.Now());
    EXPECT_EQ(keeper.asked_at.size(), std::min<std::size_t>(asked, 2)) << asked;
  }
  ASSERT_EQ(keeper.asked_at.size(), 2u);
  EXPECT_LT(keeper.asked_at[0], keeper.asked_at[1]);
}

TEST(LoopResidentTest, LeavingWaitsForTheCallThatAnotherThreadIsIn) {
  class Slow final : public LoopResident {
   public:
    ~Slow() override { LeaveLoop(); }
    void OnLoopEnd() override {
      told.set_value();
      leaver_runs.get_future().wait();
      for (int i = 0; i < 1000; ++i) std::this_thread::yield();
      ended = true;  // not atomic: only the handshake keeps this from being a race
    }
    using LoopResident::LeaveLoop;

    std::promise<void> told;
    std::promise<void> leaver_runs;
    bool ended = false;
  };
  EventLoop loop;
  Slow slow;
  loop.core().AddResident(slow);
  std::thread leaver([&slow] {
    slow.told.get_future().wait();
    slow.leaver_runs.set_value();
    slow.LeaveLoop();
    EXPECT_TRUE(slow.ended);
  });
  loop.Stop();
  loop.Run();
  leaver.join();
}

}  // namespace
}  // namespace weft::internal
