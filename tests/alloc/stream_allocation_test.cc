// A message of a stream asks malloc for nothing in the steady state, whichever way it goes, on the
// server and in a coroutine client; nor do calls with metadata in both directions.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>

#include "tests/alloc/allocation_count.h"
#include "tests/support/test_service.h"
#include "weft/channel.h"
#include "weft/client_context.h"
#include "weft/event_loop.h"
#include "weft/server.h"
#include "weft/spawn.h"

namespace weft::testing {
namespace {

constexpr int kWarmUp = 5000;
constexpr int kCounted = 5000;
// More than windows let in, so that the end of a stream has not come when the counting ends.
constexpr int kRest = 5000;
constexpr int kMessages = kWarmUp + kCounted + kRest;

struct Outcome {
  Outcome() = default;
  absl::Status status;
  std::uint64_t allocations = 0;
  int messages = 0;
  bool done = false;
};

// What is counted of: begins with message kWarmUp.
class Counter {
 public:
  explicit Counter(Outcome& outcome) : outcome_(outcome) {}
  void Note() {
    if (outcome_.messages++ == kWarmUp) {
      before_ = AllocationCount();
      AbortOnAllocation(std::getenv("WEFT_ABORT_ON_ALLOCATION") != nullptr);
    }
    if (outcome_.messages == kWarmUp + kCounted) {
      AbortOnAllocation(false);
      outcome_.allocations = AllocationCount() - before_;
    }
  }

 private:
  Outcome& outcome_;
  std::uint64_t before_ = 0;
};

Task<void> Download(TestService::Stub& stub, Outcome& outcome) {
  TestRequest request;
  request.set_text("thirty-two bytes of a sent text.");
  request.set_count(kMessages);
  TestReply reply;
  Counter counter(outcome);
  ClientContext context;
  auto reader = stub.ServerStream(context, request);
  while (co_await reader.Read(reply)) counter.Note();
  outcome.status = co_await reader.Finish();
  outcome.done = true;
}

Task<void> Upload(TestService::Stub& stub, Outcome& outcome) {
  TestRequest request;
  request.set_text("thirty-two bytes of a sent text.");
  Counter counter(outcome);
  ClientContext context;
  auto writer = stub.ClientStream(context);
  for (int i = 0; i < kMessages; ++i) {
    absl::Status written = co_await writer.Write(request);
    if (!written.ok()) break;
    counter.Note();
  }
  absl::StatusOr<TestReply> reply = co_await writer.Finish();
  outcome.status = reply.status();
  EXPECT_EQ(reply.value_or(TestReply()).count(), kMessages);
  outcome.done = true;
}

Task<void> Converse(TestService::Stub& stub, Outcome& outcome) {
  TestRequest request;
  request.set_text("thirty-two bytes of a sent text.");
  TestReply reply;
  Counter counter(outcome);
  ClientContext context;
  auto stream = stub.Bidi(context);
  for (int i = 0; i < kMessages; ++i) {
    absl::Status written = co_await stream.Write(request);
    if (!written.ok()) break;
    const bool read = co_await stream.Read(reply);
    if (!read) break;
    counter.Note();
  }
  outcome.status = co_await stream.Finish();
  outcome.done = true;
}

constexpr std::array<std::string_view, 8> kKeys = {"x-one",  "x-two", "x-three", "x-four",
                                                   "x-five", "x-six", "x-seven", "x-eight"};

// Sends the entries back, half of them ahead of the reply.
class EchoOfMetadata final : public TestServiceImpl {
 public:
  Task<absl::Status> Unary(ServerContext& context, const TestRequest& request,
                           TestReply& reply) override {
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      const std::string_view value = context.metadata().Get(kKeys[i]).value_or("none");
      if (i % 2 == 0) {
        context.AddInitialMetadata(kKeys[i], value);
      } else {
        context.AddTrailingMetadata(kKeys[i], value);
      }
    }
    reply.set_text(request.text());
    co_return absl::OkStatus();
  }
};

Task<void> CallWithMetadata(TestService::Stub& stub, Outcome& outcome) {
  TestRequest request;
  request.set_text("text");
  TestReply reply;
  Counter counter(outcome);
  ClientContext context;
  for (int i = 0; i < kMessages && outcome.status.ok(); ++i) {
    context.Reset();
    for (const std::string_view key : kKeys) context.AddMetadata(key, "a value of some length");
    outcome.status = co_await stub.Unary(context, request, &reply);
    counter.Note();
  }
  EXPECT_EQ(context.initial_metadata().Get("x-seven"), "a value of some length");
  EXPECT_EQ(context.trailing_metadata().Get("x-eight"), "a value of some length");
  outcome.done = true;
}

class StreamAllocationTest : public ::testing::Test {
 protected:
  StreamAllocationTest() : server_(ServerOptions().set_loops(1)) {
    server_.Register(service_);
    EXPECT_TRUE(server_.Listen("127.0.0.1:0").ok());
    EXPECT_TRUE(server_.Start().ok());
    channel_ = std::make_unique<Channel>("127.0.0.1:" + std::to_string(server_.port()),
                                         ChannelOptions().add_loop(loop_));
  }
  ~StreamAllocationTest() override {
    channel_.reset();
    EXPECT_TRUE(server_.Shutdown(std::chrono::seconds(5)).ok());
  }

  void ExpectNone(Task<void> (*act)(TestService::Stub&, Outcome&)) {
    TestService::Stub stub(*channel_);
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    // How much waits where differs from stream to stream, and the pools learn it: what one of them
    // does without, the messages do not need.
    for (int round = 0; round < 4; ++round) {
      Outcome outcome;
      ASSERT_TRUE(Spawn(loop_, act(stub, outcome)));
      while (!outcome.done) loop_.RunOnce(std::chrono::seconds(1));
      EXPECT_TRUE(outcome.status.ok()) << outcome.status;
      EXPECT_EQ(outcome.messages, kMessages);
      least = std::min(least, outcome.allocations);
    }
    EXPECT_EQ(least, 0u) << "over " << kCounted << " messages";
  }

  EchoOfMetadata service_;
  Server server_;
  EventLoop loop_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(StreamAllocationTest, MessagesOfAServersStreamAllocateNothing) { ExpectNone(Download); }
TEST_F(StreamAllocationTest, MessagesOfAClientsStreamAllocateNothing) { ExpectNone(Upload); }
TEST_F(StreamAllocationTest, MessagesOfABidirectionalStreamAllocateNothing) {
  ExpectNone(Converse);
}
TEST_F(StreamAllocationTest, CallsWithMetadataAllocateNothing) { ExpectNone(CallWithMetadata); }

}  // namespace
}  // namespace weft::testing
