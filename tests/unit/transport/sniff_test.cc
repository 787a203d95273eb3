#include "transport/sniff.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weft::internal {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

TEST(SniffTest, WholePrefaceIsHttp2) {
  EXPECT_EQ(SniffVersion(kPreface), HttpVersion::kHttp2);
  EXPECT_EQ(SniffVersion(std::string(kPreface) + "more"), HttpVersion::kHttp2);
}

TEST(SniffTest, EveryBeginningOfThePrefaceIsUndecided) {
  for (std::size_t n = 0; n < kPreface.size(); ++n) {
    EXPECT_EQ(SniffVersion(kPreface.substr(0, n)), std::nullopt) << n;
  }
}

TEST(SniffTest, AnyOtherByteIsHttp11) {
  for (std::size_t n = 0; n < kPreface.size(); ++n) {
    EXPECT_EQ(SniffVersion(std::string(kPreface.substr(0, n)) + '\x7f'), HttpVersion::kHttp11) << n;
  }
}

}  // namespace
}  // namespace weft::internal
