#include "weft/priority.h"

#include <gtest/gtest.h>

#include <limits>

namespace weft {
namespace {

static_assert(Priority().urgency() == 3 && !Priority().incremental(), "RFC 9218's default");
static_assert(Priority(3) == Priority());

TEST(PriorityTest, KeepsWhatItWasGiven) {
  EXPECT_EQ(Priority(0).urgency(), 0);
  EXPECT_EQ(Priority(7).urgency(), 7);
  EXPECT_FALSE(Priority(1).incremental());
  EXPECT_TRUE(Priority(1, /*incremental=*/true).incremental());
}

TEST(PriorityTest, UrgencyOutOfRangeCountsAsTheNearest) {
  EXPECT_EQ(Priority(8).urgency(), 7);
  EXPECT_EQ(Priority(-1).urgency(), 0);
  EXPECT_EQ(Priority(std::numeric_limits<int>::max()).urgency(), 7);
  EXPECT_EQ(Priority(std::numeric_limits<int>::min()).urgency(), 0);
  EXPECT_EQ(Priority(256).urgency(), 7);
}

TEST(PriorityTest, EqualWhenBothPartsAre) {
  EXPECT_EQ(Priority(2, true), Priority(2, true));
  EXPECT_NE(Priority(2, true), Priority(2, false));
  EXPECT_NE(Priority(2, true), Priority(1, true));
}

}  // namespace
}  // namespace weft
