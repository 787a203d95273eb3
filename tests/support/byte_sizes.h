#pragma once

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

namespace weft::testing {

// A read or a write takes whatever there is.
inline constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

// The most bytes that one read or write takes, for tests of byte streams that must not care:
//   INSTANTIATE_TEST_SUITE_P(Sizes, ConnectionTest, ::testing::ValuesIn(ByteSizes()),
//   ByteSizeName);
// All of them unless WEFT_TEST_SIZES tells which: sanitizer builds run the two ends only.
inline std::vector<std::size_t> ByteSizes() {
  const char* chosen = std::getenv("WEFT_TEST_SIZES");
  std::string_view rest = chosen != nullptr && *chosen != '\0' ? chosen : "1,9,4096,unlimited";
  std::vector<std::size_t> sizes;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(','));
    rest.remove_prefix(word.size() == rest.size() ? rest.size() : word.size() + 1);
    std::size_t size = kUnlimited;
    if (word != "unlimited") {
      const std::from_chars_result parsed =
          std::from_chars(word.data(), word.data() + word.size(), size);
      if (parsed.ec != std::errc() || parsed.ptr != word.data() + word.size() || size == 0) {
        ADD_FAILURE() << "WEFT_TEST_SIZES has '" << word << "', which is no size";
        continue;
      }
    }
    sizes.push_back(size);
  }
  return sizes;
}

inline std::string ByteSizeName(const ::testing::TestParamInfo<std::size_t>& size) {
  return size.param == kUnlimited ? "Unlimited" : "At" + std::to_string(size.param);
}

}  // namespace weft::testing
