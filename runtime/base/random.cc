#include "base/random.h"

#include <random>

namespace weft::internal {

SeededRandom::SeededRandom() {
  std::random_device device;
  state_ = std::uint64_t{device()} << 32 | device();
}

std::uint64_t UniformBelow(Random& random, std::uint64_t bound) {
  // Values of the incomplete last round are drawn again: they would favour small results.
  const std::uint64_t surplus = (0 - bound) % bound;
  std::uint64_t value = random.Next();
  while (value < surplus) value = random.Next();
  return value % bound;
}

}  // namespace weft::internal
