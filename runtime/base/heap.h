#pragma once

namespace weft::internal {

// Gives memory that was freed, but that malloc keeps for the process, back to the system: where one
// block in use lies between many free ones, malloc does not by itself. Walks the whole heap, so it
// takes up to some 10 ms for each GiB that goes. Does nothing where the C library has no such call.
void ReturnFreeHeap();

}  // namespace weft::internal
