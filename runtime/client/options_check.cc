#include "client/options_check.h"

#include <chrono>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "http/header_rules.h"
#include "rpc/option_range.h"

namespace weft::internal {
namespace {

// Beyond it sums with times of the clock would come near their end.
constexpr Duration kLongestBackoff = std::chrono::hours(24 * 365);

absl::Status CheckBackoff(Duration first, Duration longest) {
  if (first > Duration::zero() && longest >= first && longest <= kLongestBackoff) {
    return absl::OkStatus();
  }
  return OutOfRange("ChannelOptions::set_backoff",
                    absl::StrCat(DurationText(first), ", ", DurationText(longest)),
                    "the first above 0, the longest not below it and at most 8760 h");
}

absl::Status CheckFieldValue(std::string_view setter, const std::string& value) {
  // RFC 9113 §8.2.1.
  const bool padded = absl::StripAsciiWhitespace(value).size() != value.size();
  if (!padded && AllOfClass(value, kValueChar)) return absl::OkStatus();
  return OutOfRange(setter, absl::StrCat("\"", absl::CHexEscape(value), "\""),
                    "text without control characters, and without blanks at its ends");
}

}  // namespace

absl::Status CheckOptions(const ChannelOptions& options) {
  absl::Status status =
      CheckMessageLimit("ChannelOptions::set_receive_limit", options.receive_limit());
  status.Update(CheckMessageLimit("ChannelOptions::set_send_limit", options.send_limit()));
  status.Update(CheckPriorityFloor("ChannelOptions::set_priority_floor", options.priority_floor()));
  status.Update(CheckAboveZero("ChannelOptions::set_connect_timeout", options.connect_timeout()));
  status.Update(CheckBackoff(options.first_backoff(), options.longest_backoff()));
  status.Update(CheckFieldValue("ChannelOptions::set_authority", options.authority()));
  status.Update(CheckFieldValue("ChannelOptions::set_user_agent", options.user_agent()));
  return status;
}

}  // namespace weft::internal
