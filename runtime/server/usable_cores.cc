#include "server/usable_cores.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include "server/cgroups.h"

namespace weft::internal {
namespace {

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

void Lower(std::optional<int>& lowest, std::optional<int> cores) {
  if (cores && (!lowest || *cores < *lowest)) lowest = cores;
}

}  // namespace

std::optional<int> CoresOfCfsQuota(std::string_view quota, std::string_view period) {
  const std::optional<std::int64_t> used = Number(quota);
  const std::optional<std::int64_t> of = Number(period);
  if (!used || !of || *used <= 0 || *of <= 0) return std::nullopt;
  const std::int64_t cores = (*used - 1) / *of + 1;
  return static_cast<int>(std::min<std::int64_t>(cores, std::numeric_limits<int>::max()));
}

std::optional<int> CoresOfCpuMax(std::string_view cpu_max) {
  const std::size_t space = std::min(cpu_max.find(' '), cpu_max.size());
  return CoresOfCfsQuota(cpu_max.substr(0, space),
                         cpu_max.substr(std::min(space + 1, cpu_max.size())));
}

std::optional<int> CoresOfCgroups(std::string_view proc_self_cgroup,
                                  std::string (*read)(const std::string& path)) {
  std::optional<int> lowest;
  ForEachCgroup(proc_self_cgroup, "cpu", [&](const std::string& folder, bool unified) {
    Lower(lowest, unified ? CoresOfCpuMax(read(folder + "/cpu.max"))
                          : CoresOfCfsQuota(read(folder + "/cpu.cfs_quota_us"),
                                            read(folder + "/cpu.cfs_period_us")));
  });
  return lowest;
}

int UsableCores() {
  int cores = 1;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = std::max(1, CPU_COUNT(&set));
  return std::min(
      cores, CoresOfCgroups(ReadSystemFile("/proc/self/cgroup"), ReadSystemFile).value_or(cores));
}

}  // namespace weft::internal
