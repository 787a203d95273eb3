// The memory budget of a whole server, which its loops share, and of several servers.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "buffer/chunk_pool.h"
#include "buffer/limits.h"
#include "io/loop_core.h"
#include "io/loop_thread.h"
#include "test_service.weft.h"
#include "weft/channel.h"
#include "weft/client_stream.h"
#include "weft/event_loop.h"
#include "weft/memory_budget.h"
#include "weft/server.h"
#include "weft/sleep.h"

namespace weft::testing {
namespace {

using internal::kKiB;

// Client streams are not read until the gate opens; Unary says on which loop it runs.
class Gated final : public TestService::Service {
 public:
  Task<absl::Status> Unary(ServerContext&, const TestRequest&, TestReply& reply) override {
    std::ostringstream thread;
    thread << std::this_thread::get_id();
    reply.set_text(thread.str());
    co_return absl::OkStatus();
  }
  Task<absl::Status> ClientStream(ServerContext&, ServerReader<TestRequest>& reader,
                                  TestReply& reply) override {
    while (!open) {
      absl::Status slept = co_await Sleep(std::chrono::milliseconds(1));
      if (!slept.ok()) co_return slept;
    }
    TestRequest request;
    int count = 0;
    while (co_await reader.Read(request)) ++count;
    reply.set_count(count);
    co_return absl::OkStatus();
  }

  std::atomic<bool> open{false};
};

TestRequest Payload(std::size_t size) {
  TestRequest request;
  request.set_payload(std::string(size, 'p'));
  return request;
}

class SharedBudgetTest : public ::testing::Test {
 protected:
  using Upload = ClientWriter<TestRequest, TestReply>;
  // A connection of its own.
  struct Peer {
    Peer(const std::string& target, const ChannelOptions& options)
        : channel(target, options), stub(channel) {}

    Channel channel;
    TestService::Stub stub;
    std::string loop;  // the server's that serves it
  };

  SharedBudgetTest() {
    auto loop = std::make_unique<EventLoop>();
    options_.add_loop(*loop);
    loop_.emplace(std::move(loop));
  }
  ~SharedBudgetTest() override { service_.open = true; }

  void Start(std::optional<Server>& server, const ServerOptions& options) {
    server.emplace(options);
    server->Register(service_);
    ASSERT_EQ(server->Listen("127.0.0.1:0"), absl::OkStatus());
    ASSERT_EQ(server->Start(), absl::OkStatus());
  }
  std::unique_ptr<Peer> Connect() { return Connect(*server_); }
  std::unique_ptr<Peer> Connect(const Server& server) {
    auto peer = std::make_unique<Peer>(absl::StrCat("127.0.0.1:", server.port()), options_);
    const absl::StatusOr<TestReply> reply = peer->stub.Unary(TestRequest()).Wait();
    EXPECT_EQ(reply.status(), absl::OkStatus());
    if (reply.ok()) peer->loop = reply->text();
    return peer;
  }
  static absl::Status CallOf(Peer& peer) { return peer.stub.Unary(TestRequest()).Wait().status(); }
  static bool Refused(Peer& peer) {
    const absl::Status status = CallOf(peer);
    return status.code() == absl::StatusCode::kUnavailable &&
           status.message().find("its memory budget is full") != status.message().npos;
  }
  // False when it takes too long.
  template <typename Fact>
  static bool Until(Fact fact) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!fact()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      std::this_thread::yield();
    }
    return true;
  }

  Gated service_;
  std::optional<Server> server_;
  ChannelOptions options_;
  std::optional<internal::LoopThread> loop_;
};

