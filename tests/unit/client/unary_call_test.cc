// Unary calls in every style, dropped at every point, from many threads.
#include <atomic>
#include <future>

#include "tests/unit/client/client_fixture.h"
#include "weft/block_on.h"
#include "weft/spawn.h"

namespace weft::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using std::chrono::milliseconds;

class UnaryCallTest : public ServedFixture, public ::testing::Test {};

// Runs on `loop`; tells where it went on and what came.
struct Outcome {
  std::promise<std::string> text;
  std::promise<bool> same_loop;
};

Task<void> AwaitUnary(EventLoop& loop, TestService::Stub stub, Outcome& outcome) {
  TestRequest request;
  request.set_text("awaited");
  absl::StatusOr<TestReply> reply = co_await stub.Unary(request);
  outcome.same_loop.set_value(loop.OnThread());
  outcome.text.set_value(reply.ok() ? reply->text() : reply.status().ToString());
}

TEST_F(UnaryCallTest, WaitGivesTheReply) {
  const absl::StatusOr<TestReply> reply = stub_.Unary(Text("hi")).Wait();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text(), "hi");
}

TEST_F(UnaryCallTest, WaitIntoAMessageReplacesWhatItHeld) {
  TestReply reply;
  reply.set_count(9);
  const absl::Status status = stub_.Unary(Text("hi"), &reply).Wait();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(reply.text(), "hi");
  EXPECT_EQ(reply.count(), 0);
}

TEST_F(UnaryCallTest, HandlersStatusIsTheCalls) {
  TestRequest request = Text("not here");
  request.set_code(static_cast<int>(StatusCode::kNotFound));
  EXPECT_EQ(stub_.Unary(request).Wait().status(), absl::NotFoundError("not here"));
}

TEST_F(UnaryCallTest, MovedRequestArrivesWhole) {
  TestRequest request;
  request.set_payload(std::string(1 << 20, 'p'));
  const absl::StatusOr<TestReply> reply = stub_.Unary(std::move(request)).Wait();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->payload(), std::string(1 << 20, 'p'));
}

TEST_F(UnaryCallTest, RequestOverTheSendLimitIsRefusedHere) {
  const Channel channel(target_, ChannelOptions().set_send_limit(10));
  const absl::Status status =
      TestService::Stub(channel).Unary(Text(std::string(20, 'x'))).Wait().status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("the send limit is 10 bytes (set_send_limit)"), std::string::npos)
      << status;
  EXPECT_EQ(service_.begun, 0);
}

TEST_F(UnaryCallTest, AwaitOnTheChannelsOwnLoopResumesThere) {
  LoopOnThread loop;
  {
    const Channel channel(target_, ChannelOptions().add_loop(loop.loop()));
    Outcome outcome;
    Spawn(loop.loop(), AwaitUnary(loop.loop(), TestService::Stub(channel), outcome));
    EXPECT_EQ(outcome.text.get_future().get(), "awaited");
    EXPECT_TRUE(outcome.same_loop.get_future().get());
  }
}

TEST_F(UnaryCallTest, AwaitOnAnotherLoopResumesOnTheWaitersLoop) {
  LoopOnThread loop;
  for (int i = 0; i < 50; ++i) {
    Outcome outcome;
    Spawn(loop.loop(), AwaitUnary(loop.loop(), stub_, outcome));
    EXPECT_EQ(outcome.text.get_future().get(), "awaited");
    EXPECT_TRUE(outcome.same_loop.get_future().get());
  }
}

TEST_F(UnaryCallTest, TaskOfAPlainThreadAwaits) {
  const auto call = [](TestService::Stub stub) -> Task<std::string> {
    TestRequest request;
    request.set_text("plain");
    absl::StatusOr<TestReply> reply = co_await stub.Unary(request);
    co_return reply.ok() ? reply->text() : reply.status().ToString();
  };
  EXPECT_EQ(BlockOn(call(stub_)), "plain");
}

