#include "weft/client_context.h"

#include <optional>

#include "gtest/gtest.h"

#include "tests/support/manual_clock.h"
#include "tests/unit/client/client_fixture.h"

namespace weft::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using std::chrono::milliseconds;

class ClientContextTest : public ServedFixture, public ::testing::Test {};

TEST_F(ClientContextTest, MetadataGoesOutAndComesBack) {
  ClientContext context;
  context.AddMetadata("k", "1");
  context.AddMetadata("k", "2");
  context.AddMetadata("raw-bin", std::string("\0\xff", 2));
  TestRequest request;
  request.set_echo_headers(true);
  ASSERT_TRUE(stub_.Unary(context, request).Wait().ok());
  EXPECT_EQ(context.trailing_metadata().GetAll("k"), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_EQ(context.peer(), target_);
}

TEST_F(ClientContextTest, ResetMakesItFitForAnotherCall) {
  ClientContext context;
  context.AddMetadata("k", "1");
  context.AddMetadata("Not-Valid", "");
  context.set_deadline(Clock::System().Now() - hours(1));
  EXPECT_EQ(stub_.Unary(context, TestRequest()).Wait().status().code(), StatusCode::kInternal);
  context.Reset();
  TestRequest request;
  request.set_echo_headers(true);
  ASSERT_TRUE(stub_.Unary(context, request).Wait().ok());
  EXPECT_EQ(context.trailing_metadata().Get("k"), std::nullopt);
  for (int i = 0; i < 3; ++i) {
    context.Reset();
    context.AddMetadata("n", std::to_string(i));
    ASSERT_TRUE(stub_.Unary(context, request).Wait().ok());
    EXPECT_EQ(context.trailing_metadata().GetAll("n"),
              std::vector<std::string_view>{std::to_string(i)});
  }
}

TEST_F(ClientContextTest, EarlierOfTwoDeadlinesCounts) {
  ClientContext context;
  context.set_timeout(milliseconds(20));
  context.set_timeout(hours(1));
  EXPECT_EQ(stub_.Unary(context, Waiting()).Wait().status().code(), StatusCode::kDeadlineExceeded);
}

// The loop's clock is an hour old; the system's may be anything.
TEST_F(ClientContextTest, TimeoutGoesByTheClockOfTheChannelsLoop) {
  ManualClock clock;
  EventLoop loop(EventLoop::Options().set_clock(clock));
  const Channel channel(target_, ChannelOptions().add_loop(loop));
  ClientContext context;
  context.set_timeout(milliseconds(50));
  context.set_wait_for_ready(true);
  std::optional<StatusCode> ended;
  TestService::Stub(channel).Unary(context, Waiting()).Then([&](absl::StatusOr<TestReply> reply) {
    ended = reply.status().code();
  });
  for (int i = 0; i < 10000 && service_.begun != 1; ++i) loop.RunOnce(milliseconds(1));
  EXPECT_EQ(ended, std::nullopt);
  clock.Advance(milliseconds(60));
  for (int i = 0; i < 100 && !ended; ++i) loop.RunOnce();
  EXPECT_EQ(ended, StatusCode::kDeadlineExceeded);
}

TEST_F(ClientContextTest, TimeoutForEverIsNoDeadline) {
  ClientContext context;
  context.set_timeout(Duration::max());
  EXPECT_TRUE(stub_.Unary(context, TestRequest()).Wait().ok());
}

TEST_F(ClientContextTest, CancelFromAnotherThreadEndsTheCallAndItsHandler) {
  ClientContext context;
  auto call = stub_.Unary(context, Waiting());
  std::thread canceller([&] {
    EXPECT_TRUE(TestServiceImpl::WaitFor(service_.begun, 1));
    context.Cancel();
  });
  EXPECT_EQ(std::move(call).Wait().status().code(), StatusCode::kCancelled);
  canceller.join();
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.cancelled, 1));
}

TEST_F(ClientContextTest, CancelOutsideOfACallDoesNothing) {
  ClientContext context;
  context.Cancel();
  ASSERT_TRUE(stub_.Unary(context, TestRequest()).Wait().ok());
  context.Cancel();
  context.Reset();
  EXPECT_TRUE(stub_.Unary(context, TestRequest()).Wait().ok());
}

// The call goes on its loop for a moment after it was dropped; the context must not be touched
// then.
TEST_F(ClientContextTest, ContextMayGoOrBeUsedAgainAsSoonAsItsCallWasDropped) {
  for (int i = 0; i < 200; ++i) {
    ClientContext context;
    TestRequest request;
    request.set_echo_headers(true);
    static_cast<void>(stub_.Unary(context, request));
    context.Reset();
    static_cast<void>(stub_.Unary(context, request));
  }
}

using ClientContextDeathTest = ClientContextTest;

TEST_F(ClientContextDeathTest, SecondCallWhileTheFirstRunsDies) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        ClientContext context;
        auto first = stub_.Unary(context, Waiting());
        auto second = stub_.Unary(context, Waiting());
      },
      "given to a second call");
}

}  // namespace
}  // namespace weft::testing
