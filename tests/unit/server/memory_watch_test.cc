#include "server/memory_watch.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

#include "buffer/limits.h"
#include "server/server_call.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

class FakeTenant final : public MemoryTenant {
 public:
  std::string_view peer() const override { return "fake"; }
  void HoldCredit(bool hold) override { holds = hold; }
  bool LendCredit() override { return false; }
  bool credit_held() const override { return false; }
  std::optional<std::uint64_t> body_bytes() const override { return std::nullopt; }
  void CutOff(const absl::Status&) override {}

  bool holds = false;
};

// One of a server's loops, without calls.
struct Side {
  explicit Side(MemoryBudget& budget) : watch(budget, loop.core(), calls) {}

  EventLoop loop;
  IntrusiveList<ServerCall> calls;
  MemoryWatch watch;
};

TEST(MemoryWatchTest, WhoCameWhileAnotherLoopFilledTheBudgetIsLetGoAgain) {
  MemoryBudget budget(kMiB, 2);
  Side busy(budget);
  Side light(budget);
  std::optional<ChunkPool::Charge> held = busy.loop.core().chunks().ChargeFor(2 * kMiB);
  busy.loop.RunOnce(Duration::zero());
  ASSERT_EQ(budget.level(), MemoryBudget::Level::kFull);
  FakeTenant tenant;
  light.watch.Add(tenant);
  EXPECT_TRUE(tenant.holds);
  EXPECT_TRUE(light.watch.Refuses(tenant, "/p.S/M"));
  light.loop.RunOnce(Duration::zero());
  EXPECT_TRUE(tenant.holds);

  held.reset();
  busy.loop.RunOnce(Duration::zero());
  ASSERT_EQ(budget.level(), MemoryBudget::Level::kFree);
  const TimePoint give_up = light.loop.Now() + std::chrono::seconds(10);
  while (tenant.holds && light.loop.Now() < give_up) light.loop.RunOnce(kBudgetTick);
  EXPECT_FALSE(tenant.holds);
  EXPECT_FALSE(light.watch.Refuses(tenant, "/p.S/M"));
}

}  // namespace
}  // namespace weft::internal
