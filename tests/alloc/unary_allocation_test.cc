// A unary call in the steady state asks malloc for nothing, on the server and in a coroutine client
// that fills a message of its own. Both run in this program, so one count covers both.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "tests/alloc/allocation_count.h"
#include "tests/support/test_service.h"
#include "weft/bytes.h"
#include "weft/channel.h"
#include "weft/event_loop.h"
#include "weft/raw_service.h"
#include "weft/raw_stub.h"
#include "weft/server.h"
#include "weft/spawn.h"

namespace weft::testing {
namespace {

constexpr int kWarmUp = 500;
constexpr int kCounted = 2000;

struct Outcome {
  Outcome() = default;
  absl::Status status;
  std::uint64_t allocations = 0;
  bool done = false;
};

class UnaryAllocationTest : public ::testing::Test {
 protected:
  UnaryAllocationTest() : server_(ServerOptions().set_loops(1)) {
    raw_.AddUnary("/raw/Echo",
                  [](ServerContext&, const Bytes& request, Bytes& reply) -> Task<absl::Status> {
                    reply = request;
                    co_return absl::OkStatus();
                  });
    server_.Register(service_);
    server_.Register(raw_);
    EXPECT_TRUE(server_.Listen("127.0.0.1:0").ok());
    EXPECT_TRUE(server_.Start().ok());
    channel_ = std::make_unique<Channel>("127.0.0.1:" + std::to_string(server_.port()),
                                         ChannelOptions().add_loop(loop_));
  }
  ~UnaryAllocationTest() override {
    channel_.reset();
    EXPECT_TRUE(server_.Shutdown(std::chrono::seconds(5)).ok());
  }

  static Task<void> CallMany(Channel& channel, std::string text, Outcome& outcome) {
    TestService::Stub stub(channel);
    TestRequest request;
    request.set_text(text);
    TestReply reply;
    const char* finder = std::getenv("WEFT_ABORT_ON_ALLOCATION");
    std::uint64_t before = 0;
    for (int i = 0; i < kWarmUp + kCounted && outcome.status.ok(); ++i) {
      if (i == kWarmUp) {
        before = AllocationCount();
        AbortOnAllocation(finder != nullptr);
      }
      outcome.status = co_await stub.Unary(request, &reply);
    }
    AbortOnAllocation(false);
    outcome.allocations = AllocationCount() - before;
    outcome.done = true;
    EXPECT_EQ(reply.text(), text);
  }

  static Task<void> CallRaw(Channel& channel, Bytes request, Outcome& outcome) {
    RawStub stub(channel);
    Bytes reply;
    std::uint64_t before = 0;
    for (int i = 0; i < kWarmUp + kCounted && outcome.status.ok(); ++i) {
      if (i == kWarmUp) before = AllocationCount();
      outcome.status = co_await stub.Unary("/raw/Echo", request, &reply);
    }
    outcome.allocations = AllocationCount() - before;
    outcome.done = true;
    EXPECT_EQ(reply.ToString(), request.ToString());
  }

  Outcome RunRaw(std::string text) {
    Outcome outcome;
    EXPECT_TRUE(Spawn(loop_, CallRaw(*channel_, Bytes(std::move(text)), outcome)));
    while (!outcome.done) loop_.RunOnce(std::chrono::seconds(1));
    return outcome;
  }

  Outcome Run(std::string text) {
    Outcome outcome;
    EXPECT_TRUE(Spawn(loop_, CallMany(*channel_, std::move(text), outcome)));
    while (!outcome.done) loop_.RunOnce(std::chrono::seconds(1));
    return outcome;
  }

  TestServiceImpl service_;
  RawService raw_;
  Server server_;
  EventLoop loop_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(UnaryAllocationTest, TheCounterSeesNewAndMalloc) {
  const std::uint64_t before = AllocationCount();
  auto made = std::make_unique<std::string>(1000, 'x');
  EXPECT_GE(AllocationCount() - before, 2u);
  EXPECT_EQ(made->size(), 1000u);
}

TEST_F(UnaryAllocationTest, SmallCallsAllocateNothing) {
  const Outcome outcome = Run("thirty-two bytes of an echoed text");
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.allocations, 0u) << "over " << kCounted << " calls";
}

TEST_F(UnaryAllocationTest, CallsOfSeveralKibibytesAllocateNothing) {
  const Outcome outcome = Run(std::string(5000, 'x'));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.allocations, 0u) << "over " << kCounted << " calls";
}

// Its reply is sent from where it lies, and its message used again afterwards.
TEST_F(UnaryAllocationTest, CallsWithAliasedRepliesAllocateNothing) {
  const Outcome outcome = Run(std::string(12'000, 'x'));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.allocations, 0u) << "over " << kCounted << " calls";
}

TEST_F(UnaryAllocationTest, RawCallsAllocateNothing) {
  for (const std::size_t size : {32u, 1000u, 5000u, 12'000u}) {
    const Outcome outcome = RunRaw(std::string(size, 'x'));
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.allocations, 0u) << "over " << kCounted << " calls of " << size << " bytes";
  }
}

}  // namespace
}  // namespace weft::testing
