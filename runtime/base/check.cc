#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace weft::internal {

void Die(std::string_view what, std::source_location where) {
  std::fprintf(stderr, "weft: %.*s (%s:%u)\n", static_cast<int>(what.size()), what.data(),
               where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace weft::internal
