// A channel's life: connecting, failing, coming back, and its end with calls under way.
#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <optional>

#include "tests/support/manual_clock.h"
#include "tests/support/raw_server.h"
#include "tests/unit/client/client_fixture.h"

namespace weft::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using std::chrono::milliseconds;

ChannelOptions Quick() { return ChannelOptions().set_backoff(milliseconds(5), milliseconds(20)); }

class ChannelTest : public ServedFixture, public ::testing::Test {
 protected:
  ChannelTest() : ServedFixture(Quick()) {}
};

// A port where nobody listens.
int FreePort() { return RawServer().port(); }

// checklist 50
TEST(ChannelStateTest, CallsFailAtOnceWhenNobodyListensAndTellTargetAndErrno) {
  const int port = FreePort();
  const std::string target = "ipv4:127.0.0.1:" + std::to_string(port);
  const Channel channel(target);
  const absl::StatusOr<TestReply> reply = TestService::Stub(channel).Unary(TestRequest()).Wait();
  const std::string text(reply.status().message());
  EXPECT_EQ(reply.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(text.find("127.0.0.1:" + std::to_string(port)), std::string::npos) << text;
  EXPECT_NE(text.find("ECONNREFUSED"), std::string::npos) << text;
}

// checklist 40: INVALID_ARGUMENT is for servers to say.
TEST(ChannelStateTest, TargetThatMakesNoSenseFailsCallsAtOnceEvenPatientOnes) {
  const Channel channel("");
  ClientContext context;
  context.set_wait_for_ready(true);
  const absl::Status status =
      TestService::Stub(channel).Unary(context, TestRequest()).Wait().status();
  EXPECT_EQ(status, absl::InternalError(
                        "no calls can be made on this channel: bad target \"\": it has no host"));
}

// options_check_test has the rest of them.
TEST(ChannelStateTest, OptionOutOfItsRangeFailsCallsAndIsNamed) {
  const Channel channel("localhost:1", ChannelOptions().set_priority_floor(2));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(TestService::Stub(channel).Unary(TestRequest()).Wait().status(),
              absl::InternalError("no calls can be made on this channel: "
                                  "ChannelOptions::set_priority_floor(2) is out of its range: 0 "
                                  "(strict order) to 0.5"));
  }
  auto stream = TestService::Stub(channel).ServerStream(TestRequest());
  EXPECT_EQ(stream.Finish().Wait().code(), StatusCode::kInternal);
}

// checklist 51: until an attempt succeeds, calls fail without waiting for the next one.
TEST(ChannelStateTest, FailedChannelFailsCallsUntilItIsConnected) {
  const int port = FreePort();
  const Channel channel("ipv4:127.0.0.1:" + std::to_string(port),
                        ChannelOptions().set_backoff(hours(1), hours(1)));
  const TestService::Stub stub(channel);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(stub.Unary(TestRequest()).Wait().status().code(), StatusCode::kUnavailable);
  }
}

// The system's clock begins when the machine does.
TEST(ChannelStateTest, FirstAttemptDoesNotWaitUntilTheClockIsPastABackoff) {
  ManualClock clock(TimePoint(milliseconds(1)));
  EventLoop loop(EventLoop::Options().set_clock(clock));
  const Channel channel("ipv4:127.0.0.1:" + std::to_string(FreePort()),
                        ChannelOptions().set_backoff(hours(1), hours(1)).add_loop(loop));
  std::optional<StatusCode> ended;
  TestService::Stub(channel).Unary(TestRequest()).Then([&](absl::StatusOr<TestReply> reply) {
    ended = reply.status().code();
  });
  for (int i = 0; i < 1000 && !ended; ++i) loop.RunOnce(milliseconds(10));
  EXPECT_EQ(ended, StatusCode::kUnavailable);
}

// checklist 50
TEST(ChannelStateTest, CallWaitsWhileTheFirstAttemptIsUnderWay) {
  RawServer server;
  const Channel channel(server.target());
  auto call = TestService::Stub(channel).Unary(TestRequest());
  RawPeer peer = server.Accept();
  auto second = TestService::Stub(channel).Unary(TestRequest());
  peer.Greet();
  peer.ReadUntil("DATA 3");
  const std::string ok = Headers(1).Status(200).Field("content-type", "application/grpc").Render() +
                         Data(1, Envelope("")).Render() +
                         Headers(1).Field("grpc-status", "0").End().Render();
  peer.Send(ok);
  EXPECT_TRUE(std::move(call).Wait().ok());
}

