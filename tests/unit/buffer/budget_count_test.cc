#include "buffer/budget_count.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "buffer/chunk_pool.h"
#include "buffer/limits.h"

namespace weft::internal {
namespace {

using Level = BudgetCount::Level;

class BudgetCountTest : public ::testing::Test {
 public:
  void Use(std::size_t bytes) { budget.Count(loop, bytes); }

  BudgetCount budget{800};
  ChunkPool pool;
  BudgetCount::Loop& loop = budget.Join(pool);
};

TEST_F(BudgetCountTest, LevelFollowsTheMarksUpAndLowerMarksDown) {
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

TEST_F(BudgetCountTest, LoopsAddUp) {
  Use(300);
  const ChunkPool other_pool;
  BudgetCount::Loop& other = budget.Join(other_pool);
  budget.Count(other, 250);
  EXPECT_EQ(budget.used(), 550u);
  EXPECT_EQ(budget.level(), Level::kTight);
  budget.Count(other, 0);
  EXPECT_EQ(budget.level(), Level::kFree);
}

TEST_F(BudgetCountTest, UnlimitedIsAlwaysFree) {
  BudgetCount none(BudgetCount::kUnlimited);
  none.Count(none.Join(pool), BudgetCount::kUnlimited - 1);
  EXPECT_EQ(none.level(), Level::kFree);
}

TEST_F(BudgetCountTest, ShareIsAnEvenPartOfHalfButNotLessThanAChunk) {
  BudgetCount wide(64 * kMiB);
  EXPECT_EQ(wide.Share(1), 32 * kMiB);  // nobody has joined yet
  const ChunkPool other;
  BudgetCount::Loop& first = wide.Join(pool);
  wide.Join(other);
  EXPECT_EQ(wide.Share(0), 16 * kMiB);
  EXPECT_EQ(wide.Share(1), 16 * kMiB);
  EXPECT_EQ(wide.Share(16), 1 * kMiB);
  EXPECT_EQ(wide.Share(100'000), kLeastShare);

  // Two servers on a loop have two sets of connections.
  wide.Join(pool);
  wide.Join(other);
  EXPECT_EQ(wide.Share(1), 8 * kMiB);
  wide.Leave(first);
  wide.Leave(first);
  EXPECT_EQ(wide.Share(1), 16 * kMiB);
}

TEST_F(BudgetCountTest, LoopOfTwoServersCountsUntilTheLastLeaves) {
  BudgetCount::Loop& again = budget.Join(pool);
  EXPECT_EQ(&again, &loop);
  Use(300);
  budget.Count(again, 300);
  EXPECT_EQ(budget.used(), 300u);
  budget.Leave(again);
  EXPECT_EQ(budget.used(), 300u);
  budget.Leave(loop);
  EXPECT_EQ(budget.used(), 0u);
}

TEST_F(BudgetCountTest, LoopsMayJoinCountAndLeaveAtOnce) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      const ChunkPool mine;
      for (int round = 0; round < 100; ++round) {
        BudgetCount::Loop& joined = budget.Join(mine);
        for (std::size_t n = 0; n < 100; ++n) budget.Count(joined, n % 300);
        budget.Leave(joined);
      }
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
