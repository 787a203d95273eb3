#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "buffer/limits.h"
#include "tests/protocol/memory_fixture.h"

// A server at its memory budget whose accepted calls wait for the rest of their requests.
namespace weft::testing {
namespace {

using internal::kBudgetTick;
using internal::kKiB;
using internal::kLeastShare;
using internal::kMiB;
using Level = internal::BudgetCount::Level;

class MemoryLendingTest : public MemoryTest {
 public:
  // What streams may have of their messages that are not the first to end, beside the window that
  // they had from the start.
  static constexpr std::size_t kEach = 2 * kLeastShare + 64 * kKiB;

  // Each with so many uploads of a message of so many bytes, the last of which may never come.
  void Connect(ServerUnderTest& server, int connections, std::uint32_t streams,
               std::size_t size = kMiB, std::size_t missing = 0) {
    for (int i = 0; i < connections; ++i) {
      uploaders.emplace_back(server.ConnectHttp2());
      for (std::uint32_t id = 1; id <= 2 * streams - 1; id += 2) {
        uploaders.back().client().Send(Call(id, kUnary));
        const std::string message = Message(size);
        uploaders.back().Add(id, message.substr(0, message.size() - missing), missing == 0);
      }
    }
    for (Uploader& each : uploaders) Exhaust(server, each);
    peak = server.budget().used();
  }
  // So many ticks, then the peers send what they may.
  void Ticks(ServerUnderTest& server, int n) {
    for (int i = 0; i < n; ++i) server.Advance(kBudgetTick);
    for (Uploader& each : uploaders) {
      if (!each.client().closed()) Exhaust(server, each);
      peak = std::max(peak, server.budget().used());
    }
  }
  int TicksUntilDone(ServerUnderTest& server, int most) {
    int ticks = 0;
    for (; server.open_calls() > 0 && ticks < most; ++ticks) Ticks(server, 1);
    return ticks;
  }

