#pragma once

#include <string_view>

#include "weft/log.h"

namespace weft::internal {

// True when a line of `level` would reach the sink: ask before building a costly one. Any thread.
bool LogEnabled(LogLevel level);

// Hands `line` to the sink. Any thread.
void Log(LogLevel level, std::string_view line);

}  // namespace weft::internal
