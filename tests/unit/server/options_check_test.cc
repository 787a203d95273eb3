#include "server/options_check.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>

namespace weft::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(ServerOptionsCheckTest, DefaultsAndBoundsAreAccepted) {
  EXPECT_EQ(CheckOptions(ServerOptions()), absl::OkStatus());
  EXPECT_EQ(CheckOptions(ServerOptions()
                             .set_loops(1024)
                             .set_workers(0)
                             .set_worker_queue(0)
                             .set_receive_limit(1)
                             .set_send_limit(1)
                             .set_max_concurrent_streams(1)
                             .set_max_connections(1)
                             .set_priority_floor(0.5)
                             .set_handshake_timeout(nanoseconds(1))
                             .set_header_timeout(Duration::max())
                             .set_idle_timeout(nanoseconds(1))
                             .set_drain_timeout(Duration::zero())
                             .set_memory_budget(static_cast<std::size_t>(-1))),
            absl::OkStatus());
  EXPECT_EQ(CheckOptions(ServerOptions().set_loops(0).set_priority_floor(0)), absl::OkStatus());
}

TEST(ServerOptionsCheckTest, ValueOutOfRangeIsNamed) {
  const struct {
    ServerOptions options;
    const char* text;
  } cases[] = {
      {ServerOptions().set_loops(-3),
       "ServerOptions::set_loops(-3) is out of its range: 0 (one per core) to 1024"},
      {ServerOptions().set_loops(1025),
       "ServerOptions::set_loops(1025) is out of its range: 0 (one per core) to 1024"},
      {ServerOptions().set_workers(-1),
       "ServerOptions::set_workers(-1) is out of its range: 0 (4 per core) or more"},
      {ServerOptions().set_max_concurrent_streams(0),
       "ServerOptions::set_max_concurrent_streams(0) is out of its range: 1 or more"},
      {ServerOptions().set_max_connections(0),
       "ServerOptions::set_max_connections(0) is out of its range: 1 or more"},
      {ServerOptions().set_receive_limit(0),
       "ServerOptions::set_receive_limit(0) is out of its range: 1 byte or more"},
      {ServerOptions().set_send_limit(0),
       "ServerOptions::set_send_limit(0) is out of its range: 1 byte or more"},
      {ServerOptions().set_priority_floor(2.0),
       "ServerOptions::set_priority_floor(2) is out of its range: 0 (strict order) to 0.5"},
      {ServerOptions().set_priority_floor(-1),
       "ServerOptions::set_priority_floor(-1) is out of its range: 0 (strict order) to 0.5"},
      {ServerOptions().set_priority_floor(std::numeric_limits<double>::quiet_NaN()),
       "ServerOptions::set_priority_floor(nan) is out of its range: 0 (strict order) to 0.5"},
      {ServerOptions().set_handshake_timeout(Duration::zero()),
       "ServerOptions::set_handshake_timeout(0 s) is out of its range: above 0"},
      {ServerOptions().set_header_timeout(milliseconds(-5)),
       "ServerOptions::set_header_timeout(-5 ms) is out of its range: above 0"},
      {ServerOptions().set_idle_timeout(milliseconds(-1)),
       "ServerOptions::set_idle_timeout(-1 ms) is out of its range: above 0"},
      {ServerOptions().set_send_limit(static_cast<std::size_t>(-7)),
       "ServerOptions::set_send_limit(-7) is out of its range: 1 byte or more"},
      {ServerOptions().set_memory_budget(static_cast<std::size_t>(-5)),
       "ServerOptions::set_memory_budget(-5) is out of its range: 262144 bytes or more"},
      {ServerOptions().set_memory_budget(262'143),
       "ServerOptions::set_memory_budget(262143) is out of its range: 262144 bytes or more"},
      {ServerOptions().set_memory_budget(MemoryBudget(0)),
       "MemoryBudget(0) is out of its range: 262144 bytes or more"},
      {ServerOptions().set_drain_timeout(milliseconds(-1)),
       "ServerOptions::set_drain_timeout(-1 ms) is out of its range: 0 or more"},
  };
  for (const auto& [options, text] : cases) {
    const absl::Status status = CheckOptions(options);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(status.message(), text);
  }
}

}  // namespace
}  // namespace weft::internal
