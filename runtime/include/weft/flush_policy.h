// Layer: http.
#pragma once

#include <cstdint>

#include "weft/clock.h"

namespace weft {

// When a connection's output is given to the kernel: each write is a system call, which costs more
// than the bytes of a small message. So the trade is latency for work. A value.
//
// Whatever the policy, output is written once a flush quantum of it is there, a writer that waits
// for room is never kept waiting for a delay, and of policies that meet on one connection the most
// impatient one counts.
class FlushPolicy {
 public:
  // At the end of the loop's pass: what all calls said in it leaves in one write, and nothing waits
  // for what may come later. The default; good for nearly everything.
  static constexpr FlushPolicy EachPass() { return FlushPolicy(Kind::kEachPass, Duration::zero()); }
  // After each reply or message that is complete, without waiting for other handlers of the same
  // pass. The first answer of a burst leaves earlier; the burst costs a system call for each.
  static constexpr FlushPolicy AtOnce() { return FlushPolicy(Kind::kAtOnce, Duration::zero()); }
  // Output may wait so long for more to go with it. Fewer system calls where handlers say a
  // little in each of many passes; with many calls in flight a pass gathers as much already, and
  // the timer only costs (bench/write_strategy). Each may come later by `longest`, which counts in
  // milliseconds of the loop's (what is shorter lasts until the next) and up to one second. Zero or
  // less is EachPass(). What would then come near a call's deadline does not wait, nor do errors of
  // the framework's own.
  static constexpr FlushPolicy UpTo(Duration longest) {
    return longest <= Duration::zero() ? EachPass() : FlushPolicy(Kind::kUpTo, longest);
  }

  constexpr FlushPolicy() = default;

  constexpr bool at_once() const { return kind_ == Kind::kAtOnce; }
  // How long output may wait beyond the end of the pass; zero unless made by UpTo.
  constexpr Duration longest_delay() const { return longest_; }

  friend constexpr bool operator==(const FlushPolicy&, const FlushPolicy&) = default;

 private:
  enum class Kind : std::uint8_t { kEachPass, kAtOnce, kUpTo };

  constexpr FlushPolicy(Kind kind, Duration longest) : longest_(longest), kind_(kind) {}

  Duration longest_ = Duration::zero();
  Kind kind_ = Kind::kEachPass;
};

}  // namespace weft
