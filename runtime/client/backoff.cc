#include "client/backoff.h"

#include <algorithm>
#include <cstdint>

#include "base/random.h"

namespace weft::internal {
namespace {

constexpr double kGrowth = 1.6;
constexpr double kJitter = 0.2;

Duration Scale(Duration duration, double by) {
  return Duration(static_cast<std::int64_t>(static_cast<double>(duration.count()) * by));
}

}  // namespace

Backoff::Backoff(Duration first, Duration longest, Random& random)
    : first_(std::min(first, longest)), longest_(longest), random_(random), next_(first_) {}

Duration Backoff::Next() {
  const Duration pause = Scale(next_, 1 - kJitter + 2 * kJitter * UniformUnit(random_));
  next_ = std::min(longest_, Scale(next_, kGrowth));
  return pause;
}

}  // namespace weft::internal
