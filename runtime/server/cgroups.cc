#include "server/cgroups.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace weft::internal {
namespace {

// The text up to `end`, or all of it, which is taken off `text`.
std::string_view TakeUntil(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

}  // namespace

void ForEachCgroup(std::string_view proc_self_cgroup, std::string_view controller,
                   absl::FunctionRef<void(const std::string& folder, bool unified)> visit) {
  while (!proc_self_cgroup.empty()) {
    // "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1.
    std::string_view line = TakeUntil(proc_self_cgroup, '\n');
    const std::string_view id = TakeUntil(line, ':');
    std::string_view controllers = TakeUntil(line, ':');
    const bool unified = id == "0" && controllers.empty();
    bool wanted = unified;
    while (!wanted && !controllers.empty()) wanted = TakeUntil(controllers, ',') == controller;
    if (!wanted) continue;
    std::string root = "/sys/fs/cgroup";
    if (!unified) root.append("/").append(controller);
    // In a container the path may be the host's, of which only the root is seen here.
    std::string path(line == "/" ? "" : line);
    while (true) {
      visit(root + path, unified);
      if (path.empty()) break;
      const std::size_t parent = path.rfind('/');
      path.resize(parent == std::string::npos ? 0 : parent);
    }
  }
}

std::string ReadSystemFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace weft::internal
