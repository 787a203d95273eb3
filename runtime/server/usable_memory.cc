#include "server/usable_memory.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "server/cgroups.h"

namespace weft::internal {

std::optional<std::size_t> MemoryOfCgroups(std::string_view proc_self_cgroup,
                                           std::string (*read)(const std::string& path)) {
  std::optional<std::size_t> lowest;
  ForEachCgroup(proc_self_cgroup, "memory", [&](const std::string& folder, bool unified) {
    const std::string text = read(folder + (unified ? "/memory.max" : "/memory.limit_in_bytes"));
    std::size_t limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    // "max" is no number; version 1 gives a huge one.
    if (error != std::errc() || end == text.data() || limit == 0) return;
    if (!lowest || limit < *lowest) lowest = limit;
  });
  return lowest;
}

std::size_t UsableMemory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  std::size_t memory = std::size_t{1} << 30;  // should the system not tell
  if (pages > 0 && page > 0) {
    memory = static_cast<std::size_t>(pages) * static_cast<std::size_t>(page);
  }
  return std::min(
      memory,
      MemoryOfCgroups(ReadSystemFile("/proc/self/cgroup"), ReadSystemFile).value_or(memory));
}

}  // namespace weft::internal
