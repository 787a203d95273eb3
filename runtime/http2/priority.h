#pragma once

#include <array>
#include <string_view>

#include "http/stream.h"

namespace weft::http2 {

// The value of a `priority` field or PRIORITY_UPDATE frame, "u=1, i" (RFC 9218 §4). What is absent,
// unknown or malformed leaves `base`'s word: a bad hint never harms a request.
Priority ParsePriority(std::string_view value, Priority base);

// The shortest value that says it; empty for the default of RFC 9218, which needs no field.
class PriorityText {
 public:
  explicit PriorityText(Priority priority);
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 8> text_{};
  std::size_t size_ = 0;
};

}  // namespace weft::http2
