// Tasks that are dropped in the middle of their calls, after every number of passes of their loop.
#include <memory>
#include <optional>

#include "tests/support/test_root.h"
#include "tests/unit/client/client_fixture.h"
#include "weft/spawn.h"

namespace weft::testing {
namespace {

using std::chrono::milliseconds;

constexpr int kPasses = 25;

Task<void> AwaitUnary(TestService::Stub stub) {
  TestRequest request;
  request.set_text("x");
  absl::StatusOr<TestReply> reply = co_await stub.Unary(request);
  EXPECT_TRUE(reply.ok()) << reply.status();
}

Task<void> AwaitForEver(TestService::Stub stub) {
  TestRequest request;
  request.set_wait(true);
  absl::StatusOr<TestReply> reply = co_await stub.Unary(request);
  static_cast<void>(reply);
}

Task<void> AwaitStream(TestService::Stub stub) {
  auto stream = stub.Bidi();
  TestRequest request;
  TestReply reply;
  request.set_size(1000);
  for (int i = 0; i < 5; ++i) {
    absl::Status written = co_await stream.Write(request);
    EXPECT_TRUE(written.ok()) << written;
    bool read = co_await stream.Read(reply);
    EXPECT_TRUE(read);
  }
  absl::Status status = co_await stream.Finish();
  EXPECT_TRUE(status.ok()) << status;
}

Task<void> AwaitServerStream(TestService::Stub stub) {
  TestRequest request;
  request.set_count(50);
  request.set_size(10000);
  auto reader = stub.ServerStream(request);
  TestReply reply;
  while (co_await reader.Read(reply)) {
  }
  absl::Status status = co_await reader.Finish();
  EXPECT_TRUE(status.ok()) << status;
}

using Flow = Task<void> (*)(TestService::Stub);

// The channel lives on the loop of the test, or on a thread of its own.
class DroppedTaskTest : public ServedFixture,
                        public ::testing::TestWithParam<std::tuple<Flow, bool>> {
 protected:
  void RunPasses(int passes) {
    for (int i = 0; i < passes; ++i) loop_.RunOnce(milliseconds(2));
  }
  // In a pass, as all of the loop's work.
  void OnLoop(absl::AnyInvocable<void()> work) {
    bool ran = false;
    loop_.Post([&] {
      work();
      ran = true;
    });
    while (!ran) loop_.RunOnce(milliseconds(10));
  }

  EventLoop loop_;
};

TEST_P(DroppedTaskTest, LeavesLoopAndChannelInOrder) {
  const auto [flow, local] = GetParam();
  ChannelOptions options;
  if (local) options.add_loop(loop_);
  auto channel = std::make_unique<Channel>(target_, options);
  const TestService::Stub stub(*channel);
  for (int passes = 0; passes < kPasses; ++passes) {
    std::optional<TestRoot<void>> root(std::in_place);
    OnLoop([&] { root->Begin(flow(stub)); });
    RunPasses(passes);
    OnLoop([&] { root.reset(); });
  }
  // Nothing is left behind that would disturb the next one.
  std::optional<TestRoot<void>> last(std::in_place);
  OnLoop([&] { last->Begin(AwaitUnary(stub)); });
  while (last->done == 0) loop_.RunOnce(milliseconds(10));
  OnLoop([&] {
    last.reset();
    channel.reset();
  });
}

std::string DroppedTaskName(const ::testing::TestParamInfo<std::tuple<Flow, bool>>& info) {
  const Flow flow = std::get<0>(info.param);
  const char* name = flow == AwaitUnary     ? "Unary"
                     : flow == AwaitForEver ? "Unanswered"
                     : flow == AwaitStream  ? "Bidi"
                                            : "ServerStream";
  return std::string(name) + (std::get<1>(info.param) ? "OnTheChannelsLoop" : "OnAnotherLoop");
}
INSTANTIATE_TEST_SUITE_P(Flows, DroppedTaskTest,
                         ::testing::Combine(::testing::Values(AwaitUnary, AwaitForEver, AwaitStream,
                                                              AwaitServerStream),
                                            ::testing::Bool()),
                         DroppedTaskName);

class TaskOfALoopTest : public ServedFixture, public ::testing::Test {};

TEST_F(TaskOfALoopTest, EndOfTheLoopCancelsTheCall) {
  auto loop = std::make_unique<LoopOnThread>();
  Spawn(loop->loop(), AwaitForEver(stub_));
  ASSERT_TRUE(TestServiceImpl::WaitFor(service_.begun, 1));
  loop.reset();
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.cancelled, 1));
}

TEST_F(TaskOfALoopTest, TaskThatWasNeverStartedMakesNoCall) {
  {
    const Task<void> task = AwaitUnary(stub_);
  }
  EXPECT_TRUE(stub_.Unary(Text("x")).Wait().ok());
  EXPECT_EQ(service_.begun, 1);
}

// --- Calls that a handler makes.

// Passes each call on to another server, whose handler waits until it is cancelled.
class Relay final : public TestService::Service {
 public:
  explicit Relay(TestService::Stub to) : to_(std::move(to)) {}

  Task<absl::Status> Unary(ServerContext&, const TestRequest& request, TestReply& reply) override {
    absl::Status status = co_await to_.Unary(request, &reply);
    inner = static_cast<int>(status.code());
    co_return status;
  }

  std::atomic<int> inner{-1};

 private:
  TestService::Stub to_;
};

class RelayTest : public ServedFixture, public ::testing::Test {
 protected:
  RelayTest() : relay_(stub_), relay_server_(ServerOptions().set_loops(1)) {
    relay_server_.Register(relay_);
    EXPECT_TRUE(relay_server_.Listen("127.0.0.1:0").ok());
    EXPECT_TRUE(relay_server_.Start().ok());
    relay_channel_.emplace("ipv4:127.0.0.1:" + std::to_string(relay_server_.port()));
    outer_ = TestService::Stub(*relay_channel_);
  }

  Relay relay_;
  Server relay_server_;
  std::optional<Channel> relay_channel_;
  TestService::Stub outer_ = stub_;
};

TEST_F(RelayTest, DeadlineOfTheOuterCallEndsTheInnerOne) {
  ClientContext context;
  context.set_timeout(milliseconds(100));
  EXPECT_EQ(outer_.Unary(context, Waiting()).Wait().status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.cancelled, 1));
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.ended, 1));
}

TEST_F(RelayTest, CancellationOfTheOuterCallEndsTheInnerOne) {
  ClientContext context;
  auto call = outer_.Unary(context, Waiting());
  ASSERT_TRUE(TestServiceImpl::WaitFor(service_.begun, 1));
  context.Cancel();
  EXPECT_EQ(std::move(call).Wait().status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.cancelled, 1));
  EXPECT_TRUE(
      TestServiceImpl::WaitFor(relay_.inner, static_cast<int>(absl::StatusCode::kCancelled)));
}

TEST_F(RelayTest, InnerStatusReachesTheOuterCaller) {
  TestRequest request = Text("inner says no");
  request.set_code(static_cast<int>(absl::StatusCode::kAborted));
  EXPECT_EQ(outer_.Unary(request).Wait().status(), absl::AbortedError("inner says no"));
}

}  // namespace
}  // namespace weft::testing
