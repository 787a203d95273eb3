#include "base/check.h"

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

TEST(CheckTest, HoldingConditionGoesOn) { Check(true, "never said"); }

TEST(CheckDeathTest, BrokenConditionAbortsWithItsTextAndPlace) {
  EXPECT_DEATH(Check(false, "the list is broken"),
               "weft: the list is broken .*check_test.cc:1[0-9]");
}

TEST(CheckDeathTest, DieAlwaysAborts) { EXPECT_DEATH(Die("no way on"), "weft: no way on"); }

}  // namespace
}  // namespace weft::internal
