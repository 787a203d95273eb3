// Layer: io.
#pragma once

#include <cstdint>

#include "weft/internal/intrusive_list.h"

namespace weft::internal {

class TimerWheel;

// One deadline. Lives inside the object that it wakes (a call, a connection), so arming allocates
// nothing. Loop thread only. Disarms itself when destroyed; may be destroyed after its wheel.
class TimerNode : private ListHook<TimerNode> {
 public:
  // Called once per Arm, when the deadline is reached. May arm and disarm any node and may destroy
  // this one.
  virtual void OnTimer() = 0;

  bool armed() const { return linked(); }
  // Does nothing when not armed.
  void Disarm();

 protected:
  TimerNode() = default;
  virtual ~TimerNode();

 private:
  friend class TimerWheel;
  template <typename T, typename U>
  friend class IntrusiveList;

  TimerWheel* wheel_ = nullptr;  // while linked
  std::uint64_t tick_ = 0;       // when it is due
  std::uint16_t slot_ = 0;       // where it is linked
};

}  // namespace weft::internal
