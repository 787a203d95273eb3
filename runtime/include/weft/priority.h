// Layer: http.
#pragma once

#include <algorithm>

namespace weft {

// When the bytes of a call go out, beside those of other calls on the same connection (RFC 9218):
// a lower urgency number goes first. Among equals, calls that are not incremental finish one after
// the other, in the order in which they had something to send; incremental ones take turns. So a
// short answer that someone waits for is urgent, a long stream whose every message is of use is
// incremental, and a bulk transfer has a high number.
//
// A value; every instance is valid. It orders bytes, not the work of handlers, and does nothing
// over HTTP/1.1 or in process, where no call waits behind another.
class Priority {
 public:
  static constexpr int kMostUrgent = 0;
  static constexpr int kLeastUrgent = 7;
  static constexpr int kDefaultUrgency = 3;

  constexpr Priority() = default;
  // An urgency outside of [kMostUrgent, kLeastUrgent] counts as the nearer of the two.
  explicit constexpr Priority(int urgency, bool incremental = false)
      : urgency_(static_cast<unsigned char>(std::clamp(urgency, kMostUrgent, kLeastUrgent))),
        incremental_(incremental) {}

  constexpr int urgency() const { return urgency_; }
  constexpr bool incremental() const { return incremental_; }

  friend constexpr bool operator==(Priority, Priority) = default;

 private:
  unsigned char urgency_ = kDefaultUrgency;
  bool incremental_ = false;
};

}  // namespace weft
