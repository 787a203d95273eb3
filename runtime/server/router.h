#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "weft/service.h"

namespace weft::internal {

// The methods that a server offers, by path. Filled before the server starts, then only read, by
// all loops at once.
class Router {
 public:
  struct Entry {
    const Method* method;
    Service* service;
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  // The path of a method that takes the calls to all paths which no other has.
  static constexpr std::string_view kAnyOther = "*";

  // Dies when a path is registered twice: which handler is meant can't be told.
  void Add(Service& service);
  // The index of the method in entries(), that of kAnyOther where there is one, or kNone. Paths are
  // compared byte by byte.
  std::size_t Find(std::string_view path) const;
  // Whether it is the path of a method, kAnyOther left aside.
  bool Offers(std::string_view path) const { return path != kAnyOther && by_path_.contains(path); }
  // Whether any method of the path's service is offered: for telling an unknown method from an
  // unknown service.
  bool KnowsServiceOf(std::string_view path) const;
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
  std::size_t any_other_ = kNone;
  absl::flat_hash_map<std::string_view, std::size_t> by_path_;
};

}  // namespace weft::internal
