#include "http/uri.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::internal {
namespace {

TEST(SplitPathTest, CutsAtTheFirstQuestionMark) {
  EXPECT_EQ(SplitPath("/a/b").path, "/a/b");
  EXPECT_EQ(SplitPath("/a/b").query, "");
  EXPECT_EQ(SplitPath("/a?b=c?d").path, "/a");
  EXPECT_EQ(SplitPath("/a?b=c?d").query, "b=c?d");
  EXPECT_EQ(SplitPath("?").path, "");
}

TEST(PercentDecodeTest, DecodesExactlyWellFormedEscapes) {
  EXPECT_EQ(PercentDecode("a%20b%2Fc%2f"), "a b/c/");
  EXPECT_EQ(PercentDecode("%C3%a4"), "\xc3\xa4");
  EXPECT_EQ(PercentDecode("%00"), std::string(1, '\0'));
  EXPECT_EQ(PercentDecode("%2541"), "%41") << "decoded once";
  EXPECT_EQ(PercentDecode("a+b"), "a+b");
  EXPECT_EQ(PercentDecode(""), "");
  for (const char* bad : {"%", "%4", "%4g", "%g4", "a%", "%%41", "% 1", "%-1"}) {
    EXPECT_EQ(PercentDecode(bad), std::nullopt) << bad;
  }
}

TEST(PercentDecodeTest, ModesKeepSlashesAndReadPlus) {
  EXPECT_EQ(PercentDecode("a%2Fb%2f%41", PercentDecoding::kKeepSlashes), "a%2Fb%2fA");
  EXPECT_EQ(PercentDecode("a+b%2B", PercentDecoding::kPlusIsSpace), "a b+");
}

TEST(PercentEncodeTest, EveryByteComesBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  std::string encoded;
  AppendPercentEncoded(all, encoded);
  EXPECT_EQ(PercentDecode(encoded), all);
  encoded.clear();
  AppendPercentEncoded("a-Z._~0 /", encoded);
  EXPECT_EQ(encoded, "a-Z._~0%20%2F");
}

TEST(QueryReaderTest, GivesPairsInOrder) {
  const auto read = [](std::string_view query) {
    std::vector<std::pair<std::string, std::string>> out;
    QueryReader reader(query);
    std::string_view key, value;
    while (reader.Next(key, value)) out.emplace_back(key, value);
    return out;
  };
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(read("a=1&b=2=3&c&&d="), (Pairs{{"a", "1"}, {"b", "2=3"}, {"c", ""}, {"d", ""}}));
  EXPECT_EQ(read(""), Pairs{});
  EXPECT_EQ(read("&&"), Pairs{});
  EXPECT_EQ(read("=x"), (Pairs{{"", "x"}}));
}

TEST(ParseAuthorityTest, TellsHostAndPort) {
  struct Case {
    std::string_view text, host;
    int port;  // -1: none
    bool ipv6;
  };
  constexpr Case kCases[] = {
      {"example.com", "example.com", -1, false},  {"example.com:8080", "example.com", 8080, false},
      {"127.0.0.1:0", "127.0.0.1", 0, false},     {"[::1]:443", "::1", 443, true},
      {"[2001:DB8::7]", "2001:DB8::7", -1, true}, {"[::ffff:1.2.3.4]", "::ffff:1.2.3.4", -1, true},
      {"under_score", "under_score", -1, false},  {"a%2db:65535", "a%2db", 65535, false},
  };
  for (const Case& c : kCases) {
    const std::optional<Authority> got = ParseAuthority(c.text);
    ASSERT_TRUE(got.has_value()) << c.text;
    EXPECT_EQ(got->host, c.host);
    EXPECT_EQ(got->port.has_value() ? *got->port : -1, c.port) << c.text;
    EXPECT_EQ(got->ipv6, c.ipv6);
  }
}

TEST(ParseAuthorityTest, RefusesWhatIsNotWellFormed) {
  for (const char* bad : {"",
                          ":80",
                          "a:",
                          "a:b",
                          "a:80:90",
                          "a:65536",
                          "a:000080",
                          "a:-1",
                          "a:+1",
                          "user@host",
                          "user:pw@host",
                          "a,b",
                          "a b",
                          "a/b",
                          "a?b",
                          "a#b",
                          "::1",
                          "[::1",
                          "::1]",
                          "[]",
                          "[::1]x",
                          "[::1]:",
                          "[fe80::1%25eth0]",
                          "[v1.x]",
                          "[1.2.3.4]",
                          "[::g]",
                          "a\tb",
                          "h\xc3\xb6st",
                          "a%zz",
                          "a%4",
                          "[::1]:99999",
                          "[0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0]"}) {
    EXPECT_FALSE(ParseAuthority(bad).has_value()) << bad;
  }
  EXPECT_FALSE(ParseAuthority(std::string_view("a\0b", 3)).has_value());
  EXPECT_FALSE(ParseAuthority(std::string_view("[::1\0]", 6)).has_value());
}

}  // namespace
}  // namespace weft::internal
