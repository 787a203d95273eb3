#pragma once

#include <atomic>

#include "weft/clock.h"

namespace weft::testing {

// A clock that stands still until it is moved. Any thread.
class ManualClock final : public Clock {
 public:
  // Not at zero, so that a forgotten start value is noticed.
  explicit ManualClock(TimePoint start = TimePoint(std::chrono::hours(1))) : now_(start) {}

  TimePoint Now() override { return now_.load(); }
  void Advance(Duration step) { now_ = now_.load() + step; }
  // `now` may not lie in the past.
  void Set(TimePoint now) { now_ = now; }

 private:
  std::atomic<TimePoint> now_;
};

}  // namespace weft::testing
