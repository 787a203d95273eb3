#include "rpc/flush.h"

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint kNow{std::chrono::hours(1)};

TEST(FlushBeforeTest, CallWithoutADeadlineMayWait) {
  const FlushPolicy policy = FlushPolicy::UpTo(milliseconds(500));
  EXPECT_EQ(FlushBefore(kNever, kNow, policy), policy);
}

TEST(FlushBeforeTest, NothingWaitsForMoreThanHalfOfTheTimeThatIsLeft) {
  const FlushPolicy policy = FlushPolicy::UpTo(milliseconds(5));
  EXPECT_EQ(FlushBefore(kNow + milliseconds(10), kNow, policy), policy);
  EXPECT_EQ(FlushBefore(kNow + milliseconds(9), kNow, policy), FlushPolicy::EachPass());
  EXPECT_EQ(FlushBefore(kNow - milliseconds(1), kNow, policy), FlushPolicy::EachPass());
}

TEST(FlushBeforeTest, WhatDoesNotWaitStaysAsItIs) {
  for (const FlushPolicy policy : {FlushPolicy::AtOnce(), FlushPolicy::EachPass()}) {
    EXPECT_EQ(FlushBefore(kNow - milliseconds(1), kNow, policy), policy);
    EXPECT_EQ(FlushBefore(kNever, kNow, policy), policy);
  }
}

}  // namespace
}  // namespace weft::internal
