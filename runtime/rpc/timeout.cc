#include "rpc/timeout.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace weft::internal {
namespace {

struct Unit {
  char letter;
  std::int64_t nanoseconds;
};

// Finest first, so that formatting keeps as much precision as 8 digits can hold.
constexpr std::array<Unit, 6> kUnits = {{
    {'n', 1},
    {'u', 1'000},
    {'m', 1'000'000},
    {'S', 1'000'000'000},
    {'M', 60'000'000'000},
    {'H', 3'600'000'000'000},
}};

constexpr std::int64_t kMaxValue = 99'999'999;

}  // namespace

std::optional<Duration> ParseTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > kTimeoutTextMax) return std::nullopt;
  std::int64_t value = 0;
  for (char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  for (const Unit& unit : kUnits) {
    if (unit.letter != text.back()) continue;
    if (value > Duration::max().count() / unit.nanoseconds) return Duration::max();
    return Duration(value * unit.nanoseconds);
  }
  return std::nullopt;
}

std::string_view FormatTimeout(Duration timeout, char (&buffer)[kTimeoutTextMax]) {
  const std::int64_t nanoseconds = timeout.count();
  std::int64_t value = kMaxValue;
  char letter = 'H';
  for (const Unit& unit : kUnits) {
    const std::int64_t rounded_up =
        nanoseconds / unit.nanoseconds + (nanoseconds % unit.nanoseconds != 0 ? 1 : 0);
    if (rounded_up > kMaxValue) continue;
    value = rounded_up;
    letter = unit.letter;
    break;
  }
  char* end = std::to_chars(buffer, buffer + kTimeoutTextMax - 1, value).ptr;
  *end++ = letter;
  return {buffer, static_cast<std::size_t>(end - buffer)};
}

}  // namespace weft::internal
