#include "server/usable_cores.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>

namespace weft::internal {
namespace {

// The text up to `end`, or all of it, which is taken off `text`.
std::string_view TakeUntil(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

void Lower(std::optional<int>& lowest, std::optional<int> cores) {
  if (cores && (!lowest || *cores < *lowest)) lowest = cores;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
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
  const std::string_view quota = TakeUntil(cpu_max, ' ');
  return CoresOfCfsQuota(quota, cpu_max);
}

std::optional<int> CoresOfCgroups(std::string_view proc_self_cgroup,
                                  std::string (*read)(const std::string& path)) {
  std::optional<int> lowest;
  while (!proc_self_cgroup.empty()) {
    // "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1.
    std::string_view line = TakeUntil(proc_self_cgroup, '\n');
    const std::string_view id = TakeUntil(line, ':');
    std::string_view controllers = TakeUntil(line, ':');
    const bool unified = id == "0" && controllers.empty();
    bool cpu = unified;
    while (!cpu && !controllers.empty()) cpu = TakeUntil(controllers, ',') == "cpu";
    if (!cpu) continue;
    const std::string root = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu";
    // In a container the path may be the host's, of which only the root is seen here.
    std::string path(line == "/" ? "" : line);
    while (true) {
      const std::string folder = root + path;
      if (unified) {
        Lower(lowest, CoresOfCpuMax(read(folder + "/cpu.max")));
      } else {
        Lower(lowest, CoresOfCfsQuota(read(folder + "/cpu.cfs_quota_us"),
                                      read(folder + "/cpu.cfs_period_us")));
      }
      if (path.empty()) break;
      const std::size_t parent = path.rfind('/');
      path.resize(parent == std::string::npos ? 0 : parent);
    }
  }
  return lowest;
}

int UsableCores() {
  int cores = 1;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = std::max(1, CPU_COUNT(&set));
  return std::min(cores, CoresOfCgroups(ReadFile("/proc/self/cgroup"), ReadFile).value_or(cores));
}

}  // namespace weft::internal
