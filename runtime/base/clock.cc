#include "weft/clock.h"

namespace weft {
namespace {

class SystemClock final : public Clock {
 public:
  TimePoint Now() override { return std::chrono::steady_clock::now(); }
};

}  // namespace

Clock& Clock::System() {
  // Never destroyed: loops may still read it while the process exits.
  static auto* clock = new SystemClock;  // lint: allow global: has no state
  return *clock;
}

}  // namespace weft
