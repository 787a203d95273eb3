#include <cstdint>

#include "mini_task.h"

static std::uintptr_t lowest = UINTPTR_MAX;
static MiniTask<int> One() {
  // A real call, so that the address is one of the stack and not of the frame.
  [] {
    volatile char here = 0;
    std::uintptr_t address = reinterpret_cast<std::uintptr_t>(&here);
    if (address < lowest) lowest = address;
  }();
  co_return 1;
}
static MiniTask<int> Body() {
  int sum = 0;
  for (int i = 0; i < 10000; ++i) {
    int one = co_await One();
    sum += one;
  }
  co_return sum;
}

int main() {
  volatile char here = 0;
  int verdict = Verdict(Body, 10000);
  return reinterpret_cast<std::uintptr_t>(&here) - lowest > 64 * 1024 ? 1 : verdict;
}