  std::vector<Uploader> uploaders;
  std::size_t peak = 0;
};

// None of them is complete, and together they hold more than the budget: if all were held back for
// good, none would ever end. If all were lent credit alike, all would hold their whole messages.
TEST_F(MemoryLendingTest, CallsOfTwoConnectionsEndOneAfterTheOther) {
  ServerUnderTest server(kUnlimited, probe, Budget(kMiB));
  Connect(server, /*connections=*/2, /*streams=*/8);
  EXPECT_NE(server.budget().level(), Level::kFree);
  EXPECT_EQ(server.open_calls(), 16u);
  for (const Uploader& each : uploaders) EXPECT_FALSE(each.done());
  // 16 MiB, kLentCredit at a time, and a tick until another call is chosen.
  ASSERT_LT(TicksUntilDone(server, 200), 100);
  EXPECT_LT(peak, kMiB + 2 * kMiB + 16 * kEach);
  for (Uploader& each : uploaders) {
    for (std::uint32_t id = 1; id <= 15; id += 2) {
      EXPECT_EQ(server.Finish(each.client(), id).trailers, "grpc-status=0");
    }
  }
  server.Advance(kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
}

TEST_F(MemoryLendingTest, CallsOfManyConnectionsEndOneAfterTheOther) {
  ServerUnderTest server(kUnlimited, probe, Budget(kMiB));
  Connect(server, /*connections=*/32, /*streams=*/1);
  EXPECT_EQ(server.budget().level(), Level::kFull);
  ASSERT_LT(TicksUntilDone(server, 400), 200);
  EXPECT_LT(peak, kMiB + 2 * kMiB + 32 * kEach);
  for (Uploader& each : uploaders) {
    EXPECT_EQ(server.Finish(each.client(), 1).trailers, "grpc-status=0");
  }
}

TEST_F(MemoryLendingTest, CallsOfOneConnectionEndOneAfterTheOther) {
  ServerUnderTest server(kUnlimited, probe, Budget(kMiB));
  Connect(server, /*connections=*/1, /*streams=*/32);
  ASSERT_LT(TicksUntilDone(server, 400), 200);
  EXPECT_LT(peak, kMiB + 2 * kMiB + 32 * kEach);
  for (std::uint32_t id = 1; id <= 63; id += 2) {
    EXPECT_EQ(server.Finish(uploaders[0].client(), id).trailers, "grpc-status=0");
  }
}

// It takes all that it is lent for the better part of its message, as often as it can.
TEST_F(MemoryLendingTest, WhoStopsShortOfItsEndLosesItsTurnAndThenItsConnection) {
  ServerUnderTest server(kUnlimited, probe, Budget(2 * kMiB));
  WireClient& other = server.ConnectHttp2();
  ExpectServed(server, other, 1);
  Connect(server, /*connections=*/20, /*streams=*/1, 256 * kKiB, /*missing=*/20 * kKiB);
  const std::size_t before = peak;
  ASSERT_EQ(server.budget().level(), Level::kFull);
  ExpectRefused(server, other, 3);
  constexpr int kStep = 10;  // half a second: none loses its turn for it
  int ticks = 0;
  for (; server.budget().level() == Level::kFull && ticks < 10'000; ticks += kStep) {
    Ticks(server, kStep);
  }
  EXPECT_LT(ticks, 6 * internal::kStallPatience / kBudgetTick);
  // The messages of those that had a turn while the first of them was waited for.
  constexpr std::size_t kTurns = internal::kStallPatience / internal::kLastLoanPatience + 1;
  EXPECT_LT(peak, before + kTurns * 256 * kKiB);
  const auto open = std::count_if(uploaders.begin(), uploaders.end(),
                                  [](Uploader& each) { return !each.client().closed(); });
  EXPECT_LT(open, 20);
  EXPECT_GT(open, 5);
  ExpectServed(server, other, 5);
}

// Of its message most has come, so the others wait for it; but they need not wait for ever.
TEST_F(MemoryLendingTest, CallThatStopsDoesNotKeepTheOthersOfItsConnection) {
  ServerUnderTest server(kUnlimited, probe, Budget(2 * kMiB));
  Uploader& uploader = uploaders.emplace_back(server.ConnectHttp2());
  uploader.client().Send(Call(1, kUnary));
  for (std::uint32_t id = 3; id <= 9; id += 2) uploader.client().Send(Call(id, kUnary));
  uploader.Add(1, Message(2 * kMiB).substr(0, 1400 * kKiB), /*end=*/false);
  Exhaust(server, uploader);
  for (std::uint32_t id = 3; id <= 9; id += 2) uploader.Add(id, Message(512 * kKiB), /*end=*/true);
  ASSERT_EQ(server.open_calls(), 5u);
  int ticks = 0;
  for (; server.open_calls() > 1 && ticks < 400; ++ticks) Ticks(server, 1);
  EXPECT_LT(ticks, internal::kStallPatience / kBudgetTick);
  EXPECT_LT(peak, 1400 * kKiB + kMiB + 5 * kEach);
  for (std::uint32_t id = 3; id <= 9; id += 2) {
    EXPECT_EQ(server.Finish(uploader.client(), id).trailers, "grpc-status=0");
  }
  EXPECT_FALSE(uploader.client().closed());
}

// Each of them gives way to the next, but not for as long as that one takes.
TEST_F(MemoryLendingTest, CallsThatAllStopShortOfTheirEndsDoNotHoldTheMessagesOfAll) {
  ServerUnderTest server(kUnlimited, probe, Budget(2 * kMiB));
  Connect(server, /*connections=*/1, /*streams=*/16, kMiB, /*missing=*/20 * kKiB);
  int ticks = 0;
  for (; !uploaders[0].client().closed() && ticks < 4'000; ++ticks) Ticks(server, 1);
  EXPECT_LT(ticks, 3 * internal::kStallPatience / kBudgetTick);
  EXPECT_LT(peak, 2 * kMiB + 2 * kMiB / internal::kOverdraftPart + kMiB + 16 * kEach);
  EXPECT_EQ(server.budget().level(), Level::kFree);
}

// The turns are those of peers that the server stops.
TEST_F(MemoryLendingTest, NobodyWaitsForTheTurnsOfIdleStreams) {
  probe.bidi = [](Probe&, ServerContext&,
                  ServerReaderWriter<TestRequest, TestReply>& stream) -> Task<absl::Status> {
    TestRequest request;
    while (co_await stream.Read(request)) {
    }
    co_return absl::OkStatus();
  };
  ServerUnderTest server(kUnlimited, probe, Budget(kMiB));
  std::vector<WireClient*> idle;
  for (int i = 0; i < 40; ++i) {
    idle.push_back(&server.ConnectHttp2());
    idle.back()->Send(Call(1, kBidi));
  }
  Uploader uploader(server.ConnectHttp2());
  for (std::uint32_t id = 1; id <= 15; id += 2) {
    uploader.client().Send(Call(id, kUnary));
    uploader.Add(id, Message(kMiB), /*end=*/true);
  }
  Exhaust(server, uploader);
  EXPECT_FALSE(uploader.done());
  int ticks = 0;
  while (server.open_calls() > 40 && ticks < 200) {
    ++ticks;
    server.Advance(kBudgetTick);
    Exhaust(server, uploader);
  }
  EXPECT_LT(ticks, 40);  // 8 MiB, kLentCredit at a time
  for (WireClient* client : idle) client->Close();
  ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
}

}  // namespace
}  // namespace weft::testing
