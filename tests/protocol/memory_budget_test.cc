#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/limits.h"
#include "tests/protocol/memory_fixture.h"
#include "weft/raw_service.h"

// The server's memory budget: what is held back, what is refused, what goes on, and that all of it
// comes back.
namespace weft::testing {
namespace {

using internal::kBudgetTick;
using internal::kKiB;
using internal::kMiB;
using Level = internal::BudgetCount::Level;
using MemoryBudgetTest = MemoryTest;

// What a connection may have on its way when it is held back; a part that a read did not fill its
// chunk with counts as its chunk.
constexpr std::size_t kOnItsWay = 4 * internal::kMostStreamWindow;

TEST_F(MemoryBudgetTest, ThousandStalledReadersAreHeldBackAndGoOnOnceTheyRead) {
  constexpr std::size_t kBudget = 48 * kMiB;
  constexpr std::uint32_t kStreams = 1000;
  ServerUnderTest server(kUnlimited, probe, Budget(kBudget).set_max_concurrent_streams(2000));
  WireClient& other = server.ConnectHttp2();
  ExpectServed(server, other, 1);
  Uploader uploader(server.ConnectHttp2());
  StallUntilRefused(server, uploader, kStreams, 50 * kMiB / kStreams);
  EXPECT_EQ(server.budget().level(), Level::kTight);
  EXPECT_GE(Holds(server), kBudget / 2);
  EXPECT_LE(Holds(server), kBudget / 2 + kOnItsWay + kMiB);
  ExpectServed(server, other, 3);
  // Time brings nothing to those that nobody waits for.
  for (int tick = 0; tick < 5; ++tick) {
    server.Advance(kBudgetTick);
    Exhaust(server, uploader);
  }
  EXPECT_LE(Holds(server), kBudget / 2 + kOnItsWay + kMiB);

  OpenGate();
  ASSERT_TRUE(server.Until([&] {
    uploader.Pump();
    server.Advance(std::chrono::milliseconds(1));
    return uploader.done() && server.open_calls() == 0;
  }));
  for (std::uint32_t i = 0; i < kStreams; ++i) {
    EXPECT_EQ(server.Finish(uploader.client(), 2 * i + 1).trailers, "grpc-status=0");
  }
  server.Advance(2 * kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
  ExpectServed(server, uploader.client(), 5003);
  EXPECT_LT(Holds(server), 256 * kKiB);
}

TEST_F(MemoryBudgetTest, CancelledStreamsGiveTheirBytesBack) {
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  Uploader uploader(server.ConnectHttp2());
  StallUntilRefused(server, uploader, 100, kMiB);
  for (std::uint32_t id = 1; id < 200; id += 2) uploader.client().Send(RstStream(id, 8));
  server.Settle(uploader.client());
  server.Advance(kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
  ExpectServed(server, uploader.client(), 1003);
  OpenGate();
}

TEST_F(MemoryBudgetTest, LostConnectionGivesItsBytesBack) {
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  Uploader uploader(server.ConnectHttp2());
  StallUntilRefused(server, uploader, 100, kMiB);
  uploader.client().Close();
  ASSERT_TRUE(server.Until([&] { return server.shard().connection_count() == 0; }));
  server.Advance(kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
  OpenGate();
}

TEST_F(MemoryBudgetTest, HealthIsToldWhileTheBudgetIsFull) {
  constexpr std::string_view kCheck = "/grpc.health.v1.Health/Check";
  RawService health;
  health.AddUnary(kCheck, [](ServerContext&, const Bytes&, Bytes& reply) -> Task<absl::Status> {
    reply = Bytes::Static("well");
    co_return absl::OkStatus();
  });
  RawService any;
  any.AddAnyOther(
      [](ServerContext&, ServerReaderWriter<Bytes, Bytes>& stream) -> Task<absl::Status> {
        absl::Status written = co_await stream.Write(Bytes::Static("well"));
        co_return written;
      });
  for (RawService* service : {&health, &any}) {
    ServerUnderTest server(kUnlimited, probe, Budget(512 * kKiB), service);
    probe.notes.clear();  // the gate is shut
    std::vector<Uploader> crowd = Crowd(server);
    ASSERT_EQ(server.budget().level(), Level::kFull);
    WireClient& fresh = server.ConnectHttp2();
    fresh.Send(Call(1, kCheck).Render() + Data(1, Envelope("")).End().Render());
    const WireStream& told = server.Finish(fresh, 1);
    EXPECT_EQ(told.trailers, "grpc-status=0") << told.head;
    EXPECT_EQ(told.messages(), std::vector<std::string>{"well"});
    ExpectRefused(server, fresh, 3);
    OpenGate();
  }
}

TEST_F(MemoryBudgetTest, PeerThatOpensStreamsAndNeverReadsIsRefusedMore) {
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  WireClient& other = server.ConnectHttp2();
  WireClient& client = server.Connect();
  client.StartHttp2(Settings({{4, 0}}));  // no body may be sent to it
  std::uint32_t accepted = 0;
  for (std::uint32_t id = 1; id < 400; id += 2) {
    client.Send(Call(id, kServerStream).Render() + Data(id, Ask("go")).End().Render());
    server.Settle(client);
    if (!client.stream(id).over()) ++accepted;
  }
  // Each writer waits with what its stream's mark lets it have; half of the budget is one
  // connection's share when no other has calls.
  EXPECT_GE(accepted, 20u);
  EXPECT_LE(accepted, 50u);
  EXPECT_LT(Holds(server), 4 * kMiB);
  EXPECT_TRUE(client.stream(399).head.starts_with(kRefused)) << client.stream(399).head;
  ExpectServed(server, other, 1);
  for (std::uint32_t id = 1; id < 400; id += 2) {
    if (!client.stream(id).over()) client.Send(RstStream(id, 8));
  }
  server.Settle(client);
  server.Advance(kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
  EXPECT_EQ(server.open_calls(), 0u);
  client.Send(Settings({{4, 65535}}));
  ExpectServed(server, client, 1001);
}

// Each peer in its turn, however many come after it.
TEST_F(MemoryBudgetTest, NewConnectionsDoNotGoBeforeThoseThatWait) {
  ServerUnderTest server(kUnlimited, probe, Budget(kMiB));
  Uploader old(server.ConnectHttp2());
  for (std::uint32_t id = 1; id <= 7; id += 2) {
    old.client().Send(Call(id, kUnary));
    old.Add(id, Message(kMiB), /*end=*/true);
  }
  Exhaust(server, old);
  EXPECT_EQ(server.budget().level(), Level::kTight);
  EXPECT_FALSE(old.done());
  int ticks = 0;
  for (; ticks < 100 && !old.done(); ++ticks) {
    Uploader fresh(server.ConnectHttp2());
    fresh.client().Send(Call(1, kUnary));
    fresh.Add(1, Message(kMiB), /*end=*/true);
    Exhaust(server, fresh);
    server.Advance(kBudgetTick);
    Exhaust(server, old);
    fresh.client().Close();
    server.Advance(std::chrono::milliseconds(1));
  }
  EXPECT_LT(ticks, 60);
}

TEST_F(MemoryBudgetTest, Http1IsAnswered503AndItsBodiesWait) {
  ServerUnderTest server(kUnlimited, probe, Budget(512 * kKiB));
  const std::string head =
      "POST /weft.testing.TestService/Unary HTTP/1.1\r\nHost: a\r\n"
      "Content-Type: application/json\r\nContent-Length: ";
  const std::string body = "{\"text\":\"" + std::string(2 * kMiB, 'j') + "\"}";
  WireClient& slow = server.Connect();
  slow.Send(head + std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, 1000));
  ASSERT_TRUE(server.Until([&] { return server.open_calls() == 1; }));
  std::vector<Uploader> crowd = Crowd(server);
  EXPECT_EQ(server.budget().level(), Level::kFull);

  WireClient& refused = server.Connect();
  refused.Send(head + "2\r\n\r\n{}");
  ASSERT_TRUE(server.Until(
      [&] { return refused.received().find("its memory budget is full") != std::string::npos; }));
  EXPECT_TRUE(refused.received().starts_with("HTTP/1.1 503 ")) << refused.received();
  EXPECT_NE(refused.received().find("retry-after: 1\r\n"), std::string::npos);

  // Its body is not read on, but for what it is lent; the HTTP/2 one waits for nothing.
  const std::size_t before = Holds(server);
  slow.Send(body.substr(1000));
  server.Settle(crowd[0].client());
  server.Settle(crowd[0].client());
  EXPECT_LE(Holds(server), before + 128 * kKiB);
  for (int tick = 0; tick < 5; ++tick) {
    server.Advance(kBudgetTick);
    server.Settle(crowd[0].client());
  }
  EXPECT_GT(Holds(server), before + 128 * kKiB);
  EXPECT_EQ(slow.received(), "");
  OpenGate();
  ASSERT_TRUE(server.Until([&] {
    return AllDone(server, crowd) && slow.received().find("re: jjj") != std::string::npos;
  }));
  EXPECT_TRUE(slow.received().starts_with("HTTP/1.1 200 "));
}

TEST_F(MemoryBudgetTest, NewConnectionIsHeldBackWhileTheBudgetIsFull) {
  ServerUnderTest server(kUnlimited, probe, Budget(512 * kKiB));
  std::vector<Uploader> crowd = Crowd(server);
  ASSERT_EQ(server.budget().level(), Level::kFull);
  WireClient& fresh = server.ConnectHttp2();
  ExpectRefused(server, fresh, 1);
  OpenGate();
  ASSERT_TRUE(server.Until([&] { return AllDone(server, crowd); }));
  server.Advance(kBudgetTick);
  ExpectServed(server, fresh, 3);
}

// No budget is needed for this: credit comes as messages are taken.
TEST_F(MemoryBudgetTest, SenderFasterThanTheHandlerIsBoundByItsWindow) {
  probe.client_stream = [](Probe&, ServerContext&, ServerReader<TestRequest>& reader,
                           TestReply& reply) -> Task<absl::Status> {
    TestRequest request;
    int count = 0;
    while (co_await reader.Read(request)) {
      ++count;
      absl::Status slept = co_await Sleep(std::chrono::milliseconds(1));
      if (!slept.ok()) co_return slept;
    }
    reply.set_count(count);
    co_return absl::OkStatus();
  };
  ServerUnderTest server(kUnlimited, probe);
  Uploader uploader(server.ConnectHttp2());
  Stall(uploader, 1, 3 * kMiB);
  std::size_t most = 0;
  ASSERT_TRUE(server.Until([&] {
    uploader.Pump();
    server.Advance(std::chrono::milliseconds(1));
    most = std::max(most, Holds(server));
    return server.open_calls() == 0 && uploader.done();
  }));
  // The window does not grow for a reader that is slow, however short the path.
  EXPECT_GT(most, 32 * kKiB);
  EXPECT_LT(most, 512 * kKiB);
  EXPECT_EQ(server.Finish(uploader.client(), 1).trailers, "grpc-status=0");
}

TEST_F(MemoryBudgetTest, ServerMayEndWhileConnectionsAreHeldBack) {
  ServerUnderTest server(kUnlimited, probe, Budget(512 * kKiB));
  std::vector<Uploader> crowd = Crowd(server);
  EXPECT_EQ(server.budget().level(), Level::kFull);
  server.shard().Drain([] {});
  OpenGate();
}

// Clients that each hold too little to be above a share, and together the budget. They read all
// but bodies.
class StalledPeersTest : public MemoryTest {
 public:
  static constexpr std::uint32_t kPeers = 12;
  static constexpr int kPatience = internal::kStallPatience / kBudgetTick;

  StalledPeersTest() : server(kUnlimited, probe, Budget(512 * kKiB)), other(server.ConnectHttp2()) {
    ExpectServed(server, other, 1);
  }

  std::size_t Open() {
    return static_cast<std::size_t>(std::count_if(
        peers.begin(), peers.end(), [](const WireClient* peer) { return !peer->closed(); }));
  }
  // None of the peers reads any more; the n-th request of each is ask(n).
  void ExpectCutOffOnceFull(const std::function<std::string(std::uint32_t)>& ask) {
    for (WireClient* peer : peers) peer->PauseReads(true);
    // Over sockets the kernel takes many.
    for (std::uint32_t n = 0; n < 1000 && server.budget().level() != Level::kFull; ++n) {
      for (WireClient* peer : peers) peer->Send(ask(n));
      server.Advance(std::chrono::milliseconds(1));
    }
    ASSERT_EQ(server.budget().level(), Level::kFull);
    ExpectRefused(server, other, 3);
    Ticks(kPatience - 1);
    EXPECT_EQ(server.shard().connection_count(), kPeers + 1);
    Ticks(kPatience);
    EXPECT_NE(server.budget().level(), Level::kFull);
    ExpectServed(server, other, 5);
    EXPECT_LT(server.shard().connection_count(), kPeers + 1);
    EXPECT_GE(server.shard().connection_count(), kPeers / 2) << "more were cut off than had to be";
  }
  void Ticks(int n, const std::function<void()>& each = [] {}) {
    for (int i = 0; i < n; ++i) {
      server.Advance(kBudgetTick);
      each();
    }
  }

  ServerUnderTest server;
  WireClient& other;
  std::vector<WireClient*> peers;
};

TEST_F(StalledPeersTest, WhoTakesNothingIsCutOffSoThatOthersAreServed) {
  for (std::uint32_t i = 0; i < kPeers; ++i) {
    peers.push_back(&server.Connect());
    peers.back()->StartHttp2(Settings({{4, 0}}));
    peers.back()->Send(Call(1, kServerStream).Render() + Data(1, Ask("go")).End().Render());
    server.Settle(*peers.back());
  }
  ASSERT_EQ(server.budget().level(), Level::kFull);
  ExpectRefused(server, other, 3);
  // This one takes little, but some.
  std::uint32_t next = 3;
  const auto take_some = [&] { peers[0]->Send(WindowUpdate(1, 100)); };  // 40 KB in 20 s
  Ticks(kPatience - 1, take_some);
  EXPECT_EQ(Open(), kPeers);
  ExpectRefused(server, other, next += 2);
  Ticks(3 * kPatience, take_some);
  EXPECT_NE(server.budget().level(), Level::kFull);
  ExpectServed(server, other, next += 2);
  EXPECT_FALSE(peers[0]->closed());
  EXPECT_LT(Open(), kPeers);
  EXPECT_GE(Open(), kPeers / 2) << "more were cut off than had to be";
}

// With windows that are open what is stalled lies in the connection's own list, and its calls may
// be over.
TEST_F(StalledPeersTest, WhoDoesNotReadItsSocketIsCutOff) {
  TestRequest request;
  request.set_size(120 * kKiB);
  const std::string body = Envelope(request.SerializeAsString());
  for (std::uint32_t i = 0; i < kPeers; ++i) {
    peers.push_back(&server.Connect(/*capacity=*/1000));
    peers.back()->StartHttp2(Settings({{4, 0x7fffffff}}));
    peers.back()->Send(WindowUpdate(0, 0x7fffffff - 65535));
    server.Settle(*peers.back());
  }
  ExpectCutOffOnceFull([&body](std::uint32_t n) {
    return Call(2 * n + 1, kUnary).Render() + Data(2 * n + 1, body).End().Render();
  });
}

TEST_F(StalledPeersTest, Http1ClientWhoDoesNotReadItsSocketIsCutOff) {
  for (std::uint32_t i = 0; i < kPeers; ++i) peers.push_back(&server.Connect(/*capacity=*/1000));
  ExpectCutOffOnceFull([](std::uint32_t) {
    return std::string(
        "POST /weft.testing.TestService/Unary HTTP/1.1\r\nHost: a\r\n"
        "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"size\":122880}");
  });
}

TEST_F(StalledPeersTest, WhoDoesNotSendWhatItBeganIsCutOff) {
  TestRequest request;
  request.set_payload(std::string(100'000, 'm'));
  const std::string part = Envelope(request.SerializeAsString()).substr(0, 45'000);
  for (std::uint32_t i = 0; i < kPeers + 4; ++i) {
    peers.push_back(&server.ConnectHttp2());
    peers.back()->Send(Call(1, kUnary));
    for (std::size_t at = 0; at < part.size(); at += 15'000) {
      peers.back()->Send(Data(1, part.substr(at, 15'000)));
    }
    server.Settle(*peers.back());
  }
  ASSERT_EQ(server.budget().level(), Level::kFull);
  Ticks(kPatience - 1);
  EXPECT_EQ(Open(), peers.size());
  Ticks(3 * kPatience);
  EXPECT_NE(server.budget().level(), Level::kFull);
  ExpectServed(server, other, 3);
  EXPECT_LT(Open(), peers.size());
}

TEST_F(StalledPeersTest, HandlersThatTakeTheirTimeCostNobodyTheConnection) {
  constexpr std::uint32_t kIdle = 10;
  probe.bidi = EchoTexts;
  // Streams that wait for a client who has nothing to say, with heads that count, beside such whose
  // handlers do not read.
  Uploader mixed(server.ConnectHttp2());
  Stall(mixed, 4, 8 * kKiB);
  for (std::uint32_t i = 0; i < kIdle; ++i) {
    mixed.client().Send(Call(101 + 2 * i, kBidi).Field("token", std::string(3 * kKiB, 't')));
  }
  Exhaust(server, mixed);
  ASSERT_TRUE(mixed.done());
  ASSERT_EQ(server.open_calls(), kIdle + 4);
  std::vector<Uploader> crowd = Crowd(server);
  peers.push_back(&mixed.client());
  for (Uploader& uploader : crowd) peers.push_back(&uploader.client());
  ASSERT_EQ(server.budget().level(), Level::kFull);
  Ticks(3 * kPatience);
  EXPECT_EQ(server.budget().level(), Level::kFull);
  EXPECT_EQ(Open(), peers.size());
  OpenGate();
  for (std::uint32_t i = 0; i < kIdle; ++i) mixed.client().Send(Data(101 + 2 * i, "").End());
  ASSERT_TRUE(server.Until([&] { return AllDone(server, crowd); }));
}

}  // namespace
}  // namespace weft::testing
