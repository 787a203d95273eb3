#include "weft/clock.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace weft {
namespace {

TEST(ClockTest, SystemClockNeverGoesBack) {
  TimePoint last = Clock::System().Now();
  for (int i = 0; i < 1000; ++i) {
    TimePoint now = Clock::System().Now();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_LT(last, kNever);
}

TEST(ManualClockTest, StandsStillUntilMoved) {
  testing::ManualClock clock;
  const TimePoint start = clock.Now();
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(std::chrono::milliseconds(5));
  EXPECT_EQ(clock.Now() - start, std::chrono::milliseconds(5));
  clock.Set(start + std::chrono::hours(2));
  EXPECT_EQ(clock.Now() - start, std::chrono::hours(2));
}

}  // namespace
}  // namespace weft