// checklist 50
TEST(ChannelStateTest, PatientCallStillEndsAtItsDeadline) {
  const Channel channel("ipv4:127.0.0.1:" + std::to_string(FreePort()), Quick());
  ClientContext context;
  context.set_wait_for_ready(true);
  context.set_timeout(milliseconds(60));
  const absl::Status status =
      TestService::Stub(channel).Unary(context, TestRequest()).Wait().status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
}

TEST(ChannelStateTest, SilentServerFailsTheAttemptAfterTheConnectTimeout) {
  RawServer server;
  const Channel channel(server.target(), ChannelOptions().set_connect_timeout(milliseconds(50)));
  const absl::Status status = TestService::Stub(channel).Unary(TestRequest()).Wait().status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  EXPECT_NE(std::string(status.message()).find(server.target()), std::string::npos) << status;
}

// checklist 40
TEST(ChannelStateTest, TargetThatCannotBeUnderstoodIsNamed) {
  const Channel channel("bogus://///");
  const absl::Status status = TestService::Stub(channel).Unary(TestRequest()).Wait().status();
  EXPECT_TRUE(status.code() == StatusCode::kInternal || status.code() == StatusCode::kUnavailable)
      << status;
  EXPECT_NE(std::string(status.message()).find("bogus"), std::string::npos) << status;
}

TEST_F(ChannelTest, DeadlineOfACallThatWasNotSentTellsWhy) {
  const int port = server_->port();
  server_.reset();
  Channel channel("127.0.0.1:" + std::to_string(port));
  ClientContext context;
  context.set_wait_for_ready(true);
  context.set_timeout(std::chrono::milliseconds(200));
  const absl::Status status =
      TestService::Stub(channel).Unary(context, Text("late")).Wait().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(status.message().find("not sent: cannot connect"), std::string::npos) << status;
}

TEST_F(ChannelTest, PatientCallSurvivesARestartOfTheServer) {
  ASSERT_TRUE(stub_.Unary(Text("before")).Wait().ok());
  const int port = server_->port();
  server_.reset();
  EXPECT_FALSE(stub_.Unary(Text("down")).Wait().ok());
  ClientContext context;
  context.set_wait_for_ready(true);
  auto patient = stub_.Unary(context, Text("patient"));
  StartServer(port);
  const absl::StatusOr<TestReply> reply = std::move(patient).Wait();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text(), "patient");
  EXPECT_TRUE(stub_.Unary(Text("after")).Wait().ok());
}

TEST_F(ChannelTest, DestroyedChannelEndsCallsThatAreUnderWay) {
  auto call = stub_.Unary(Waiting());
  auto stream = stub_.Bidi();
  ASSERT_TRUE(stream.Write(Text("a")).Wait().ok());
  ASSERT_TRUE(TestServiceImpl::WaitFor(service_.begun, 2));
  channel_.reset();
  EXPECT_EQ(std::move(call).Wait().status().code(), StatusCode::kUnavailable);
  TestReply reply;
  while (stream.Read(reply).Wait()) {
  }
  EXPECT_FALSE(stream.Write(Text("b")).Wait().ok());
  EXPECT_EQ(stream.Finish().Wait().code(), StatusCode::kUnavailable);
}

TEST_F(ChannelTest, DestroyedFromAnotherThreadWakesOneThatWaits) {
  std::thread destroyer([this] {
    EXPECT_TRUE(TestServiceImpl::WaitFor(service_.begun, 1));
    channel_.reset();
  });
  const absl::Status status = stub_.Unary(Waiting()).Wait().status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  destroyer.join();
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.cancelled, 1));
}

TEST_F(ChannelTest, StubThatOutlivesItsChannelAnswersUnavailable) {
  channel_.reset();
  const absl::Status status = stub_.Unary(Text("x")).Wait().status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(std::string(status.message()).find("destroyed"), std::string::npos) << status;
  std::promise<absl::Status> then;
  stub_.Unary(Text("x")).Then(
      [&](absl::StatusOr<TestReply> reply) { then.set_value(reply.status()); });
  EXPECT_EQ(then.get_future().get().code(), StatusCode::kUnavailable);
  auto stream = stub_.Bidi();
  EXPECT_EQ(stream.Write(Text("x")).Wait().code(), StatusCode::kUnavailable);
  TestReply reply;
  EXPECT_FALSE(stream.Read(reply).Wait());
  EXPECT_EQ(stream.Finish().Wait().code(), StatusCode::kUnavailable);
}

