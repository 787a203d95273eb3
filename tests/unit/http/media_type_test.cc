#include "http/media_type.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace weft::internal {
namespace {

// "type|subtype|suffix|parameters", or "-" if refused.
std::string Parsed(std::string_view text) {
  const std::optional<MediaType> media = MediaType::Parse(text);
  if (!media.has_value()) return "-";
  std::string out(media->type());
  out.append("|").append(media->subtype());
  out.append("|").append(media->suffix());
  return out.append("|").append(media->parameters());
}

TEST(MediaTypeTest, PartsAreCutAsTheRfcSays) {
  struct Case {
    std::string_view text, expected;
  };
  constexpr Case kCases[] = {
      {"application/grpc", "application|grpc||"},
      {"application/grpc+proto", "application|grpc|proto|"},
      {"application/grpc;x", "application|grpc||x"},
      {"application/grpc-web+proto", "application|grpc-web|proto|"},
      {"application/grpcfoo", "application|grpcfoo||"},
      {"application/json; charset=utf-8", "application|json|| charset=utf-8"},
      {"application/json ;charset=utf-8", "application|json||charset=utf-8"},
      {"application/vnd.a+b+json", "application|vnd.a+b|json|"},
      {" text/plain\t", "text|plain||"},
      {"text/plain;", "text|plain||"},
      {"", "-"},
      {"text", "-"},
      {"text/", "-"},
      {"/plain", "-"},
      {"text /plain", "-"},
      {"text/pl ain", "-"},
      {"text/a/b", "-"},
      {"application/+json", "-"},
      {"application/grpc+", "-"},
      {"application/json, text/plain", "-"},
      {";charset=utf-8", "-"},
  };
  for (const Case& c : kCases) EXPECT_EQ(Parsed(c.text), c.expected) << c.text;
}

TEST(MediaTypeTest, IsMatchesWithoutCaseAndWhateverTheSuffix) {
  EXPECT_TRUE(MediaType::Parse("Application/GRPC+Proto")->Is("application", "grpc"));
  EXPECT_TRUE(MediaType::Parse("Application/GRPC+Proto")->HasSuffix("proto"));
  EXPECT_FALSE(MediaType::Parse("application/grpcfoo")->Is("application", "grpc"));
  EXPECT_FALSE(MediaType::Parse("application/grpc-web")->Is("application", "grpc"));
  EXPECT_FALSE(MediaType::Parse("text/grpc")->Is("application", "grpc"));
}

TEST(MediaTypeTest, ParametersAreFoundAndUnquoted) {
  struct Case {
    std::string_view text, name;
    std::optional<std::string> expected;
  };
  const Case cases[] = {
      {"a/b; charset=utf-8", "charset", "utf-8"},
      {"a/b;CHARSET=UTF-8", "charset", "UTF-8"},
      {"a/b; x=1; charset=utf-8; charset=latin1", "charset", "utf-8"},
      {"a/b; x=\"a;charset=no\"; charset=yes", "charset", "yes"},
      {R"(a/b; x="q\"\\q")", "x", R"(q"\q)"},
      {"a/b; x=\"\"", "x", ""},
      {"a/b; x", "x", std::nullopt},
      {"a/b; x; y=2", "y", "2"},
      {"a/b; x=; y=2", "y", "2"},
      {"a/b; x=a b; y=2", "x", std::nullopt},
      {"a/b; x=\"open", "x", std::nullopt},
      {"a/b; x=\"open\\", "x", std::nullopt},
      {"a/b", "x", std::nullopt},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(MediaType::Parse(c.text)->Parameter(c.name), c.expected) << c.text;
  }
}

}  // namespace
}  // namespace weft::internal
