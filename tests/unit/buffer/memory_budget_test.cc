#include "buffer/memory_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "buffer/limits.h"

namespace weft::internal {
namespace {

using Level = MemoryBudget::Level;

class MemoryBudgetTest : public ::testing::Test {
 public:
  void Use(std::size_t bytes) {
    budget.Move(used, bytes);
    used = bytes;
  }

  MemoryBudget budget{800};
  std::size_t used = 0;
};

TEST_F(MemoryBudgetTest, LevelFollowsTheMarksUpAndLowerMarksDown) {
  const std::pair<std::size_t, Level> steps[] = {
      {399, Level::kFree},  {400, Level::kTight}, {301, Level::kTight}, {300, Level::kFree},
      {399, Level::kFree},  {800, Level::kFull},  {701, Level::kFull},  {700, Level::kTight},
      {799, Level::kTight}, {900, Level::kFull},  {0, Level::kFree},
  };
  for (const auto& [bytes, level] : steps) {
    Use(bytes);
    EXPECT_EQ(budget.level(), level) << bytes;
    EXPECT_EQ(budget.used(), bytes);
  }
}

TEST_F(MemoryBudgetTest, LoopsAddUp) {
  Use(300);
  budget.Move(0, 250);
  EXPECT_EQ(budget.used(), 550u);
  EXPECT_EQ(budget.level(), Level::kTight);
  budget.Move(250, 0);
  EXPECT_EQ(budget.level(), Level::kFree);
}

TEST_F(MemoryBudgetTest, UnlimitedIsAlwaysFree) {
  MemoryBudget none(MemoryBudget::kUnlimited);
  none.Move(0, MemoryBudget::kUnlimited - 1);
  EXPECT_EQ(none.level(), Level::kFree);
}

TEST_F(MemoryBudgetTest, ShareIsAnEvenPartOfHalfButNotLessThanAChunk) {
  const MemoryBudget wide(64 * kMiB, 2);
  EXPECT_EQ(wide.Share(0), 16 * kMiB);
  EXPECT_EQ(wide.Share(1), 16 * kMiB);
  EXPECT_EQ(wide.Share(16), 1 * kMiB);
  EXPECT_EQ(wide.Share(100'000), kLeastShare);
}

TEST_F(MemoryBudgetTest, ThreadsMayMoveAtOnce) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      std::size_t mine = 0;
      for (std::size_t n = 0; n < 10'000; ++n) {
        budget.Move(mine, n % 300);
        mine = n % 300;
      }
      budget.Move(mine, 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget.used(), 0u);
  Use(1);
  Use(0);
  EXPECT_EQ(budget.level(), Level::kFree);
}

}  // namespace
}  // namespace weft::internal
