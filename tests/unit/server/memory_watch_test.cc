#include "server/memory_watch.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

#include "buffer/limits.h"
#include "server/server_call.h"
#include "tests/support/manual_clock.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

class FakeTenant final : public MemoryTenant {
 public:
  explicit FakeTenant(std::size_t stalled = 0) : unsent(stalled) {}

  std::string_view peer() const override { return "fake"; }
  void HoldCredit(bool hold) override { holds = hold; }
  bool LendCredit() override { return false; }
  bool credit_held() const override { return false; }
  std::size_t unsent_bytes() override { return unsent; }
  std::optional<std::int64_t> moved_bytes() const override { return moved; }
  void CutOff(const absl::Status& why) override {
    cut_off = why;
    unsent = 0;
  }

  bool holds = false;
  std::size_t unsent;
  std::optional<std::int64_t> moved = 0;
  absl::Status cut_off;
};

// One of a server's loops, without calls.
struct Side {
  explicit Side(BudgetCount& budget)
      : loop(EventLoop::Options().set_clock(clock)), watch(budget, loop.core(), calls) {}
  // Moves the clock by whole ticks.
  void Ticks(Duration time) {
    for (; time > Duration::zero(); time -= kBudgetTick) {
      clock.Advance(kBudgetTick);
      loop.RunOnce(Duration::zero());
    }
  }

  testing::ManualClock clock;
  EventLoop loop;
  IntrusiveList<ServerCall> calls;
  MemoryWatch watch;
};

TEST(MemoryWatchTest, WhoCameWhileAnotherLoopFilledTheBudgetIsLetGoAgain) {
  BudgetCount budget(kMiB);
  Side busy(budget);
  Side light(budget);
  std::optional<ChunkPool::Charge> held = busy.loop.core().chunks().ChargeFor(2 * kMiB);
  busy.loop.RunOnce(Duration::zero());
  ASSERT_EQ(budget.level(), BudgetCount::Level::kFull);
  FakeTenant tenant;
  light.watch.Add(tenant);
  EXPECT_TRUE(tenant.holds);
  EXPECT_TRUE(light.watch.Refuses(tenant, "/p.S/M"));
  light.loop.RunOnce(Duration::zero());
  EXPECT_TRUE(tenant.holds);

  held.reset();
  busy.loop.RunOnce(Duration::zero());
  ASSERT_EQ(budget.level(), BudgetCount::Level::kFree);
  light.Ticks(2 * kBudgetTick);
  EXPECT_FALSE(tenant.holds);
  EXPECT_FALSE(light.watch.Refuses(tenant, "/p.S/M"));
}

// A loop whose budget is full, so far by something that is no connection's.
class CutOffTest : public ::testing::Test {
 protected:
  CutOffTest() { side.loop.RunOnce(Duration::zero()); }

  BudgetCount budget{kMiB};
  Side side{budget};
  std::optional<ChunkPool::Charge> held = side.loop.core().chunks().ChargeFor(2 * kMiB);
};

TEST_F(CutOffTest, LargestFirstOneATickOnceTheirPatienceIsOver) {
  FakeTenant small(kLeastStalled);
  FakeTenant large(10 * kLeastStalled);
  FakeTenant least(kLeastStalled - 1);
  for (FakeTenant* tenant : {&small, &large, &least}) side.watch.Add(*tenant);
  side.Ticks(kStallPatience - kBudgetTick);
  EXPECT_TRUE(large.cut_off.ok());
  for (int i = 0; i < 3 && large.cut_off.ok(); ++i) side.Ticks(kBudgetTick);
  EXPECT_TRUE(absl::IsUnavailable(large.cut_off)) << large.cut_off;
  EXPECT_TRUE(small.cut_off.ok());
  side.Ticks(kBudgetTick);
  EXPECT_TRUE(absl::IsUnavailable(small.cut_off));
  side.Ticks(2 * kStallPatience);
  EXPECT_TRUE(least.cut_off.ok());
}

