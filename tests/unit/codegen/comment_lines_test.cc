#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "codegen/code_writer.h"

namespace weft::codegen {
namespace {

using Lines = std::vector<std::string>;

TEST(CommentLinesTest, TheSpaceAfterTheSlashesIsDroppedFromAllLinesOrNone) {
  EXPECT_EQ(CommentLines(" One.\n Two.\n"), Lines({"One.", "Two."}));
  EXPECT_EQ(CommentLines(" One.\nTwo.\n"), Lines({" One.", "Two."}));
}

TEST(CommentLinesTest, BlankLinesRemainOnlyInside) {
  EXPECT_EQ(CommentLines("\n\n One.\n\n Two.\n \n"), Lines({"One.", "", "Two."}));
  EXPECT_EQ(CommentLines(""), Lines());
  EXPECT_EQ(CommentLines(" \n\t\n"), Lines());
}

TEST(CommentLinesTest, NoLineIsContinued) {
  for (const std::string end : {"\\", "\\ ", "\\\t", "\\\x01", "?\?/", "?\?/  ", "\\\v"}) {
    const Lines lines = CommentLines(" text" + end + "\n next");
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_FALSE(lines[0].ends_with('\\') || lines[0].ends_with('/')) << lines[0];
  }
}

TEST(CommentLinesTest, EveryLineBreakEndsALine) {
  EXPECT_EQ(CommentLines("a\rb\r\nc\u2028d\u2029e"), Lines({"a", "b", "c", "d", "e"}));
}

TEST(CommentLinesTest, ControlCharactersVanish) {
  EXPECT_EQ(CommentLines(std::string("a\0b\x07"
                                     "c\fd\ve\x7f"
                                     "f\tg",
                                     13)),
            Lines({"abcdef g"}));
}

TEST(CommentLinesTest, InvisibleCharactersVanish) {
  EXPECT_EQ(CommentLines("a\u202Eb\u200Bc\uFEFFd\u2066e"), Lines({"abcde"}));
}

TEST(CommentLinesTest, OtherScriptsRemain) {
  EXPECT_EQ(CommentLines("ünïcödé 日本語 🧵"), Lines({"ünïcödé 日本語 🧵"}));
}

TEST(CommentLinesTest, BytesThatAreNotUtf8BecomeQuestionMarks) {
  EXPECT_EQ(CommentLines("a\xFF"
                         "b"),
            Lines({"a?b"}));
  EXPECT_EQ(CommentLines("\xC0\xAF"), Lines({"??"}));            // overlong
  EXPECT_EQ(CommentLines("\xE0\x80\xAF"), Lines({"???"}));       // overlong
  EXPECT_EQ(CommentLines("\xED\xA0\x80"), Lines({"???"}));       // surrogate
  EXPECT_EQ(CommentLines("\xF4\x90\x80\x80"), Lines({"????"}));  // beyond the last code point
  EXPECT_EQ(CommentLines("cut \xE6\x97"), Lines({"cut ??"}));
}

TEST(CommentLinesTest, EndOfABlockCommentIsHarmless) {
  CodeWriter out;
  out.Comment(" */ int x; /* \\\n#error no\n");
  EXPECT_EQ(out.text(), "//  */ int x; /* \\ .\n// #error no\n");
}

}  // namespace
}  // namespace weft::codegen
