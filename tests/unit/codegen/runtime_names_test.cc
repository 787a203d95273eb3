#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "codegen/model.h"
#include "codegen/names.h"
#include "schema.h"

namespace weft::codegen {
namespace {

// The name that a declaration in a namespace declares; empty for one that adds to a class.
std::string DeclaredName(const std::string& declaration) {
  const std::regex after_template(R"(^template\s*<[^<>]*>\s+)");
  const std::vector<std::regex> forms = {
      std::regex(R"(^(?:class|struct|enum class|enum)\s+(?:\[\[\w+\]\]\s+)?(\w+)(?!\w|::))"),
      std::regex(R"(^using\s+(\w+)\s*=)"),
      std::regex(R"(^inline constexpr [^(=]*?(\w+)\s*=)"),
      std::regex(R"(^[^()=]*?[ &*](\w+)\()"),
  };
  std::string text = std::regex_replace(declaration, after_template, "");
  std::smatch match;
  for (const std::regex& form : forms) {
    if (std::regex_search(text, match, form)) return match[1];
  }
  return "";
}

// What a header of ours declares in `namespace weft` itself.
void CollectNames(const std::filesystem::path& header, std::set<std::string>& names) {
  std::ifstream file(header);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  text = std::regex_replace(text, std::regex(R"(//[^\n]*)"), "");
  text = std::regex_replace(text, std::regex(R"(#[^\n]*)"), "");
  const std::regex space(R"(^\s+|\s+$)");
  const std::regex opens_namespace(R"(namespace\s+([\w:]+)$)");
  std::vector<std::string> open;  // namespaces by name, other braces as "{"
  std::string declaration;
  for (const char c : text) {
    const bool in_namespace = open.empty() || open.back() != "{";
    if (c == '}') {
      ASSERT_FALSE(open.empty()) << header;
      open.pop_back();
      if (open.empty() || open.back() != "{") declaration.clear();
      continue;
    }
    if (c == '{' || c == ';') {
      const std::string whole = std::regex_replace(declaration, space, "");
      std::smatch match;
      const bool is_namespace = c == '{' && std::regex_search(whole, match, opens_namespace);
      if (open == std::vector<std::string>{"weft"}) {
        const std::string name = is_namespace ? match[1].str() : DeclaredName(whole);
        if (!name.empty()) names.insert(name);
      }
      if (c == '{') open.push_back(is_namespace ? match[1].str() : "{");
      if (in_namespace) declaration.clear();
      continue;
    }
    if (in_namespace) declaration += c;
  }
}

std::set<std::string> NamesInHeaders() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(WEFT_HEADERS)) {
    if (entry.path().extension() == ".h") CollectNames(entry.path(), names);
  }
  return names;
}

TEST(RuntimeNamesTest, AreThoseOfThePublicHeaders) {
  const std::span<const std::string_view> known = NamesOfRuntime();
  EXPECT_EQ(std::set<std::string>(known.begin(), known.end()), NamesInHeaders());
}

TEST(RuntimeNamesTest, ServiceInPackageWeftNeverRedefinesOne) {
  for (const std::string_view known : NamesOfRuntime()) {
    const std::string name(known);
    Schema schema;
    const auto* ours = schema.Add("a.proto",
                                  "syntax = \"proto3\"; package weft; message M {} "
                                  "service " +
                                      name + " {}");
    ASSERT_NE(ours, nullptr) << name;
    EXPECT_EQ(BuildModel(*ours).services.at(0).name, name + "_");
  }
}

}  // namespace
}  // namespace weft::codegen
