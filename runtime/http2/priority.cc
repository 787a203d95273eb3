#include "http2/priority.h"

#include <cstddef>

#include "http/header_rules.h"

namespace weft::http2 {
std::optional<Priority> ParsePriority(std::string_view value, Priority base) {
  int urgency = base.urgency();
  bool incremental = base.incremental();
  bool known = false;
  bool more = true;
  std::string_view member;
  while (internal::NextListElement(value, more, member)) {
    member = internal::TrimOws(member.substr(0, member.find(';')));  // parameters mean nothing here
    if (member == "i" || member == "i=?1") {
      incremental = true;
    } else if (member == "i=?0") {
      incremental = false;
    } else if (member.size() == 3 && member.starts_with("u=") && member[2] >= '0' &&
               member[2] <= '7') {
      urgency = member[2] - '0';
    } else {
      continue;
    }
    known = true;
  }
  if (!known) return std::nullopt;
  return Priority(urgency, incremental);
}

PriorityText::PriorityText(Priority priority) {
  const auto put = [this](std::string_view part) {
    size_ += part.copy(text_.data() + size_, part.size());
  };
  if (priority.urgency() != Priority::kDefaultUrgency || !priority.incremental()) {
    const char urgency[] = {'u', '=', static_cast<char>('0' + priority.urgency())};
    put({urgency, sizeof urgency});
  }
  if (priority.incremental()) put(size_ == 0 ? "i" : ", i");
}

}  // namespace weft::http2
