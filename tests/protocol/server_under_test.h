#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "buffer/budget_count.h"
#include "io/address.h"
#include "io/memory_transport.h"
#include "io/socket_transport.h"
#include "server/shard.h"
#include "server/worker_places.h"
#include "tests/support/byte_sizes.h"
#include "tests/support/faulty_transport.h"
#include "tests/support/manual_clock.h"
#include "tests/support/wire_client.h"
#include "tests/support/write_log.h"
#include "weft/event_loop.h"
#include "weft/server.h"
#include "weft/worker_pool.h"

namespace weft::testing {

// A server and its clients on the loop of the test's thread, by a clock that the test moves. Their
// connections are pairs in memory, or TCP sockets when WEFT_TEST_WIRE says "socket"; either way the
// server reads and writes at most `size` bytes at once.
class ServerUnderTest {
 public:
  // `second`: another service, or null.
  ServerUnderTest(std::size_t size, Service& service, const ServerOptions& options,
                  Service* second = nullptr)
      : size_(size),
        loop_(EventLoop::Options().set_clock(clock_)),
        options_(options),
        places_(static_cast<std::size_t>(options.workers() > 0 ? options.workers() : 2),
                options.worker_queue()),
        workers_(WorkerPool::Options()
                     .set_max_threads(options.workers() > 0 ? options.workers() : 2)
                     .set_queue_limit(options.worker_queue())),
        budget_(options.memory_budget() > 0 ? options.memory_budget()
                                            : internal::BudgetCount::kUnlimited) {
    router_.Add(service);
    if (second != nullptr) router_.Add(*second);
    shard_.emplace(loop_, router_, options_, workers_, places_, budget_);
  }
  ServerUnderTest(std::size_t size, Service& service)
      : ServerUnderTest(size, service, ServerOptions()) {}
  ~ServerUnderTest() {
    clients_.clear();
    shard_->Abandon();
    EXPECT_TRUE(Until([this] { return shard_->environment().calls.empty(); }))
        << "a handler did not end";
    shard_.reset();
  }

  // `capacity`: of the pipe in memory. `writes`: gets what each write of the server's took.
  WireClient& Connect(std::size_t capacity = internal::MemoryTransport::kDefaultCapacity,
                      std::vector<std::string>* writes = nullptr) {
    auto [ours, theirs] = MakePair(capacity);
    FaultyTransport::Faults faults;
    faults.max_read = faults.max_write = size_;
    std::unique_ptr<internal::Transport> served =
        std::make_unique<FaultyTransport>(loop_.core(), std::move(theirs), faults);
    if (writes != nullptr) {
      served = std::make_unique<WriteLogTransport>(std::move(served), *writes);
    }
    shard_->Announce();
    shard_->Accept(std::move(served));
    clients_.push_back(std::make_unique<WireClient>(std::move(ours)));
    return *clients_.back();
  }
  WireClient& ConnectHttp2() {
    WireClient& client = Connect();
    client.StartHttp2();
    return client;
  }

  // Runs the loop until it is so; false when that takes too long.
  bool Until(const std::function<bool()>& fact) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!fact()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      loop_.RunOnce(std::chrono::milliseconds(1));
    }
    return true;
  }
  // Until the server has seen all that an HTTP/2 client sent, and the client all that it answered;
  // or the connection has been closed.
  void Settle(WireClient& client) {
    const std::uint64_t ping = ++pings_;
    client.Send(Ping(ping));
    ASSERT_TRUE(Until([&] { return client.acknowledged(ping) || client.closed(); }))
        << "no answer to a PING";
  }
  // Moves the clock and lets what is due by then happen.
  void Advance(Duration step) {
    clock_.Advance(step);
    loop_.RunOnce();
  }
  // Until the stream has ended or was reset.
  WireStream& Finish(WireClient& client, std::uint32_t id) {
    EXPECT_TRUE(Until([&] { return client.stream(id).over() || client.closed(); }))
        << "stream " << id << " did not end";
    return client.stream(id);
  }

  internal::Shard& shard() { return *shard_; }
  internal::BudgetCount& budget() { return budget_; }
  EventLoop& loop() { return loop_; }
  std::size_t open_calls() { return shard_->RunningMethods().size(); }

 private:
  using Pair =
      std::pair<std::unique_ptr<internal::Transport>, std::unique_ptr<internal::Transport>>;

  Pair MakePair(std::size_t capacity) {
    const char* wire = std::getenv("WEFT_TEST_WIRE");
    if (wire != nullptr && std::string_view(wire) == "socket") return TcpPair();
    return internal::MemoryTransport::MakePair(loop_.core(), loop_.core(), capacity);
  }
  Pair TcpPair() {
    using internal::Check;
    internal::OwnedFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto any = *internal::SocketAddress::Numeric("127.0.0.1", 0);
    Check(::bind(listening.get(), any.raw(), any.size()) == 0, "bind");
    Check(::listen(listening.get(), 1) == 0, "listen");
    const auto address = internal::SocketAddress::Local(listening.get());
    internal::OwnedFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    Check(::connect(client.get(), address.raw(), address.size()) == 0, "connect");
    internal::OwnedFd server(
        ::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    Check(server.valid(), "accept");
    const int flags = ::fcntl(client.get(), F_GETFL);
    ::fcntl(client.get(), F_SETFL, flags | O_NONBLOCK);
    // As the server's listener and the clients' connector do.
    for (const internal::OwnedFd* end : {&client, &server}) {
      internal::TuneConnectedSocket(end->get(), AF_INET);
    }
    const std::string peer = address.ToString();
    return {std::make_unique<internal::SocketTransport>(loop_.core(), std::move(client), peer),
            std::make_unique<internal::SocketTransport>(loop_.core(), std::move(server), peer)};
  }

  const std::size_t size_;
  ManualClock clock_;
  EventLoop loop_;
  const ServerOptions options_;
  internal::Router router_;
  internal::WorkerPlaces places_;
  WorkerPool workers_;
  internal::BudgetCount budget_;
  std::optional<internal::Shard> shard_;
  std::vector<std::unique_ptr<WireClient>> clients_;
  std::uint64_t pings_ = 0;
};

}  // namespace weft::testing
