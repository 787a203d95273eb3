#include "base/random.h"

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

TEST(SeededRandomTest, SequenceFollowsFromTheSeed) {
  SeededRandom a(42), b(42), c(43);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = a.Next();
    ASSERT_EQ(value, b.Next());
    differs = differs || value != c.Next();
  }
  EXPECT_TRUE(differs);
}

TEST(SeededRandomTest, AgreesWithThePublishedSequence) {
  SeededRandom random(0);
  EXPECT_EQ(random.Next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(random.Next(), 0x6e789e6aa1b965f4u);
}

class Fixed final : public Random {
 public:
  std::uint64_t Next() override { return next++; }
  std::uint64_t next = 0;
};

TEST(UniformUnitTest, LiesInHalfOpenUnitInterval) {
  Fixed random;
  EXPECT_EQ(UniformUnit(random), 0.0);
  random.next = UINT64_MAX;
  EXPECT_LT(UniformUnit(random), 1.0);
  random.next = UINT64_MAX;
  EXPECT_GT(UniformUnit(random), 0.999);
}

}  // namespace
}  // namespace weft::internal