TEST_F(ChannelTest, StreamMayOutliveItsChannelAndTheLoop) {
  auto loop = std::make_unique<LoopOnThread>();
  auto channel = std::make_unique<Channel>(target_, ChannelOptions().add_loop(loop->loop()));
  auto stream = TestService::Stub(*channel).Bidi();
  ASSERT_TRUE(stream.Write(Text("a")).Wait().ok());
  channel.reset();
  loop.reset();
  TestReply reply;
  EXPECT_FALSE(stream.Read(reply).Wait());
  EXPECT_FALSE(stream.Write(Text("b")).Wait().ok());
  stream.WritesDone();
  stream.Cancel();
  EXPECT_EQ(stream.Finish().Wait().code(), StatusCode::kUnavailable);
}

TEST_F(ChannelTest, CallsStartedWhileTheChannelGoesAllEnd) {
  for (int round = 0; round < 10; ++round) {
    auto channel = std::make_unique<Channel>(target_, Quick());
    const TestService::Stub stub(*channel);
    std::atomic<int> ended{0};
    std::vector<std::thread> threads;
    threads.reserve(2);
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&stub, &ended] {
        while (stub.Unary(Text("x")).Wait().ok()) ++ended;
        ++ended;
      });
    }
    while (ended.load() < 5) std::this_thread::yield();
    channel.reset();
    for (std::thread& thread : threads) thread.join();
  }
}

TEST_F(ChannelTest, LoopsOfAChannelShareItsCalls) {
  LoopOnThread first;
  LoopOnThread second;
  {
    const Channel channel(target_, ChannelOptions().add_loop(first.loop()).add_loop(second.loop()));
    const TestService::Stub stub(channel);
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(stub.Unary(Text("x")).Wait().ok());
  }
}

// Calls that fail as soon as their loop sees them tell which loop that was.
class PickedLoopTest : public ::testing::Test {
 protected:
  static constexpr int kLoops = 4;

  PickedLoopTest() {
    ChannelOptions options;
    for (EventLoop& loop : loops_) options.add_loop(loop);
    channel_ = std::make_unique<Channel>("bogus://///", options);
  }
  void Call(int& ended) {
    TestService::Stub(*channel_).Unary(TestRequest()).Then([&ended](absl::StatusOr<TestReply>) {
      ++ended;
    });
  }
  // For each loop, how often `ended` grows when just that one runs.
  std::vector<int> RunEach(const int& ended) {
    std::vector<int> counts;
    for (EventLoop& loop : loops_) {
      const int before = ended;
      for (int pass = 0; pass < 3; ++pass) loop.RunOnce();
      counts.push_back(ended - before);
    }
    return counts;
  }

  EventLoop loops_[kLoops];
  std::unique_ptr<Channel> channel_;
};

// Else they could not start in order.
TEST_F(PickedLoopTest, CallsOfOneThreadGoToOneLoop) {
  int ended = 0;
  for (int i = 0; i < 20; ++i) Call(ended);
  std::vector<int> counts = RunEach(ended);
  std::sort(counts.begin(), counts.end());
  EXPECT_EQ(counts, (std::vector<int>{0, 0, 0, 20}));
}

TEST_F(PickedLoopTest, ThreadsSpreadOverTheLoops) {
  constexpr int kThreads = 64;
  int ended = 0;
  std::latch all(kThreads);  // the identity of a thread that has gone may be given to another
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      Call(ended);
      all.arrive_and_wait();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : RunEach(ended)) EXPECT_GT(count, 0);
  EXPECT_EQ(ended, kThreads);
}

using ChannelDeathTest = ChannelTest;

TEST_F(ChannelDeathTest, DestroyedOnItsOwnThreadDiesWithAClearText) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        std::promise<void> never;
        stub_.Unary(Text("x")).Then([this](absl::StatusOr<TestReply>) { channel_.reset(); });
        never.get_future().wait();
      },
      "destroyed on its own thread");
}

}  // namespace
}  // namespace weft::testing
