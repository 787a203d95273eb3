#include "http/header_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/status_text.h"

namespace weft::internal {
namespace {

TEST(HeaderRulesTest, TokenCharactersAreExactlyThoseOfTheRfc) {
  const std::string_view allowed =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int c = 0; c < 256; ++c) {
    const char ch = static_cast<char>(c);
    EXPECT_EQ(HasClass(ch, kTokenChar), allowed.find(ch) != std::string_view::npos) << c;
  }
  EXPECT_FALSE(IsToken(""));
  EXPECT_TRUE(IsToken("x-Y"));
  EXPECT_FALSE(IsToken("x y"));
}

TEST(HeaderRulesTest, ValueCharactersAreVisibleSpaceTabAndObsText) {
  for (int c = 0; c < 256; ++c) {
    const bool allowed = c == '\t' || (c >= 0x20 && c != 0x7f);
    EXPECT_EQ(HasClass(static_cast<char>(c), kValueChar), allowed) << c;
  }
  EXPECT_TRUE(IsFieldValue(""));
  EXPECT_TRUE(IsFieldValue("a b\tc"));
  EXPECT_FALSE(IsFieldValue(" a"));
  EXPECT_FALSE(IsFieldValue("a\t"));
  EXPECT_FALSE(IsFieldValue("a\r\nb: c"));
  EXPECT_FALSE(IsFieldValue(std::string_view("a\0b", 3)));
}

TEST(HeaderRulesTest, LowerFieldNameRefusesCapitals) {
  EXPECT_TRUE(IsLowerFieldName("x-name-1"));
  EXPECT_FALSE(IsLowerFieldName("X-name"));
  EXPECT_FALSE(IsLowerFieldName(":path"));
  EXPECT_FALSE(IsLowerFieldName(""));
}

TEST(HeaderRulesTest, ComparisonIgnoresTheCaseOfAsciiLettersOnly) {
  EXPECT_TRUE(EqualsIgnoreCase("Content-TYPE", "content-type"));
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
  EXPECT_FALSE(EqualsIgnoreCase("@", "`"));
  EXPECT_FALSE(EqualsIgnoreCase("[", "{"));
  EXPECT_FALSE(EqualsIgnoreCase("\xc4", "\xe4"));
}

TEST(HeaderRulesTest, ListElementsKeepEmptyOnes) {
  const auto split = [](std::string_view list) {
    std::vector<std::string> out;
    bool more = true;
    std::string_view element;
    while (NextListElement(list, more, element)) out.emplace_back(element);
    return out;
  };
  EXPECT_EQ(split("a, b ,\tc"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(split("a,,b,"), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(split(""), (std::vector<std::string>{""}));
}

TEST(HeaderRulesTest, ConnectionFieldsAndForbiddenTrailersAreKnown) {
  for (const char* name :
       {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    EXPECT_TRUE(IsConnectionField(name)) << name;
    EXPECT_TRUE(IsForbiddenTrailer(name)) << name;
  }
  EXPECT_FALSE(IsConnectionField("te"));
  EXPECT_FALSE(IsConnectionField("Connection")) << "names are lower case by then";
  for (const char* name :
       {"content-length", "host", "authorization", "set-cookie", "trailer", "te"}) {
    EXPECT_TRUE(IsForbiddenTrailer(name)) << name;
  }
  EXPECT_FALSE(IsForbiddenTrailer("grpc-status"));
  EXPECT_FALSE(IsForbiddenTrailer("etag"));
}

TEST(HeaderRulesTest, HexValuesOfAllDigits) {
  EXPECT_EQ(HexValue('0'), 0u);
  EXPECT_EQ(HexValue('9'), 9u);
  EXPECT_EQ(HexValue('a'), 10u);
  EXPECT_EQ(HexValue('F'), 15u);
}

TEST(StatusTextTest, KnownAndUnknownCodes) {
  EXPECT_EQ(StatusText(200), "OK");
  EXPECT_EQ(StatusText(431), "Request Header Fields Too Large");
  EXPECT_EQ(StatusText(299), "Unknown");
}

}  // namespace
}  // namespace weft::internal
