#pragma once

#include <cstdint>

#include "weft/clock.h"

namespace weft::internal {

// A generator whose whole sequence follows from its seed (SplitMix64): small, fast, fit for jitter
// and picks, not for secrets. One thread at a time.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  // Seeded by the system.
  SeededRandom();

  std::uint64_t Next() override {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

// Uniform over [0, 1).
inline double UniformUnit(Random& random) {
  return static_cast<double>(random.Next() >> 11) * 0x1.0p-53;
}

}  // namespace weft::internal