TEST_F(CutOffTest, WhoMovesOrCannotBeSeenToIsLetBe) {
  FakeTenant moves(kMiB);
  FakeTenant unseen(kMiB);
  unseen.moved.reset();
  side.watch.Add(moves);
  side.watch.Add(unseen);
  for (int i = 0; i < 10; ++i) {
    side.Ticks(kStallPatience - 2 * kBudgetTick);
    *moves.moved += kLeastStalled;
  }
  EXPECT_TRUE(moves.cut_off.ok());
  EXPECT_TRUE(unseen.cut_off.ok());
  // What is pulled for it and not written, or PINGs that come and go, are no movement.
  for (int i = 0; i < 10 && moves.cut_off.ok(); ++i) {
    side.Ticks(kStallPatience / 4);
    *moves.moved += i % 2 == 0 ? -100 : 100;
  }
  EXPECT_FALSE(moves.cut_off.ok());
}

TEST_F(CutOffTest, WhoMovesALittleNowAndThenIsNotLetBe) {
  FakeTenant tenant(kMiB);
  side.watch.Add(tenant);
  for (int i = 0; i < 10 && tenant.cut_off.ok(); ++i) {
    side.Ticks(kStallPatience / 4);
    *tenant.moved += kLeastStalled / 8;
  }
  EXPECT_FALSE(tenant.cut_off.ok());
}

TEST_F(CutOffTest, PatienceGoesOnWhileTheBudgetIsTight) {
  FakeTenant tenant(kMiB);
  side.watch.Add(tenant);
  for (int i = 0; i < 6; ++i) {
    held = side.loop.core().chunks().ChargeFor(2 * kMiB);
    side.Ticks(kStallPatience / 5);
    held = side.loop.core().chunks().ChargeFor(kMiB * 3 / 4);
    side.Ticks(kBudgetTick);
    ASSERT_EQ(budget.level(), BudgetCount::Level::kTight);
  }
  EXPECT_FALSE(tenant.cut_off.ok());
}

TEST_F(CutOffTest, PatienceBeginsWhenTheBudgetBecomesFull) {
  FakeTenant tenant(kMiB);
  held.reset();
  side.watch.Add(tenant);
  side.Ticks(2 * kStallPatience);
  for (int i = 0; i < 3; ++i) {
    held = side.loop.core().chunks().ChargeFor(2 * kMiB);
    side.Ticks(kStallPatience - 2 * kBudgetTick);
    held.reset();
    side.Ticks(2 * kBudgetTick);
  }
  EXPECT_TRUE(tenant.cut_off.ok());
  EXPECT_EQ(budget.level(), BudgetCount::Level::kFree);
}

TEST(MemoryWatchTest, LoopThatIsAskedSeesThatAnotherFilledTheBudget) {
  BudgetCount budget(kMiB);
  Side busy(budget);
  Side light(budget);
  FakeTenant tenant(kLargestChunk);
  light.watch.Add(tenant);
  const ChunkPool::Charge held = busy.loop.core().chunks().ChargeFor(2 * kMiB);
  light.Ticks(kStallPatience);
  EXPECT_FALSE(tenant.holds);
  EXPECT_TRUE(light.watch.Refuses(tenant, "/p.S/M"));
  light.Ticks(kBudgetTick);
  EXPECT_TRUE(tenant.holds);
  light.Ticks(kStallPatience + kBudgetTick);
  EXPECT_FALSE(tenant.cut_off.ok());
}

TEST(MemoryWatchTest, LoopThatNobodyAsksSeesThatAnotherFilledTheBudget) {
  BudgetCount budget(kMiB);
  Side busy(budget);
  Side still(budget);
  FakeTenant tenant(2 * kUseStep);
  still.watch.Add(tenant);
  const ChunkPool::Charge its = still.loop.core().chunks().ChargeFor(tenant.unsent);
  still.loop.RunOnce(Duration::zero());
  const ChunkPool::Charge held = busy.loop.core().chunks().ChargeFor(kMiB);
  ASSERT_EQ(budget.level(), BudgetCount::Level::kFull);
  still.Ticks(kBudgetGlance + kBudgetTick);
  EXPECT_TRUE(tenant.holds);
  still.Ticks(kStallPatience + kBudgetTick);
  EXPECT_FALSE(tenant.cut_off.ok());
}

