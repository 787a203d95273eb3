#include "base/random.h"

#include <random>

namespace weft::internal {

SeededRandom::SeededRandom() {
  std::random_device device;
  state_ = std::uint64_t{device()} << 32 | device();
}

}  // namespace weft::internal
