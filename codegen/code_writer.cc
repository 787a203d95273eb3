#include "code_writer.h"

namespace weft::codegen {

namespace {

constexpr size_t kColumns = 100;

}  // namespace

void CodeWriter::Line(std::string_view text) {
  if (!text.empty()) {
    text_.append(indent_, ' ');
    text_.append(text);
  }
  text_.push_back('\n');
}

void CodeWriter::Comment(std::string_view text) {
  for (const std::string& line : CommentLines(text)) {
    Line(line.empty() ? std::string("//") : "// " + line);
  }
}

void CodeWriter::Call(std::string_view head, const std::vector<std::string>& args,
                      std::string_view tail) {
  const std::string open = std::string(head) + "(";
  const std::string close = ")" + std::string(tail);
  if (Pack(open, args, close, indent_ + open.size(), false)) return;
  text_.append(indent_, ' ');
  text_ += open;
  text_.push_back('\n');
  Pack({}, args, close, indent_ + 4, true);
}

void CodeWriter::Row(const std::vector<std::string>& items) {
  Pack("{", items, "},", indent_ + 1, true);
}

// Writes the arguments from `column` on, as many on a line as fit. Unless forced, gives up and
// writes nothing when one of them is too long for that column.
bool CodeWriter::Pack(std::string_view first, const std::vector<std::string>& args,
                      std::string_view tail, size_t column, bool forced) {
  std::string out(first.empty() ? column : indent_, ' ');
  out += first;
  size_t used = column;
  for (size_t i = 0; i < args.size(); ++i) {
    const bool last = i + 1 == args.size();
    const size_t width = args[i].size() + (last ? tail.size() : 1);
    if (i > 0) {
      if (used + 1 + width <= kColumns) {
        out.push_back(' ');
        ++used;
      } else {
        out.push_back('\n');
        out.append(column, ' ');
        used = column;
      }
    }
    if (used + width > kColumns && !forced) return false;
    out += args[i];
    if (!last) out.push_back(',');
    used += width;
  }
  if (args.empty() && used + tail.size() > kColumns && !forced) return false;
  out += tail;
  out.push_back('\n');
  text_ += out;
  return true;
}

}  // namespace weft::codegen
