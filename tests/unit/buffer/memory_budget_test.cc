#include "weft/memory_budget.h"

#include <gtest/gtest.h>

#include "buffer/limits.h"

namespace weft {
namespace {

TEST(MemoryBudgetTest, CopiesOutliveTheFirst) {
  MemoryBudget copy(internal::kMiB);
  {
    const MemoryBudget budget(2 * internal::kMiB);
    copy = budget;
  }
  EXPECT_EQ(copy.limit(), 2 * internal::kMiB);
  EXPECT_EQ(copy.used(), 0u);
}

}  // namespace
}  // namespace weft
