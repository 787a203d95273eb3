#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "buffer/limits.h"
#include "tests/protocol/memory_fixture.h"

// Calls whose heads came while the server's memory budget was free, and whose handlers are to begin
// when it is not any more.
namespace weft::testing {
namespace {

using internal::kBudgetTick;
using internal::kKiB;
using internal::kMiB;
using Level = internal::BudgetCount::Level;

using MemoryRefusalTest = MemoryTest;

// All heads are there before the first handler has begun.
TEST_F(MemoryRefusalTest, CallsOfOneReadAreRefusedOnceTheRepliesOfTheFirstFillTheShare) {
  constexpr std::uint32_t kCalls = 60;
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  WireClient& other = server.ConnectHttp2();
  WireClient& client = server.Connect();
  client.StartHttp2(Settings({{4, 0}}));
  server.Settle(client);
  TestRequest request;
  request.set_size(512 * kKiB);
  const std::string message = Envelope(request.SerializeAsString());
  std::string burst;
  for (std::uint32_t i = 0; i < kCalls; ++i) {
    burst += Call(2 * i + 1, kUnary).Render() + Data(2 * i + 1, message).End().Render();
  }
  constexpr std::uint32_t kJson = 2 * kCalls + 1;
  burst +=
      Headers(kJson).Request("POST", kUnary).Field("content-type", "application/json").Render() +
      Data(kJson, R"({"size":524288})").End().Render();
  client.Send(burst);
  server.Settle(client);
  EXPECT_LE(Holds(server), 3 * kMiB);  // half of the budget, and the reply that went above it
  std::uint32_t accepted = 0;
  for (std::uint32_t i = 0; i < kCalls; ++i) {
    const WireStream& stream = client.stream(2 * i + 1);
    if (stream.over()) {
      EXPECT_TRUE(stream.trailers_only());
      EXPECT_TRUE(stream.head.starts_with(kRefused)) << stream.head;
    } else {
      ++accepted;
    }
  }
  EXPECT_GE(accepted, 4u);
  EXPECT_LE(accepted, 5u);
  EXPECT_TRUE(client.stream(kJson).head.starts_with(":status=503 ")) << client.stream(kJson).head;
  EXPECT_NE(client.stream(kJson).head.find("retry-after=1"), std::string::npos);
  ExpectServed(server, other, 1);

  client.Send(Settings({{4, kMiB}}));
  ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
  server.Advance(kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
  ExpectServed(server, client, kJson + 2);
}

// A small request is repeated at little cost; a large one may have come with credit that was lent.
TEST_F(MemoryRefusalTest, FullBudgetRefusesHandlersOfSmallRequestsThatHaveNotBegun) {
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  WireClient& client = server.ConnectHttp2();
  TestRequest request;
  request.set_payload(std::string(internal::kRefusableRequest, 'm'));
  const std::string large = Envelope(request.SerializeAsString());
  constexpr std::size_t kFirst = 40'000;
  client.Send(Call(1, kUnary));
  client.Send(Call(3, kUnary));
  for (std::size_t at = 0; at < kFirst; at += 10'000) {
    client.Send(Data(3, large.substr(at, 10'000)));
  }
  server.Settle(client);
  ASSERT_EQ(server.open_calls(), 2u);
  {
    const internal::ChunkPool::Charge full = Fill(server);
    ASSERT_EQ(server.budget().level(), Level::kFull);
    client.Send(Data(1, Ask("late")).End());
    EXPECT_TRUE(server.Finish(client, 1).head.starts_with(kRefused)) << client.stream(1).head;
    EXPECT_TRUE(client.stream(1).trailers_only());
    client.Send(Data(3, large.substr(kFirst, 13'000)));
    client.Send(Data(3, large.substr(kFirst + 13'000)).End());
    EXPECT_EQ(server.Finish(client, 3).trailers, "grpc-status=0") << client.stream(3).head;
  }
  server.Advance(kBudgetTick);
  ExpectServed(server, client, 5);
}

TEST_F(MemoryRefusalTest, FullBudgetRefusesBlockingHandlersBeforeTheyAreQueued) {
  class Counting final : public TestService::BlockingService {
   public:
    absl::Status Unary(ServerContext&, const TestRequest& request, TestReply& reply) override {
      ++begun;
      reply.set_text("re: " + request.text());
      return absl::OkStatus();
    }
    std::atomic<int> begun{0};
  } service;
  ServerUnderTest server(kUnlimited, service, Budget(4 * kMiB));
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kUnary));
  server.Settle(client);
  {
    const internal::ChunkPool::Charge full = Fill(server);
    client.Send(Data(1, Ask("late")).End());
    EXPECT_TRUE(server.Finish(client, 1).head.starts_with(kRefused)) << client.stream(1).head;
    EXPECT_EQ(service.begun, 0);
  }
  server.Advance(kBudgetTick);
  ExpectServed(server, client, 3);
  EXPECT_EQ(service.begun, 1);
}

}  // namespace
}  // namespace weft::testing
