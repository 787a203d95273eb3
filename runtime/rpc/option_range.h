#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "weft/clock.h"

namespace weft::internal {

// What the checks of options share. Pure functions; any thread.

// INVALID_ARGUMENT: "Options::set_x(-1) is out of its range: 0 or more".
absl::Status OutOfRange(std::string_view setter, std::string_view value, std::string_view range);
// What was a negative number; but -1 is what means "unlimited".
constexpr bool IsNegative(std::size_t bytes) { return static_cast<std::ptrdiff_t>(bytes) < -1; }
std::string SizeText(std::size_t bytes);
// "-5 ms", in the largest unit that leaves no fraction.
std::string DurationText(Duration duration);

// Options that servers and channels both have. `setter` is for the error.
absl::Status CheckMessageLimit(std::string_view setter, std::size_t bytes);
absl::Status CheckPriorityFloor(std::string_view setter, double share);
absl::Status CheckAboveZero(std::string_view setter, Duration duration);

}  // namespace weft::internal
