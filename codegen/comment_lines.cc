#include <cstdint>

#include "code_writer.h"

namespace weft::codegen {

namespace {

// The code point that begins at text[at], and its length; length 0 if the bytes there are not
// UTF-8.
struct CodePoint {
  uint32_t value = 0;
  size_t length = 0;
};

CodePoint Decode(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return {};
  uint32_t value = lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte(at + i) & 0x3FU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || (value >= 0xD800 && value < 0xE000) || value > 0x10FFFF) return {};
  return {value, length};
}

// Characters that reorder or hide what follows them: compilers warn of them, readers are misled by
// them.
bool IsInvisible(uint32_t c) {
  return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0x061C || c == 0xFEFF;
}

bool IsLineBreak(uint32_t c) { return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029; }

void FinishLine(std::string& line, std::vector<std::string>& lines) {
  line.erase(line.find_last_not_of(' ') + 1);
  // A backslash, or the trigraph for one, would draw the next line of code into the comment.
  const std::string_view view = line;
  if (view.ends_with('\\') || view.ends_with("?\?/")) line += " .";
  if (!line.empty() || !lines.empty()) lines.push_back(line);
  line.clear();
}

}  // namespace

std::vector<std::string> CommentLines(std::string_view text) {
  std::vector<std::string> lines;
  std::string line;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = Decode(text, at);
    const size_t length = c.length == 0 ? 1 : c.length;
    if (c.length == 0) {
      line += '?';
    } else if (IsLineBreak(c.value)) {
      FinishLine(line, lines);
      if (c.value == '\r' && at + 1 < text.size() && text[at + 1] == '\n') ++at;
    } else if (c.value == '\t' || c.value == 0xA0) {
      line += ' ';
    } else if (c.value >= 0x20 && !(c.value >= 0x7F && c.value < 0xA0) && !IsInvisible(c.value)) {
      line += text.substr(at, length);
    }
    at += length;
  }
  FinishLine(line, lines);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  // protoc hands over what follows the "//", mostly with one space before it.
  bool spaced = true;
  for (const std::string& l : lines) spaced = spaced && (l.empty() || l.front() == ' ');
  if (spaced) {
    for (std::string& l : lines) l.erase(0, 1);
  }
  return lines;
}

}  // namespace weft::codegen
