#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weft/clock.h"

namespace weft::internal {

// The grpc-timeout header (gRPC over HTTP/2): 1 to 8 digits and one unit of H M S m u n.

// Nothing when the text isn't of that form. Values beyond Duration's range are cut to its maximum.
std::optional<Duration> ParseTimeout(std::string_view text);

// Rounded up to the finest unit that needs at most 8 digits. `timeout` must be positive.
// Writes into `buffer`, which must outlive the result.
inline constexpr std::size_t kTimeoutTextMax = 9;
std::string_view FormatTimeout(Duration timeout, char (&buffer)[kTimeoutTextMax]);

}  // namespace weft::internal
