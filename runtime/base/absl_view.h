#pragma once

#include <string_view>

#include "absl/strings/string_view.h"

namespace weft::internal {

// For abseil's functions: where it was built for C++14, as in Debian 12, its string_view is a type
// of its own.
inline absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace weft::internal
