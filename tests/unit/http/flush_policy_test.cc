#include "weft/flush_policy.h"

#include <gtest/gtest.h>

#include <chrono>

namespace weft {
namespace {

using std::chrono::microseconds;

static_assert(FlushPolicy() == FlushPolicy::EachPass(), "the default");

TEST(FlushPolicyTest, OneKindAtATime) {
  EXPECT_FALSE(FlushPolicy::EachPass().at_once());
  EXPECT_EQ(FlushPolicy::EachPass().longest_delay(), Duration::zero());
  EXPECT_TRUE(FlushPolicy::AtOnce().at_once());
  EXPECT_EQ(FlushPolicy::AtOnce().longest_delay(), Duration::zero());
  EXPECT_FALSE(FlushPolicy::UpTo(microseconds(50)).at_once());
  EXPECT_EQ(FlushPolicy::UpTo(microseconds(50)).longest_delay(), microseconds(50));
}

TEST(FlushPolicyTest, NoDelayIsEachPass) {
  EXPECT_EQ(FlushPolicy::UpTo(Duration::zero()), FlushPolicy::EachPass());
  EXPECT_EQ(FlushPolicy::UpTo(microseconds(-1)), FlushPolicy::EachPass());
}

TEST(FlushPolicyTest, DifferentPoliciesAreNotEqual) {
  EXPECT_NE(FlushPolicy::EachPass(), FlushPolicy::AtOnce());
  EXPECT_NE(FlushPolicy::UpTo(microseconds(1)), FlushPolicy::UpTo(microseconds(2)));
  EXPECT_NE(FlushPolicy::UpTo(microseconds(1)), FlushPolicy::AtOnce());
}

}  // namespace
}  // namespace weft
