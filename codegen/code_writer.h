#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft::codegen {

// Collects lines of C++ at an indentation and breaks what is too long for 100 columns, the way a
// formatter would. A plain value of one thread.
class CodeWriter {
 public:
  // One line at the current indentation; an empty one stays free of trailing spaces.
  void Line(std::string_view text = {});

  // `text` as // lines. Whatever it holds, nothing of it is compiled: see CommentLines().
  void Comment(std::string_view text);

  // `head(args...)tail` on one line if it fits, else with the arguments packed below each other.
  void Call(std::string_view head, const std::vector<std::string>& args, std::string_view tail);

  // `{items...},` as a row of a table.
  void Row(const std::vector<std::string>& items);

  void Indent() { indent_ += 2; }
  void Outdent() { indent_ -= 2; }

  const std::string& text() const { return text_; }

 private:
  bool Pack(std::string_view first, const std::vector<std::string>& args, std::string_view tail,
            size_t column, bool forced);

  std::string text_;
  size_t indent_ = 0;
};

// A comment of a .proto file as lines that are harmless behind "// ": no line ends in a way that
// continues it, no control or text-direction characters, valid UTF-8. Blank lines at either end are
// dropped.
std::vector<std::string> CommentLines(std::string_view text);

}  // namespace weft::codegen
