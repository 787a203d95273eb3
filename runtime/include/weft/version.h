// Layer: base.
#pragma once

#include <string_view>

namespace weft {

// Semantic versions. The build reads it from here.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace weft
