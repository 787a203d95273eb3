#include "server/router.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

#include "base/check.h"

namespace weft::internal {

void Router::Add(Service& service) {
  for (const Method& method : service.methods()) {
    const std::string_view path = method.info->path;
    if (!by_path_.emplace(path, entries_.size()).second) {
      Die(absl::StrCat("two services that offer ", std::string(path),
                       " were registered with one server; register one of them"));
    }
    if (path == kAnyOther) any_other_ = entries_.size();
    entries_.push_back({&method, &service});
  }
}

std::size_t Router::Find(std::string_view path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? any_other_ : found->second;
}

bool Router::KnowsServiceOf(std::string_view path) const {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view prefix = path.substr(0, slash + 1);
  return std::any_of(entries_.begin(), entries_.end(), [prefix](const Entry& entry) {
    return entry.method->info->path.starts_with(prefix);
  });
}

}  // namespace weft::internal
