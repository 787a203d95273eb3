#pragma once

#include "weft/clock.h"

namespace weft::internal {

// Gives memory that was freed, but that malloc keeps for the process, back to the system: where one
// block in use lies between many free ones, malloc does not by itself. Walks the whole heap under
// malloc's locks, which takes up to some 10 ms for each GiB, so it is done once in kHeapTrimPause
// for the whole process: false when it was not. Does nothing where the C library has no such call.
// Any thread.
bool ReturnFreeHeap(TimePoint now);

inline constexpr Duration kHeapTrimPause = std::chrono::seconds(5);

}  // namespace weft::internal