TEST_F(UnaryCallTest, ThenRunsOnceOnTheChannelsLoop) {
  LoopOnThread loop;
  {
    const Channel channel(target_, ChannelOptions().add_loop(loop.loop()));
    std::promise<std::string> done;
    std::atomic<int> runs{0};
    TestService::Stub(channel).Unary(Text("then")).Then([&](absl::StatusOr<TestReply> reply) {
      ++runs;
      done.set_value(loop.loop().OnThread() ? reply->text() : "another thread");
    });
    EXPECT_EQ(done.get_future().get(), "then");
    EXPECT_EQ(runs, 1);
  }
}

TEST_F(UnaryCallTest, ThenOfACallThatIsDoneStillRunsOnTheLoop) {
  LoopOnThread loop;
  {
    const Channel channel(target_, ChannelOptions().add_loop(loop.loop()));
    ClientContext context;
    TestReply into;
    auto call = TestService::Stub(channel).Unary(context, Text("done"), &into);
    // A later call of this thread is answered later.
    ASSERT_TRUE(TestService::Stub(channel).Unary(Text("next")).Wait().ok());
    std::promise<bool> done;
    std::move(call).Then(
        [&](absl::Status status) { done.set_value(status.ok() && loop.loop().OnThread()); });
    EXPECT_TRUE(done.get_future().get());
    EXPECT_EQ(into.text(), "done");
  }
}

TEST_F(UnaryCallTest, DroppedBeforeTheConnectionIsUpNeverReachesTheServer) {
  for (int i = 0; i < 20; ++i) {
    const Channel channel(target_);
    static_cast<void>(TestService::Stub(channel).Unary(Text("dropped")));
  }
  EXPECT_TRUE(stub_.Unary(Text("after")).Wait().ok());
}

TEST_F(UnaryCallTest, DroppedWhileTheHandlerRunsCancelsTheHandler) {
  {
    auto call = stub_.Unary(Waiting());
    ASSERT_TRUE(TestServiceImpl::WaitFor(service_.begun, 1));
  }
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.cancelled, 1));
}

TEST_F(UnaryCallTest, DroppedAfterCompletionIsForgotten) {
  for (int i = 0; i < 50; ++i) {
    auto call = stub_.Unary(Text("done"));
    ASSERT_TRUE(TestServiceImpl::WaitFor(service_.ended, 2 * i + 1));
    ASSERT_TRUE(stub_.Unary(Text("next")).Wait().ok());
  }
}

TEST_F(UnaryCallTest, ManyThreadsShareOneChannel) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t, &good] {
      const TestService::Stub stub = stub_;
      for (int i = 0; i < 100; ++i) {
        const std::string text = std::to_string(t * 1000 + i);
        const absl::StatusOr<TestReply> reply = stub.Unary(Text(text)).Wait();
        if (reply.ok() && reply->text() == text) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

TEST_F(UnaryCallTest, DeadlineEndsTheCallAndTellsTheHandler) {
  ClientContext context;
  context.set_timeout(milliseconds(30));
  EXPECT_EQ(stub_.Unary(context, Waiting()).Wait().status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.cancelled, 1));
}

using UnaryCallDeathTest = UnaryCallTest;

TEST_F(UnaryCallDeathTest, SecondUseDiesWithAClearText) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto call = stub_.Unary(Text("x"));
        static_cast<void>(call.Wait());
        static_cast<void>(call.Wait());
      },
      "exactly one of co_await, Wait\\(\\) and");
}

TEST_F(UnaryCallDeathTest, WaitOnALoopsThreadDiesWithAClearText) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        LoopOnThread loop;
        std::promise<void> done;
        loop.loop().Post([&] {
          static_cast<void>(stub_.Unary(Waiting()).Wait());
          done.set_value();
        });
        done.get_future().wait();
      },
      "would stop the loop");
}

}  // namespace
}  // namespace weft::testing
