// Layer: base.
#pragma once

#include <chrono>
#include <cstdint>

namespace weft {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// "No deadline".
inline constexpr TimePoint kNever = TimePoint::max();

// Where Weft takes the time from. A simulation gives its own. Methods are called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic; never goes back.
  virtual TimePoint Now() = 0;

  // The system's monotonic clock; lives as long as the process.
  static Clock& System();
};

// Where Weft takes chance from (jitter, picks). Called from one thread at a time.
class Random {
 public:
  virtual ~Random() = default;
  // Uniform over all 64-bit values.
  virtual std::uint64_t Next() = 0;
};

}  // namespace weft
