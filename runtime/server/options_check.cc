#include "server/options_check.h"

#include <cstddef>
#include <optional>

#include "absl/strings/str_cat.h"

#include "buffer/limits.h"
#include "rpc/option_range.h"

namespace weft::internal {
namespace {

// More threads than any machine has cores; each takes some five descriptors and a stack.
constexpr int kMostLoops = 1024;

absl::Status CheckCounts(const ServerOptions& options) {
  if (options.loops() < 0 || options.loops() > kMostLoops) {
    return OutOfRange("ServerOptions::set_loops", absl::StrCat(options.loops()),
                      absl::StrCat("0 (one per core) to ", kMostLoops));
  }
  if (options.workers() < 0) {
    return OutOfRange("ServerOptions::set_workers", absl::StrCat(options.workers()),
                      "0 (4 per core) or more");
  }
  if (options.max_concurrent_streams() == 0) {
    return OutOfRange("ServerOptions::set_max_concurrent_streams", "0", "1 or more");
  }
  if (options.max_connections() == 0) {
    return OutOfRange("ServerOptions::set_max_connections", "0", "1 or more");
  }
  return absl::OkStatus();
}

absl::Status CheckTimes(const ServerOptions& options) {
  absl::Status status =
      CheckAboveZero("ServerOptions::set_handshake_timeout", options.handshake_timeout());
  status.Update(CheckAboveZero("ServerOptions::set_header_timeout", options.header_timeout()));
  status.Update(CheckAboveZero("ServerOptions::set_idle_timeout", options.idle_timeout()));
  if (options.drain_timeout() < Duration::zero()) {
    status.Update(OutOfRange("ServerOptions::set_drain_timeout",
                             DurationText(options.drain_timeout()), "0 or more"));
  }
  return status;
}

absl::Status CheckBudget(const ServerOptions& options) {
  const std::optional<MemoryBudget>& shared = options.shared_memory_budget();
  const std::size_t bytes = shared.has_value() ? shared->limit() : options.memory_budget();
  const bool by_the_machine = bytes == 0 && !shared.has_value();
  if (by_the_machine || (bytes >= kLeastBudget && !IsNegative(bytes))) return absl::OkStatus();
  return OutOfRange(shared.has_value() ? "MemoryBudget" : "ServerOptions::set_memory_budget",
                    SizeText(bytes), absl::StrCat(kLeastBudget, " bytes or more"));
}

}  // namespace

absl::Status CheckOptions(const ServerOptions& options) {
  absl::Status status = CheckCounts(options);
  status.Update(CheckMessageLimit("ServerOptions::set_receive_limit", options.receive_limit()));
  status.Update(CheckMessageLimit("ServerOptions::set_send_limit", options.send_limit()));
  status.Update(CheckPriorityFloor("ServerOptions::set_priority_floor", options.priority_floor()));
  status.Update(CheckTimes(options));
  status.Update(CheckBudget(options));
  return status;
}

}  // namespace weft::internal
