#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <string_view>

namespace weft::http1 {

// The Date field's text (RFC 9110 §5.6.7), made anew once a second. One a loop, shared by its
// connections; loop thread only. The view is valid until the next call.
class DateCache {
 public:
  using WallClock = std::int64_t (*)();  // seconds since 1970

  explicit DateCache(WallClock clock = &SystemSeconds) : clock_(clock) {}
  std::string_view Now();

  static std::int64_t SystemSeconds() { return static_cast<std::int64_t>(std::time(nullptr)); }

 private:
  void Format(std::int64_t seconds);

  WallClock clock_;
  std::int64_t made_at_ = -1;
  std::array<char, 29> text_{};
};

}  // namespace weft::http1
