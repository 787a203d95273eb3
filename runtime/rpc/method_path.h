#pragma once

#include <cstddef>
#include <string_view>

namespace weft::internal {

// Whether it is like "/package.Service/Method": no part of it may be empty, and the service may
// have slashes in it.
inline bool IsMethodPath(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return path.starts_with('/') && slash > 1 && slash + 1 < path.size();
}

}  // namespace weft::internal
