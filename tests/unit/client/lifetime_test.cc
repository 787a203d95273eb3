// A loop, a server, a channel on that loop and a stub go in every order, with a call under way and
// one that starts after each step. Nothing may hang, and every call ends.
#include <algorithm>
#include <array>
#include <future>
#include <optional>

#include "tests/unit/client/client_fixture.h"

namespace weft::testing {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

enum Part { kLoop, kServer, kChannel, kStub };
using Order = std::array<Part, 4>;

class LifetimeTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    loop_ = std::make_unique<EventLoop>();
    server_ = std::make_unique<Server>(ServerOptions().set_loops(1));
    server_->Register(service_);
    ASSERT_TRUE(server_->Listen("127.0.0.1:0").ok());
    ASSERT_TRUE(server_->Start().ok());
    const ChannelOptions options = ChannelOptions().add_loop(*loop_);
    channel_ = in_process() ? std::make_unique<Channel>(*server_, options)
                            : std::make_unique<Channel>(
                                  "ipv4:127.0.0.1:" + std::to_string(server_->port()), options);
    stub_.emplace(*channel_);
  }
  static bool in_process() { return GetParam(); }

  void Destroy(Part part) {
    switch (part) {
      case kLoop:
        return loop_.reset();
      case kServer:
        return server_.reset();
      case kChannel:
        return channel_.reset();
      case kStub:
        return stub_.reset();
    }
  }
  // Passes of the loop, if it is there, until `done`; false when it takes too long.
  bool RunUntil(const bool& done) {
    for (int i = 0; i < 5000 && !done && loop_ != nullptr; ++i) loop_->RunOnce(milliseconds(1));
    return done;
  }
  // The status of a call made now.
  absl::Status Call() {
    bool done = false;
    absl::Status status = absl::UnknownError("the call has not ended");
    stub_->Unary(TestRequest()).Then([&](absl::StatusOr<TestReply> reply) {
      status = reply.status();
      done = true;
    });
    RunUntil(done);
    return status;
  }
  void RunOrder(const Order& order) {
    SetUp();
    EXPECT_TRUE(Call().ok());
    bool ended = false;
    absl::Status last;
    stub_->Unary(ServedFixture::Waiting()).Then([&](absl::StatusOr<TestReply> reply) {
      last = reply.status();
      ended = true;
    });
    auto stream = stub_->Bidi();
    for (int i = 0; i < 5000 && service_.begun.load() < 3; ++i) loop_->RunOnce(milliseconds(1));
    ASSERT_EQ(service_.begun.load(), 3);
    for (const Part part : order) {
      Destroy(part);
      const bool served = server_ != nullptr && loop_ != nullptr && channel_ != nullptr;
      if (!served) {
        EXPECT_TRUE(ended || RunUntil(ended));
      }
      if (stub_) {
        EXPECT_EQ(Call().code(), served ? StatusCode::kOk : StatusCode::kUnavailable);
      }
    }
    EXPECT_FALSE(last.ok());
    TestReply reply;
    EXPECT_FALSE(stream.Read(reply).Wait());
    EXPECT_FALSE(stream.Write(TestRequest()).Wait().ok());
    EXPECT_FALSE(stream.Finish().Wait().ok());
    service_.begun = 0;
  }

  TestServiceImpl service_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Channel> channel_;
  std::optional<TestService::Stub> stub_;
};
INSTANTIATE_TEST_SUITE_P(Kinds, LifetimeTest, ::testing::Bool(),
                         [](const auto& kind) { return kind.param ? "InProcess" : "OverSockets"; });

TEST_P(LifetimeTest, EveryOrderOfDestructionEndsEveryCall) {
  Order order{kLoop, kServer, kChannel, kStub};
  do {
    SCOPED_TRACE(::testing::PrintToString(order));
    RunOrder(order);
    if (HasFatalFailure()) return;
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_P(LifetimeTest, CallsGoToALoopThatIsLeft) {
  LoopOnThread left;
  channel_ = std::make_unique<Channel>(
      "ipv4:127.0.0.1:" + std::to_string(server_->port()),
      ChannelOptions().add_loop(*loop_).add_loop(left.loop()).add_loop(*loop_));
  stub_.emplace(*channel_);
  loop_.reset();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(stub_->Unary(TestRequest()).Wait().ok());
  channel_.reset();
}

// Messages that have come are not lost with the loop: else the status would be a lie.
TEST_P(LifetimeTest, MessagesThatHadComeAreReadAfterTheLoopHasGone) {
  TestRequest request;
  request.set_count(3);
  auto reader = stub_->ServerStream(request);
  for (int i = 0; i < 5000 && service_.ended.load() < 1; ++i) loop_->RunOnce(milliseconds(1));
  // The stream's end is with the client when a later call's is.
  EXPECT_TRUE(Call().ok());
  loop_.reset();
  TestReply reply;
  int read = 0;
  while (reader.Read(reply).Wait()) ++read;
  EXPECT_EQ(read, 3);
  EXPECT_TRUE(reader.Finish().Wait().ok());
}

// Loops that end while other threads use the channel.
TEST_P(LifetimeTest, CallsStartedWhileTheLoopEndsAllEnd) {
  for (int round = 0; round < 10; ++round) {
    auto loop = std::make_unique<LoopOnThread>();
    Channel channel = in_process() ? Channel(*server_, ChannelOptions().add_loop(loop->loop()))
                                   : Channel("ipv4:127.0.0.1:" + std::to_string(server_->port()),
                                             ChannelOptions().add_loop(loop->loop()));
    const TestService::Stub stub(channel);
    std::atomic<int> ended{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&stub, &ended] {
        absl::Status status;
        while (status.ok()) {
          status = stub.Unary(TestRequest()).Wait().status();
          ++ended;
        }
        EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
      });
    }
    while (ended.load() < 5) std::this_thread::yield();
    loop->loop().Stop();
    for (std::thread& thread : threads) thread.join();
    loop.reset();
  }
}

}  // namespace
}  // namespace weft::testing
