#pragma once

#include <string>

namespace weft::internal {

// "connection refused (ECONNREFUSED)". Any thread.
std::string ErrnoText(int error);

}  // namespace weft::internal
