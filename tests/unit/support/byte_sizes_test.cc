#include "tests/support/byte_sizes.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace weft::testing {
namespace {

class ByteSizesTest : public ::testing::Test {
 protected:
  ByteSizesTest() {
    const char* set = std::getenv("WEFT_TEST_SIZES");
    if (set != nullptr) before_ = set;
  }
  ~ByteSizesTest() override {
    if (before_.has_value()) {
      setenv("WEFT_TEST_SIZES", before_->c_str(), 1);
    } else {
      unsetenv("WEFT_TEST_SIZES");
    }
  }

 private:
  std::optional<std::string> before_;
};

TEST_F(ByteSizesTest, DefaultIsTheFullMatrix) {
  unsetenv("WEFT_TEST_SIZES");
  EXPECT_EQ(ByteSizes(), (std::vector<std::size_t>{1, 9, 4096, kUnlimited}));
}

TEST_F(ByteSizesTest, EnvironmentChoosesTheSizes) {
  setenv("WEFT_TEST_SIZES", "1,unlimited", 1);
  EXPECT_EQ(ByteSizes(), (std::vector<std::size_t>{1, kUnlimited}));
  setenv("WEFT_TEST_SIZES", "7", 1);
  EXPECT_EQ(ByteSizes(), (std::vector<std::size_t>{7}));
}

TEST_F(ByteSizesTest, SizeNamesAreWordsForGoogleTest) {
  EXPECT_EQ(ByteSizeName(::testing::TestParamInfo<std::size_t>(9, 0)), "At9");
  EXPECT_EQ(ByteSizeName(::testing::TestParamInfo<std::size_t>(kUnlimited, 0)), "Unlimited");
}

}  // namespace
}  // namespace weft::testing