// Beside a loop that does the same, without a watch.
TEST(MemoryWatchTest, TimerRestsOnceTheLoopHoldsNothing) {
  BudgetCount budget(kMiB);
  Side side(budget);
  EventLoop plain(EventLoop::Options().set_clock(side.clock));
  const auto own_timers_after = [&](Duration time) {
    for (; time > Duration::zero(); time -= kBudgetTick) {
      side.clock.Advance(kBudgetTick);
      side.loop.RunOnce(Duration::zero());
      plain.RunOnce(Duration::zero());
    }
    return static_cast<int>(side.loop.core().timers().size()) -
           static_cast<int>(plain.core().timers().size());
  };
  std::optional<ChunkPool::Charge> held = side.loop.core().chunks().ChargeFor(2 * kUseStep);
  std::optional<ChunkPool::Charge> same = plain.core().chunks().ChargeFor(2 * kUseStep);
  EXPECT_EQ(own_timers_after(kBudgetTick), 1);
  EXPECT_EQ(own_timers_after(3 * kBudgetGlance), 1);
  held.reset();
  same.reset();
  EXPECT_EQ(own_timers_after(kBudgetGlance + kBudgetTick), 0);
}

TEST(MemoryWatchTest, WhoJoinsALoopThatHoldsSomethingCountsIt) {
  BudgetCount budget(kMiB);
  EventLoop loop;
  const ChunkPool::Charge held = loop.core().chunks().ChargeFor(2 * kMiB);
  IntrusiveList<ServerCall> calls;
  const FakeTenant tenant;
  std::optional<MemoryWatch> first(std::in_place, budget, loop.core(), calls);
  EXPECT_EQ(budget.used(), 2 * kMiB);
  first.reset();
  EXPECT_EQ(budget.used(), 0u);
  // The pool has told of it before.
  MemoryWatch second(budget, loop.core(), calls);
  EXPECT_EQ(budget.used(), 2 * kMiB);
  EXPECT_TRUE(second.Refuses(tenant, "/p.S/M"));
}

TEST(MemoryWatchTest, WhatWasGivenBackElsewhereAndTakenAgainCounts) {
  BudgetCount budget(kMiB);
  Side side(budget);
  std::optional<ChunkPool::Charge> held = side.loop.core().chunks().ChargeFor(kMiB / 4);
  side.loop.RunOnce(Duration::zero());
  std::thread([&held] { held.reset(); }).join();
  side.clock.Advance(kBudgetGlance + kBudgetTick);
  side.loop.RunOnce(Duration::zero());
  EXPECT_EQ(budget.used(), 0u);
  held = side.loop.core().chunks().ChargeFor(kMiB / 4);
  EXPECT_EQ(budget.used(), kMiB / 4);
}

TEST(MemoryWatchTest, WhatALoopOfTwoServersHoldsCountsOnce) {
  BudgetCount budget(kMiB);
  Side side(budget);
  std::optional<MemoryWatch> second(std::in_place, budget, side.loop.core(), side.calls);
  std::optional<MemoryWatch> third(std::in_place, budget, side.loop.core(), side.calls);
  FakeTenant tenant;
  third->Add(tenant);
  std::optional<ChunkPool::Charge> held = side.loop.core().chunks().ChargeFor(2 * kMiB);
  side.loop.RunOnce(Duration::zero());
  EXPECT_EQ(budget.used(), 2 * kMiB);
  EXPECT_TRUE(tenant.holds);

  // It goes on counting for who is left.
  side.watch.Leave();
  second.reset();
  EXPECT_EQ(budget.used(), 2 * kMiB);
  EXPECT_TRUE(tenant.holds);
  held.reset();
  side.Ticks(2 * kBudgetTick);
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_FALSE(tenant.holds);
}

}  // namespace
}  // namespace weft::internal
