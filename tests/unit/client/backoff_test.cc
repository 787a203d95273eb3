#include "client/backoff.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "gtest/gtest.h"

namespace weft::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::uint64_t value) : value_(value) {}
  std::uint64_t Next() override { return value_; }

 private:
  const std::uint64_t value_;
};

constexpr std::uint64_t kLowest = 0;
constexpr std::uint64_t kMiddle = std::uint64_t{1} << 63;
constexpr std::uint64_t kHighest = ~std::uint64_t{0};

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// checklist 49
TEST(BackoffTest, PausesGrowByTheFactorUpToTheLongest) {
  FixedRandom random(kMiddle);
  Backoff backoff(seconds(1), seconds(120), random);
  double expected = 1;
  for (int i = 0; i < 11; ++i) {
    EXPECT_NEAR(Seconds(backoff.Next()), expected, 1e-3) << i;
    expected = std::min(120.0, expected * 1.6);
  }
  EXPECT_EQ(expected, 120);
  for (int i = 0; i < 1000; ++i) EXPECT_NEAR(Seconds(backoff.Next()), 120, 1e-3);
}

// checklist 49
TEST(BackoffTest, JitterIsAFifthEitherWay) {
  FixedRandom low(kLowest);
  FixedRandom high(kHighest);
  Backoff shortest(seconds(1), seconds(120), low);
  Backoff longest(seconds(1), seconds(120), high);
  double expected = 1;
  for (int i = 0; i < 12; ++i) {
    EXPECT_NEAR(Seconds(shortest.Next()), 0.8 * expected, 1e-3) << i;
    EXPECT_NEAR(Seconds(longest.Next()), 1.2 * expected, 1e-3) << i;
    expected = std::min(120.0, expected * 1.6);
  }
}

TEST(BackoffTest, ResetStartsAnew) {
  FixedRandom random(kMiddle);
  Backoff backoff(seconds(1), seconds(120), random);
  for (int i = 0; i < 5; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_NEAR(Seconds(backoff.Next()), 1, 1e-3);
}

TEST(BackoffTest, FirstPauseIsNotLongerThanTheLongest) {
  FixedRandom random(kMiddle);
  Backoff backoff(seconds(10), milliseconds(500), random);
  EXPECT_NEAR(Seconds(backoff.Next()), 0.5, 1e-3);
  EXPECT_NEAR(Seconds(backoff.Next()), 0.5, 1e-3);
}

}  // namespace
}  // namespace weft::internal
