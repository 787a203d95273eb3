#include "rpc/option_range.h"

#include <gtest/gtest.h>

#include <chrono>

namespace weft::internal {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(OptionRangeTest, ErrorNamesSetterValueAndRange) {
  const absl::Status status = OutOfRange("Options::set_x", "-1", "0 or more");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "Options::set_x(-1) is out of its range: 0 or more");
}

TEST(OptionRangeTest, DurationIsToldInTheLargestUnitWithoutFraction) {
  EXPECT_EQ(DurationText(Duration::zero()), "0 s");
  EXPECT_EQ(DurationText(hours(-2)), "-2 h");
  EXPECT_EQ(DurationText(seconds(120)), "2 min");
  EXPECT_EQ(DurationText(seconds(90)), "90 s");
  EXPECT_EQ(DurationText(milliseconds(-1500)), "-1500 ms");
  EXPECT_EQ(DurationText(nanoseconds(1001)), "1001 ns");
  EXPECT_EQ(DurationText(Duration::min()), "-9223372036854775808 ns");
}

}  // namespace
}  // namespace weft::internal
