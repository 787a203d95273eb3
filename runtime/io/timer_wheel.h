#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/intrusive_list.h"
#include "weft/clock.h"
#include "weft/internal/timer_node.h"

namespace weft::internal {

// A hierarchical timing wheel: 8 levels of 64 slots, 1 ms ticks, deadlines rounded up to a tick, so
// that a timer never fires early. Level k holds what is due in the current group of 64^(k+1) ticks
// but not in that of 64^k; when time enters a slot of a level above 0, its nodes move down. Arm and
// Disarm are O(1), and 64^8 ticks outlast any TimePoint. Pure: the loop tells it the time. Owned by
// the loop, its thread only; owns no node.
class TimerWheel {
 public:
  explicit TimerWheel(TimePoint origin) : origin_(origin) {}
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();

  // Arms or re-arms. A time that has passed fires at the next Advance; kNever just disarms.
  void Arm(TimerNode& node, TimePoint when);
  // Does nothing when not armed.
  void Disarm(TimerNode& node);

  // Runs what is due at `now`, earlier ticks first. A node that is armed meanwhile may run too, but
  // each tick runs at most once, so a timer that keeps arming itself for the past can't hold the
  // loop.
  void Advance(TimePoint now);

  // No timer fires before this; kNever when none is armed. Far deadlines answer with the start of
  // their slot: the wheel then wants an Advance to move them down.
  TimePoint next_due() const;
  std::size_t size() const { return size_; }

 private:
  using List = IntrusiveList<TimerNode, TimerNode>;
  static constexpr int kLevels = 8;
  static constexpr int kSlotBits = 6;
  static constexpr int kSlots = 1 << kSlotBits;
  static constexpr std::uint16_t kDueSlot = kLevels * kSlots;
  static constexpr std::uint16_t kFiringSlot = kDueSlot + 1;
  static constexpr std::uint64_t kNoTick = ~std::uint64_t{0};

  std::uint64_t TickAfter(TimePoint when) const;
  TimePoint TimeOf(std::uint64_t tick) const;
  // The first tick after current_ at which a slot is entered that holds something.
  std::uint64_t NextTick() const;
  void Place(TimerNode& node);
  void EnterSlots();
  void Fire(List& list);

  const TimePoint origin_;
  std::uint64_t current_ = 0;  // the last tick that was reached
  std::size_t size_ = 0;
  std::array<std::uint64_t, kLevels> used_{};  // a bit per slot that holds something
  std::array<List, std::size_t{kLevels} * kSlots> slots_;
  List due_;
};

}  // namespace weft::internal
