#include "client/options_check.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

namespace weft::internal {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(ChannelOptionsCheckTest, DefaultsAndBoundsAreAccepted) {
  EXPECT_EQ(CheckOptions(ChannelOptions()), absl::OkStatus());
  EXPECT_EQ(CheckOptions(ChannelOptions()
                             .set_receive_limit(1)
                             .set_send_limit(1)
                             .set_priority_floor(0.5)
                             .set_connect_timeout(Duration::max())
                             .set_backoff(nanoseconds(1), hours(8760))
                             .set_authority("a.example:80")
                             .set_user_agent("mine/1.0 (x)")),
            absl::OkStatus());
}

TEST(ChannelOptionsCheckTest, ValueOutOfRangeIsNamed) {
  const struct {
    ChannelOptions options;
    const char* text;
  } cases[] = {
      {ChannelOptions().set_receive_limit(0),
       "ChannelOptions::set_receive_limit(0) is out of its range: 1 byte or more"},
      {ChannelOptions().set_send_limit(0),
       "ChannelOptions::set_send_limit(0) is out of its range: 1 byte or more"},
      {ChannelOptions().set_priority_floor(std::numeric_limits<double>::quiet_NaN()),
       "ChannelOptions::set_priority_floor(nan) is out of its range: 0 (strict order) to 0.5"},
      {ChannelOptions().set_connect_timeout(milliseconds(-1)),
       "ChannelOptions::set_connect_timeout(-1 ms) is out of its range: above 0"},
      {ChannelOptions().set_backoff(Duration::zero(), hours(1)),
       "ChannelOptions::set_backoff(0 s, 1 h) is out of its range: the first above 0, the longest "
       "not below it and at most 8760 h"},
      {ChannelOptions().set_backoff(hours(2), hours(1)),
       "ChannelOptions::set_backoff(2 h, 1 h) is out of its range: the first above 0, the longest "
       "not below it and at most 8760 h"},
      {ChannelOptions().set_authority("a\r\nb"),
       "ChannelOptions::set_authority(\"a\\r\\nb\") is out of its range: text without control "
       "characters, and without blanks at its ends"},
      {ChannelOptions().set_user_agent("a "),
       "ChannelOptions::set_user_agent(\"a \") is out of its range: text without control "
       "characters, and without blanks at its ends"},
  };
  for (const auto& [options, text] : cases) {
    const absl::Status status = CheckOptions(options);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(status.message(), text);
  }
}

}  // namespace
}  // namespace weft::internal
