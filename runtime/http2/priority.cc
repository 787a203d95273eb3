#include "http2/priority.h"

#include <cstddef>
#include <cstdint>

namespace weft::http2 {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

internal::Priority ParsePriority(std::string_view value, internal::Priority base) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    std::string_view member = value.substr(0, comma);
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    member = Trim(member.substr(0, member.find(';')));  // parameters mean nothing here
    if (member == "i" || member == "i=?1") {
      base.incremental = true;
    } else if (member == "i=?0") {
      base.incremental = false;
    } else if (member.size() == 3 && member.starts_with("u=") && member[2] >= '0' &&
               member[2] <= '7') {
      base.urgency = static_cast<std::uint8_t>(member[2] - '0');
    }
  }
  return base;
}

PriorityText::PriorityText(internal::Priority priority) {
  const auto put = [this](std::string_view part) {
    size_ += part.copy(text_.data() + size_, part.size());
  };
  if (priority.urgency != internal::Priority().urgency) {
    const char urgency[] = {'u', '=', static_cast<char>('0' + (priority.urgency & 7))};
    put({urgency, sizeof urgency});
  }
  if (priority.incremental) put(size_ == 0 ? "i" : ", i");
}

}  // namespace weft::http2
