#pragma once

#include "weft/clock.h"

namespace weft::internal {

// The pauses between failed attempts to connect (gRPC's connection-backoff.md): the first, growing
// by 1.6 up to the longest, each spread by 20 % either way so that clients that lost one server
// don't all come back at once.
class Backoff {
 public:
  Backoff(Duration first, Duration longest, Random& random);

  // From the start of the attempt that failed to the start of the next one.
  Duration Next();
  void Reset() { next_ = first_; }

 private:
  const Duration first_;
  const Duration longest_;
  Random& random_;
  Duration next_;
};

}  // namespace weft::internal
