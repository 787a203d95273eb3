#include "codegen/code_writer.h"

#include <algorithm>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace weft::codegen {
namespace {

size_t LongestLine(const std::string& text) {
  std::istringstream lines(text);
  size_t longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  return longest;
}

TEST(CodeWriterTest, EmptyLineHasNoTrailingSpaces) {
  CodeWriter out;
  out.Indent();
  out.Line("a;");
  out.Line();
  out.Outdent();
  out.Line("b;");
  EXPECT_EQ(out.text(), "  a;\n\nb;\n");
}

TEST(CodeWriterTest, ShortCallStaysOnOneLine) {
  CodeWriter out;
  out.Call("void F", {"int a", "int b"}, ";");
  EXPECT_EQ(out.text(), "void F(int a, int b);\n");
}

TEST(CodeWriterTest, CallWithoutArgumentsIsWritten) {
  CodeWriter out;
  out.Call("void F", {}, " {");
  EXPECT_EQ(out.text(), "void F() {\n");
}

TEST(CodeWriterTest, CallFillsExactlyOneHundredColumns) {
  const std::string type(50, 'T');
  CodeWriter out;
  out.Call("F", {type, std::string(44, 'U')}, ";");
  EXPECT_EQ(out.text().size(), 101u) << out.text();
  EXPECT_EQ(std::ranges::count(out.text(), '\n'), 1);
  CodeWriter wider;
  wider.Call("F", {type, std::string(45, 'U')}, ";");
  EXPECT_EQ(wider.text(), "F(" + type + ",\n  " + std::string(45, 'U') + ");\n");
}

TEST(CodeWriterTest, ArgumentsTooLongForTheirColumnMoveBelowTheHead) {
  CodeWriter out;
  out.Indent();
  out.Call(std::string(70, 'h'), {std::string(40, 'a'), std::string(40, 'b')}, ";");
  EXPECT_EQ(out.text(), "  " + std::string(70, 'h') + "(\n      " + std::string(40, 'a') + ", " +
                            std::string(40, 'b') + ");\n");
}

TEST(CodeWriterTest, NoLineIsLongerThanItsOnlyArgumentForces) {
  for (size_t width = 1; width < 90; ++width) {
    CodeWriter out;
    out.Call("Result Name",
             {std::string(width, 'a'), std::string(width, 'b'), std::string(width, 'c')},
             " const;");
    EXPECT_LE(LongestLine(out.text()), std::max<size_t>(100, width + 12)) << out.text();
  }
}

TEST(CodeWriterTest, RowBreaksBehindItsBrace) {
  CodeWriter out;
  out.Row({std::string(60, 'a'), std::string(60, 'b')});
  EXPECT_EQ(out.text(), "{" + std::string(60, 'a') + ",\n " + std::string(60, 'b') + "},\n");
}

}  // namespace
}  // namespace weft::codegen
