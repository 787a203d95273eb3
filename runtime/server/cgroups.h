#pragma once

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"

namespace weft::internal {

// Visits the folders under /sys/fs/cgroup of the groups that /proc/self/cgroup's text names for a
// controller ("cpu", "memory"), and of all above them: each may limit the process. `unified`: a
// folder of version 2.
void ForEachCgroup(std::string_view proc_self_cgroup, std::string_view controller,
                   absl::FunctionRef<void(const std::string& folder, bool unified)> visit);

// The text of a file of the system's; empty when it can't be read.
std::string ReadSystemFile(const std::string& path);

}  // namespace weft::internal
