#pragma once

#include "weft/clock.h"
#include "weft/flush_policy.h"

namespace weft::internal {

// What is left of a call's flush policy so near its deadline: what waits for half of the time that
// is left may come too late to be of use.
inline FlushPolicy FlushBefore(TimePoint deadline, TimePoint now, FlushPolicy policy) {
  const bool waits = policy.longest_delay() > Duration::zero();
  return waits && policy.longest_delay() > (deadline - now) / 2 ? FlushPolicy::EachPass() : policy;
}

}  // namespace weft::internal
