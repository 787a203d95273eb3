#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "http/stream.h"

namespace weft::http2 {

// The value of a `priority` field or PRIORITY_UPDATE frame, "u=1, i" (RFC 9218 §4). What is absent,
// unknown or malformed leaves `base`'s word: a bad hint never harms a request. Nothing when the
// value says nothing that is known.
std::optional<Priority> ParsePriority(std::string_view value, Priority base);

// The shortest value that says it, and says something also of the default of RFC 9218: "u=3".
class PriorityText {
 public:
  explicit PriorityText(Priority priority);
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 8> text_{};
  std::size_t size_ = 0;
};

}  // namespace weft::http2
