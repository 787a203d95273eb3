#pragma once

#include <cstdint>

namespace weft::testing {

// How often any thread of this program has asked the C library for memory: malloc, calloc, realloc,
// aligned forms and operator new alike. Linking allocation_count.cc replaces those functions by
// ones that count.
std::uint64_t AllocationCount();

// While set, an allocation ends the program on the spot, so that a debugger or a core shows who
// asked.
void AbortOnAllocation(bool abort);

}  // namespace weft::testing
