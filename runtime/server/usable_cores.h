#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weft::internal {

// How many cores the process may use: by its CPU affinity and the quotas of its cgroups. At least
// 1.
int UsableCores();

// The parts of it, for tests. All are nullopt where nothing is limited, or the text says nothing.

// cgroup v2's cpu.max: "<quota> <period>" in µs, the quota perhaps "max". Rounded up.
std::optional<int> CoresOfCpuMax(std::string_view cpu_max);
// cgroup v1's cpu.cfs_quota_us (-1: no limit) and cpu.cfs_period_us.
std::optional<int> CoresOfCfsQuota(std::string_view quota, std::string_view period);
// The lowest quota of the cgroups that /proc/self/cgroup names and of all above them. `read` gives
// a file's text, empty where there is none.
std::optional<int> CoresOfCgroups(std::string_view proc_self_cgroup,
                                  std::string (*read)(const std::string& path));

}  // namespace weft::internal
