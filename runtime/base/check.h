#pragma once

#include <source_location>
#include <string_view>

namespace weft::internal {

// Writes `what` with the place it was found at to stderr and aborts. For broken invariants and
// misuse of the API that can't be answered with a status. Any thread.
[[noreturn]] void Die(std::string_view what,
                      std::source_location where = std::source_location::current());

// Dies unless `ok`. On in every build: use it where a wrong turn would corrupt memory or hang.
inline void Check(bool ok, std::string_view what,
                  std::source_location where = std::source_location::current()) {
  if (!ok) [[unlikely]]
    Die(what, where);
}

}  // namespace weft::internal
