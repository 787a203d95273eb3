#pragma once

// What the clients of bench/ping_pong have in common: their arguments, and what they measure of
// themselves around their calls. The programs differ in the framework alone.
#include <dlfcn.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace ping_pong {

constexpr int kMessages = 10'000;  // of a stream
constexpr int kConnections = 10, kInFlight = 10;
constexpr std::size_t kBodySize = 32;

struct Load {
  std::string form;
  std::string port;
  long calls = 0;  // of a stream: messages
};

// PROGRAM FORM PORT CALLS.
inline Load Parse(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s FORM PORT CALLS\n", argv[0]);
    std::exit(2);
  }
  return Load{argv[1], argv[2], std::strtol(argv[3], nullptr, 10)};
}

[[noreturn]] inline void Fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::_Exit(1);
}

// Begin, when it is warm; Note after each call that is made alone; Print, which writes a line of
// JSON.
class Meter {
 public:
  explicit Meter(long calls) { latencies_ns_.reserve(static_cast<std::size_t>(calls)); }

  void Begin() {
    allocations_ = Allocations();
    switches_ = Switches();
    cpu_ns_ = CpuNs();
    begun_ = last_ = Clock::now();
  }
  void Note() {
    const Clock::time_point now = Clock::now();
    latencies_ns_.push_back(std::chrono::nanoseconds(now - last_).count());
    last_ = now;
  }
  void Print(long calls) {
    const double cpu = CpuNs() - cpu_ns_;
    const std::chrono::duration<double> took = Clock::now() - begun_;
    const double switches = Switches() - switches_, allocations = Allocations() - allocations_;
    const double n = static_cast<double>(calls);
    std::printf("{\"calls\": %ld, \"cpu_us\": %.4f, \"switches\": %.3f, \"rate\": %.0f", calls,
                cpu / n / 1e3, switches / n, n / took.count());
    if (CountsAllocations()) std::printf(", \"allocations\": %.3f", allocations / n);
    if (!latencies_ns_.empty()) {
      std::sort(latencies_ns_.begin(), latencies_ns_.end());
      std::printf(", \"p50_us\": %.2f, \"p99_us\": %.2f", At(0.5), At(0.99));
    }
    std::printf("}\n");
    std::fflush(stdout);
  }

 private:
  using Clock = std::chrono::steady_clock;

  double At(double share) const {
    const auto last = static_cast<double>(latencies_ns_.size() - 1);
    return static_cast<double>(latencies_ns_[static_cast<std::size_t>(share * last)]) / 1e3;
  }
  // Of all threads.
  static double CpuNs() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
  }
  static double Switches() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_nvcsw + used.ru_nivcsw);
  }
  // Of count_allocations.so, where that is preloaded.
  using Count = unsigned long (*)();
  static Count Counter() {
    void* const found = dlsym(RTLD_DEFAULT, "allocation_count");
    Count count = nullptr;
    std::memcpy(&count, &found, sizeof count);
    return count;
  }
  static bool CountsAllocations() { return Counter() != nullptr; }
  static double Allocations() {
    const Count count = Counter();
    return count == nullptr ? 0 : static_cast<double>(count());
  }

  std::vector<long> latencies_ns_;
  double allocations_ = 0, switches_ = 0, cpu_ns_ = 0;
  Clock::time_point begun_, last_;
};

}  // namespace ping_pong
