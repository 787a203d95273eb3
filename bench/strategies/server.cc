// bench.Echo and bench.Store with a choice of how output is written, for bench/write_strategy:
//
//   weft_write_strategy_server --port N --write gathered   as Weft does: lists, once a pass
//                                       --write flat-pass  copied into one buffer, once a pass
//                                       --write flat-reply  the same, after each reply or message
//                                       --write gathered-reply
//                                       --write gathered-1ms  within a millisecond
//                              [--count]  says at SIGTERM what was written
//                              --limits   says which thresholds it was built with, and ends
//
// One loop, as weft_bench_server --loops 1. Only the transport and the flush policy differ.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bench/echo_service.h"
#include "bench/store_service.h"
#include "bench/strategies/flat_transport.h"
#include "buffer/budget_count.h"
#include "buffer/limits.h"
#include "flags.h"
#include "io/listener.h"
#include "io/loop_thread.h"
#include "io/signal_watch.h"
#include "io/socket_transport.h"
#include "server/router.h"
#include "server/shard.h"
#include "server/usable_memory.h"
#include "server/worker_places.h"
#include "weft/event_loop.h"
#include "weft/worker_pool.h"

namespace bench {
namespace {

using weft::internal::OwnedFd;
using weft::internal::SocketAddress;

struct Strategy {
  std::string_view name;
  bool flat;
  weft::FlushPolicy policy;
};

constexpr Strategy kStrategies[] = {
    {"gathered", false, weft::FlushPolicy::EachPass()},
    {"gathered-reply", false, weft::FlushPolicy::AtOnce()},
    {"gathered-1ms", false, weft::FlushPolicy::UpTo(std::chrono::milliseconds(1))},
    {"flat-pass", true, weft::FlushPolicy::EachPass()},
    {"flat-reply", true, weft::FlushPolicy::AtOnce()},
};

void SayLimits() {
  const std::pair<const char*, std::size_t> limits[] = {
      {"kInlineCopyLimit", weft::internal::kInlineCopyLimit},
      {"kMaxIov", weft::internal::kMaxIov},
      {"kFlushQuantum", weft::internal::kFlushQuantum},
      {"kOutputLowMark", weft::internal::kOutputLowMark},
      {"kSmallestPiece", weft::internal::kSmallestPiece},
      {"kStreamHighMark", weft::internal::kStreamHighMark},
      {"kStreamLowMark", weft::internal::kStreamLowMark},
      {"kNotSentLowat", weft::internal::kNotSentLowat},
      {"kReadChunkSize", weft::internal::kReadChunkSize},
      {"kBulkReadChunkSize", weft::internal::kBulkReadChunkSize},
      {"kInboundCopyLimit", weft::internal::kInboundCopyLimit},
      {"kAliasThreshold", weft::internal::kAliasThreshold},
      {"kContiguousMessageLimit", weft::internal::kContiguousMessageLimit},
  };
  for (const auto& [name, value] : limits) std::cout << name << "=" << value << "\n";
}

int Main(int argc, char** argv) {
  std::int64_t port = 20051;
  std::string write = "gathered";
  bool count = false, limits = false;
  weft::testing::Flags flags;
  flags.Add("port", &port);
  flags.Add("write", &write);
  flags.Add("count", &count);
  flags.Add("limits", &limits);
  flags.Parse(argc, argv);
  if (limits) {
    SayLimits();
    return 0;
  }
  const Strategy* const strategy = std::ranges::find(kStrategies, write, &Strategy::name);
  if (strategy == std::end(kStrategies)) {
    std::cerr << argv[0] << ": --write takes";
    for (const Strategy& known : kStrategies) std::cerr << " " << known.name;
    std::cerr << "\n";
    return 2;
  }

  auto listener = weft::internal::Listener::Listen("127.0.0.1:" + std::to_string(port));
  if (!listener.ok()) {
    std::cerr << argv[0] << ": " << listener.status() << "\n";
    return 1;
  }
  weft::ServerOptions options;
  options.set_receive_limit(kMessageLimit).set_send_limit(kMessageLimit);
  options.set_flush_policy(strategy->policy);
  EchoService echo;
  weft::RawService store;
  AddFetch(store);
  weft::internal::Router router;
  router.Add(echo);
  router.Add(store);
  weft::WorkerPool workers{weft::WorkerPool::Options()};
  weft::internal::WorkerPlaces places(1, 1);
  weft::internal::BudgetCount budget(weft::internal::UsableMemory() / 2);
  OutputCounts counts;

  weft::internal::SignalWatch watch({SIGTERM, SIGINT});
  auto loop = std::make_unique<weft::EventLoop>();
  weft::internal::Shard shard(*loop, router, options, workers, places, budget);
  loop->Post([&, inside = &loop->core()] {
    (*listener)->Start(*inside, [&, inside](OwnedFd descriptor, const SocketAddress& peer) {
      std::unique_ptr<weft::internal::Transport> transport =
          std::make_unique<weft::internal::SocketTransport>(*inside, std::move(descriptor),
                                                            peer.ToString());
      if (count) {
        transport = std::make_unique<CountedTransport>(std::move(transport), counts);
      }
      if (strategy->flat) {
        transport = std::make_unique<FlatTransport>(*inside, std::move(transport), counts);
      }
      shard.Announce();
      shard.Accept(std::move(transport));
    });
  });
  weft::internal::LoopThread thread(std::move(loop));
  watch.Wait();
  // On the loop, whose the counts are. Nothing is torn down: the process is at its end.
  thread.loop().Post([&] {
    if (count) {
      std::cerr << "WRITES " << counts.writes << " BYTES " << counts.bytes << " COPIED "
                << counts.copied << " IN CHUNKS "
                << thread.loop().core().chunks().stats().bytes_written << std::endl;
    }
    std::_Exit(0);
  });
  watch.Wait();
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
