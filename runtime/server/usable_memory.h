#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace weft::internal {

// How much memory the process may use, in bytes: the machine's, or the lowest limit of its cgroups.
std::size_t UsableMemory();

// The lowest memory limit (memory.max, or memory.limit_in_bytes in version 1) of the cgroups that
// /proc/self/cgroup names and of all above them; nullopt where there is none. `read` gives a file's
// text, empty where there is none. For tests.
std::optional<std::size_t> MemoryOfCgroups(std::string_view proc_self_cgroup,
                                           std::string (*read)(const std::string& path));

}  // namespace weft::internal
