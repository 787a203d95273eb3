#include "rpc/timeout.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace weft::internal {
namespace {

using namespace std::chrono_literals;

std::string Format(Duration timeout) {
  char buffer[kTimeoutTextMax];
  return std::string(FormatTimeout(timeout, buffer));
}

// checklist 5
TEST(TimeoutTest, ParsesEachUnit) {
  EXPECT_EQ(ParseTimeout("1H"), Duration(1h));
  EXPECT_EQ(ParseTimeout("2M"), Duration(2min));
  EXPECT_EQ(ParseTimeout("3S"), Duration(3s));
  EXPECT_EQ(ParseTimeout("4m"), Duration(4ms));
  EXPECT_EQ(ParseTimeout("5u"), Duration(5us));
  EXPECT_EQ(ParseTimeout("6n"), Duration(6ns));
  EXPECT_EQ(ParseTimeout("00000000S"), Duration(0));
}

// checklist 5
TEST(TimeoutTest, RefusesWhatIsNotEightDigitsAndAUnit) {
  for (const char* text :
       {"", "S", "1", "123456789S", "1s", "1 S", "-1S", "+1S", "1.5S", "0x1S", "1SS"}) {
    EXPECT_FALSE(ParseTimeout(text).has_value()) << text;
  }
}

TEST(TimeoutTest, CutsWhatDurationCannotHold) {
  EXPECT_EQ(ParseTimeout("99999999H"), Duration::max());
}

// checklist 6
TEST(TimeoutTest, FormatsInTheFinestUnitOfEightDigits) {
  EXPECT_EQ(Format(1ns), "1n");
  EXPECT_EQ(Format(99'999'999ns), "99999999n");
  EXPECT_EQ(Format(1s), "1000000u");
  EXPECT_EQ(Format(24h), "86400000m");
}

// checklist 6
TEST(TimeoutTest, RoundsUpToACoarserUnit) {
  EXPECT_EQ(Format(100'000'001ns), "100001u");
  EXPECT_EQ(Format(99'999'999'001ns), "100000m");
  EXPECT_EQ(Format(Duration(100'000s) + 1ns), "100001S");
}

TEST(TimeoutTest, FormatsTheLargestDuration) {
  const std::string text = Format(Duration::max());
  EXPECT_LE(text.size(), kTimeoutTextMax);
  EXPECT_EQ(ParseTimeout(text), Duration::max());
}

TEST(TimeoutTest, ParsingAFormattedTimeoutNeverShortensIt) {
  for (std::int64_t n = 1; n > 0 && n < (std::int64_t{1} << 62); n = n * 3 + 1) {
    EXPECT_GE(*ParseTimeout(Format(Duration(n))), Duration(n)) << n;
  }
}

}  // namespace
}  // namespace weft::internal
