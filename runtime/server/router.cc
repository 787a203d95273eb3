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
  const std::string_view service = path.substr(0, path.rfind('/'));
  return std::any_of(entries_.begin(), entries_.end(), [service](const Entry& entry) {
    const std::string_view offered = entry.method->info->path;
    return offered.substr(0, offered.rfind('/')) == service;
  });
}

}  // namespace weft::internal
