// Urgent unary calls, one after another, beside bulk streams on the same connection, with Weft's
// client, for bench/priority:
//   weft_priority_client --port N [--bulk 8] [--direction download|upload] [--urgency 0|-1]
// It prints what it saw as a line of JSON; peers/grpc_go/contention does the same with grpc-go's.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"

#include "echo.weft.h"
#include "tests/interop/flags.h"
#include "weft/channel.h"
#include "weft/event_loop.h"
#include "weft/priority.h"
#include "weft/sleep.h"
#include "weft/spawn.h"

namespace {

using bench::Payload;

constexpr std::size_t kMessageSize = std::size_t{64} << 10;
constexpr weft::Duration kWarmUp = std::chrono::milliseconds(500);

struct Load {
  Load() = default;
  std::int64_t port = 20051;
  std::int64_t bulk = 8;
  std::int64_t mebibytes = 64;  // of a bulk stream; then the next begins
  std::int64_t urgency = -1;    // of the unary calls; -1: nothing is said
  std::int64_t gap_us = 1000;
  std::int64_t milliseconds = 2000;
  std::string direction = "download";

  std::int32_t messages() const {
    return static_cast<std::int32_t>(mebibytes * (1 << 20) / static_cast<int>(kMessageSize));
  }
};

struct Seen {
  Seen() = default;
  std::int64_t moved = 0;
  std::vector<double> latencies_us;
  double bulk_mb_s = 0;
  bool done = false;
};

void SetPriority(const Load& load, weft::Priority priority, weft::ClientContext& context) {
  if (load.urgency >= 0) context.set_priority(priority);
}

weft::Priority OfBulk() { return weft::Priority(weft::Priority::kLeastUrgent, true); }

[[noreturn]] void Die(const absl::Status& status) {
  std::cerr << "weft_priority_client: " << status << "\n";
  std::_Exit(1);
}

weft::Task<void> Download(bench::Echo::Stub& echo, const Load& load, Seen& seen) {
  Payload request;
  request.set_body(std::string(kMessageSize, 'x'));
  request.set_id(load.messages());
  Payload message;
  while (!seen.done) {
    weft::ClientContext context;
    SetPriority(load, OfBulk(), context);
    auto stream = echo.ServerStream(context, request);
    while (co_await stream.Read(message)) {
      seen.moved += static_cast<std::int64_t>(message.body().size());
    }
    absl::Status ended = co_await stream.Finish();
    if (!ended.ok()) Die(ended);
  }
}

weft::Task<void> Upload(bench::Echo::Stub& echo, const Load& load, Seen& seen) {
  Payload message;
  message.set_body(std::string(kMessageSize, 'x'));
  while (!seen.done) {
    weft::ClientContext context;
    SetPriority(load, OfBulk(), context);
    auto stream = echo.ClientStream(context);
    for (std::int32_t left = load.messages(); left > 0; --left) {
      absl::Status written = co_await stream.Write(message);
      if (!written.ok()) break;
      seen.moved += kMessageSize;
    }
    absl::StatusOr<Payload> reply = co_await stream.Finish();
    if (!reply.ok()) Die(reply.status());
  }
}

weft::Task<void> Call(bench::Echo::Stub& echo, const Load& load, Seen& seen) {
  using std::chrono::steady_clock;
  const weft::Priority priority(static_cast<int>(load.urgency));
  Payload request;
  request.set_body(std::string(32, 'x'));
  Payload reply;
  absl::Status slept = co_await weft::Sleep(kWarmUp);
  const std::int64_t before = seen.moved;
  const steady_clock::time_point begun = steady_clock::now();
  const steady_clock::time_point end = begun + std::chrono::milliseconds(load.milliseconds);
  while (steady_clock::now() < end) {
    weft::ClientContext context;
    SetPriority(load, priority, context);
    const steady_clock::time_point asked = steady_clock::now();
    absl::Status status = co_await echo.Unary(context, request, &reply);
    if (!status.ok()) Die(status);
    const std::chrono::duration<double, std::micro> took = steady_clock::now() - asked;
    seen.latencies_us.push_back(took.count());
    slept = co_await weft::Sleep(std::chrono::microseconds(load.gap_us));
  }
  const std::chrono::duration<double> time = steady_clock::now() - begun;
  seen.bulk_mb_s = static_cast<double>(seen.moved - before) / time.count() / 1e6;
  seen.done = true;
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  weft::testing::Flags flags;
  flags.Add("port", &load.port);
  flags.Add("bulk", &load.bulk);
  flags.Add("mebibytes", &load.mebibytes);
  flags.Add("direction", &load.direction);
  flags.Add("urgency", &load.urgency);
  flags.Add("gap-us", &load.gap_us);
  flags.Add("milliseconds", &load.milliseconds);
  flags.Parse(argc, argv);
  const bool upload = load.direction == "upload";
  if (!upload && load.direction != "download") {
    std::cerr << argv[0] << ": --direction " << load.direction << ": download or upload\n";
    return 2;
  }

  weft::EventLoop loop;
  weft::Channel channel("127.0.0.1:" + std::to_string(load.port),
                        weft::ChannelOptions().add_loop(loop));
  bench::Echo::Stub echo(channel);
  Seen seen;
  for (std::int64_t i = 0; i < load.bulk; ++i) {
    weft::Spawn(loop, upload ? Upload(echo, load, seen) : Download(echo, load, seen));
  }
  weft::Spawn(loop, Call(echo, load, seen));
  while (!seen.done) loop.RunOnce(std::chrono::seconds(1));

  std::vector<double>& latencies = seen.latencies_us;
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&latencies](double share) {
    return latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))];
  };
  std::cout
      << absl::StrFormat(
             R"({"calls": %d, "p50_us": %.1f, "p99_us": %.1f, "max_us": %.1f, "bulk_mb_s": %.1f})",
             latencies.size(), at(0.5), at(0.99), at(1), seen.bulk_mb_s)
      << std::endl;
  std::_Exit(0);  // the bulk has no end
}