TEST_F(SharedBudgetTest, WhatOneLoopsPeersHoldRefusesTheCallsOfAnother) {
  Start(server_, ServerOptions().set_loops(2).set_memory_budget(512 * kKiB));
  std::vector<std::unique_ptr<Peer>> busy;
  std::vector<std::unique_ptr<Peer>> others;
  for (int i = 0; i < 28; ++i) {
    std::unique_ptr<Peer> peer = Connect();
    const bool with_the_first = busy.empty() || peer->loop == busy.front()->loop;
    (with_the_first ? busy : others).push_back(std::move(peer));
  }
  ASSERT_GE(busy.size(), 12u);
  ASSERT_GE(others.size(), 12u);

  // Each about its least share; together more than the budget.
  std::vector<Upload> uploads;
  for (const std::unique_ptr<Peer>& peer : busy) {
    for (int i = 0; i < 2; ++i) {
      Upload upload = peer->stub.ClientStream();
      const absl::Status written = upload.Write(Payload(48 * kKiB)).Wait();
      // The last ones may be refused themselves.
      EXPECT_TRUE(written.ok() || absl::IsUnavailable(written)) << written;
      if (written.ok()) uploads.push_back(std::move(upload));
    }
  }
  ASSERT_TRUE(Until([&] { return Refused(*others.front()); }));
  for (const std::unique_ptr<Peer>& peer : others) EXPECT_TRUE(Refused(*peer)) << CallOf(*peer);

  service_.open = true;
  for (Upload& upload : uploads) {
    const absl::StatusOr<TestReply> reply = upload.Finish().Wait();
    // Those that came when the budget was full were refused as well.
    if (!reply.ok()) {
      EXPECT_EQ(reply.status().code(), absl::StatusCode::kUnavailable);
    }
  }
  EXPECT_TRUE(Until([&] { return CallOf(*others.front()).ok(); }));
  for (const std::unique_ptr<Peer>& peer : others) EXPECT_EQ(CallOf(*peer), absl::OkStatus());
  for (const std::unique_ptr<Peer>& peer : busy) EXPECT_EQ(CallOf(*peer), absl::OkStatus());
}

TEST_F(SharedBudgetTest, WhatOneServersPeersHoldRefusesTheCallsOfAnother) {
  const MemoryBudget budget(256 * kKiB);
  const ServerOptions options = ServerOptions().set_loops(1).set_memory_budget(budget);
  std::optional<Server> other_server;
  Start(server_, options);
  Start(other_server, options);
  const std::unique_ptr<Peer> other = Connect(*other_server);

  std::vector<std::unique_ptr<Peer>> busy;
  busy.reserve(8);
  for (int i = 0; i < 8; ++i) busy.push_back(Connect());
  std::vector<Upload> uploads;
  for (const std::unique_ptr<Peer>& peer : busy) {
    Upload upload = peer->stub.ClientStream();
    const absl::Status written = upload.Write(Payload(48 * kKiB)).Wait();
    EXPECT_TRUE(written.ok() || absl::IsUnavailable(written)) << written;
    if (written.ok()) uploads.push_back(std::move(upload));
  }
  EXPECT_TRUE(Until([&] { return Refused(*other); })) << budget.used();

  service_.open = true;
  uploads.clear();
  EXPECT_TRUE(Until([&] { return CallOf(*other).ok(); })) << budget.used();

  // What is left with a server that ends counts no more.
  server_.reset();
  other_server.reset();
  EXPECT_EQ(budget.used(), 0u);
}

TEST_F(SharedBudgetTest, WhatALoopOfTwoServersHoldsCountsOnce) {
  const MemoryBudget budget(8 * internal::kMiB);
  auto loop = std::make_unique<EventLoop>();
  const ServerOptions options = ServerOptions().add_loop(*loop).set_memory_budget(budget);
  std::optional<Server> other_server;
  Start(server_, options);
  Start(other_server, options);
  internal::LoopThread serving(std::move(loop));

  std::vector<std::unique_ptr<Peer>> peers;
  std::vector<Upload> uploads;
  for (int i = 0; i < 8; ++i) {
    peers.push_back(Connect(i % 2 == 0 ? *server_ : *other_server));
    uploads.push_back(peers.back()->stub.ClientStream());
    ASSERT_EQ(uploads.back().Write(Payload(48 * kKiB)).Wait(), absl::OkStatus());
  }
  ASSERT_TRUE(Until([&] { return budget.used() >= uploads.size() * 48 * kKiB; })) << budget.used();
  const internal::ChunkPool::Stats held = serving.loop().core().chunks().stats();
  EXPECT_LE(budget.used(), held.bytes_in_use + held.bytes_charged + internal::kUseStep);

  service_.open = true;
  uploads.clear();
  server_.reset();
  EXPECT_EQ(CallOf(*peers[1]), absl::OkStatus());
  other_server.reset();
  EXPECT_EQ(budget.used(), 0u);
}

TEST_F(SharedBudgetTest, BudgetOfNothingStartsNoServer) {
  Server server(ServerOptions().set_memory_budget(MemoryBudget(0)));
  server.Register(service_);
  const absl::Status started = server.Start();
  EXPECT_TRUE(absl::IsInvalidArgument(started)) << started;
}

}  // namespace
}  // namespace weft::testing
