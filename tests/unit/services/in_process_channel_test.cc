// Channels to a server in the same process: what calls promise holds without a connection.
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "test_service.weft.h"
#include "tests/support/test_service.h"
#include "weft/channel.h"
#include "weft/client_context.h"
#include "weft/event_loop.h"
#include "weft/server.h"
#include "weft/spawn.h"

namespace weft::testing {
namespace {

TestRequest Say(std::string_view text) {
  TestRequest request;
  request.set_text(text.data(), text.size());
  return request;
}

// Answers which priority it saw before and after it has chosen one.
class Ranked final : public RankedService::Service {
  Task<absl::Status> Urgent(ServerContext& context, const TestRequest&, TestReply& reply) override {
    const int before = context.priority().urgency();
    context.SetPriority(Priority(5));
    reply.set_text(std::to_string(before) + " " + std::to_string(context.priority().urgency()));
    co_return absl::OkStatus();
  }
};

// Server and channel on loops of their own.
class InProcessChannelTest : public ::testing::Test {
 protected:
  void Start(const ChannelOptions& channel_options = ChannelOptions(),
             const ServerOptions& server_options = ServerOptions().set_loops(2)) {
    server_.emplace(server_options);
    server_->Register(service_);
    server_->Register(ranked_);
    ASSERT_EQ(server_->Start(), absl::OkStatus());
    channel_.emplace(*server_, channel_options);
    stub_.emplace(*channel_);
  }

  TestServiceImpl service_;
  Ranked ranked_;
  std::optional<Server> server_;
  std::optional<Channel> channel_;
  std::optional<TestService::Stub> stub_;
};

TEST_F(InProcessChannelTest, UnaryCallIsAnswered) {
  Start();
  const absl::StatusOr<TestReply> reply = stub_->Unary(Say("hi")).Wait();
  ASSERT_EQ(reply.status(), absl::OkStatus());
  EXPECT_EQ(reply->text(), "hi");
}

TEST_F(InProcessChannelTest, CallsSucceedAsSoonAsTheServerRuns) {
  server_.emplace(ServerOptions().set_loops(1));
  server_->Register(service_);
  channel_.emplace(*server_);
  stub_.emplace(*channel_);
  EXPECT_EQ(stub_->Unary(Say("early")).Wait().status().code(), absl::StatusCode::kUnavailable);
  ClientContext context;
  context.set_wait_for_ready(true);
  UnaryCall<TestReply> patient = stub_->Unary(context, Say("patient"));
  ASSERT_EQ(server_->Start(), absl::OkStatus());
  // Not after a pause, as with servers that can't be reached.
  EXPECT_EQ(stub_->Unary(Say("now")).Wait().status(), absl::OkStatus());
  EXPECT_EQ(std::move(patient).Wait().status(), absl::OkStatus());
}

TEST_F(InProcessChannelTest, MetadataGoesBothWays) {
  Start();
  ClientContext context;
  context.AddMetadata("color", "blue");
  context.AddMetadata("raw-bin", std::string_view("\0\xff", 2));
  TestRequest request = Say("x");
  request.set_echo_headers(true);
  ASSERT_EQ(stub_->Unary(context, request).Wait().status(), absl::OkStatus());
  EXPECT_EQ(context.trailing_metadata().Get("color"), "blue");
  // The handler sends back the text that came, which is base64 already.
  EXPECT_EQ(context.trailing_metadata().GetBinary("raw-bin"), std::vector<std::string>{"AP8"});
  EXPECT_EQ(context.peer(), "inproc");
}

TEST_F(InProcessChannelTest, PrioritiesAreHarmless) {
  Start();
  ClientContext context;
  context.set_priority(Priority(7));
  const absl::StatusOr<TestReply> reply =
      RankedService::Stub(*channel_).Urgent(context, Say("")).Wait();
  ASSERT_EQ(reply.status(), absl::OkStatus());
  EXPECT_EQ(reply->text(), "1 5");
  context.Reset();
  UnaryCall<TestReply> call = stub_->Unary(context, Say("hi"));
  context.SetPriority(Priority(0));
  EXPECT_EQ(std::move(call).Wait().status(), absl::OkStatus());
}

TEST_F(InProcessChannelTest, StatusOfTheHandlerComesBack) {
  Start();
  TestRequest request = Say("why");
  request.set_code(9);
  EXPECT_EQ(stub_->Unary(request).Wait().status(), absl::FailedPreconditionError("why"));
}

TEST_F(InProcessChannelTest, StreamsOfAllKindsRun) {
  Start();
  TestRequest many = Say("m");
  many.set_count(1000);
  ClientReader<TestReply> reader = stub_->ServerStream(many);
  TestReply reply;
  int read = 0;
  while (reader.Read(reply).Wait()) EXPECT_EQ(reply.count(), read++);
  EXPECT_EQ(read, 1000);
  EXPECT_EQ(reader.Finish().Wait(), absl::OkStatus());

  ClientWriter<TestRequest, TestReply> writer = stub_->ClientStream();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(writer.Write(Say("w")).Wait(), absl::OkStatus());
  const absl::StatusOr<TestReply> total = writer.Finish().Wait();
  ASSERT_EQ(total.status(), absl::OkStatus());
  EXPECT_EQ(total->count(), 1000);

  ClientReaderWriter<TestRequest, TestReply> both = stub_->Bidi();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(both.Write(Say("b")).Wait(), absl::OkStatus());
    ASSERT_TRUE(both.Read(reply).Wait());
    EXPECT_EQ(reply.count(), i);
  }
  EXPECT_EQ(both.Finish().Wait(), absl::OkStatus());
}

TEST_F(InProcessChannelTest, MessagesLargerThanTheWindowCross) {
  Start();
  TestRequest request;
  request.set_payload(std::string(3 << 20, 'p'));
  const absl::StatusOr<TestReply> reply = stub_->Unary(request).Wait();
  ASSERT_EQ(reply.status(), absl::OkStatus());
  EXPECT_EQ(reply->payload(), request.payload());
}

TEST_F(InProcessChannelTest, LimitsHold) {
  Start(ChannelOptions().set_receive_limit(1000));
  TestRequest request;
  request.set_size(2000);
  EXPECT_EQ(stub_->Unary(request).Wait().status().code(), absl::StatusCode::kResourceExhausted);
  request.set_size(0);
  request.set_payload(std::string(5 << 20, 'p'));
  EXPECT_EQ(stub_->Unary(request).Wait().status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(InProcessChannelTest, DeadlineEndsTheCallOnBothSides) {
  Start();
  ClientContext context;
  context.set_timeout(std::chrono::milliseconds(30));
  TestRequest request = Say("x");
  request.set_wait(true);
  EXPECT_EQ(stub_->Unary(context, request).Wait().status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.ended, service_.begun.load()));
}

TEST_F(InProcessChannelTest, DroppedCallCancelsItsHandler) {
  Start();
  {
    TestRequest request = Say("x");
    request.set_wait(true);
    const UnaryCall<TestReply> call = stub_->Unary(request);
    EXPECT_TRUE(TestServiceImpl::WaitFor(service_.begun, 1));
  }
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.ended, 1));
  EXPECT_EQ(service_.cancelled.load(), 1);
}

TEST_F(InProcessChannelTest, ServerThatWasShutDownIsUnavailable) {
  Start();
  ASSERT_EQ(stub_->Unary(Say("x")).Wait().status(), absl::OkStatus());
  ASSERT_EQ(server_->Shutdown(std::chrono::seconds(10)), absl::OkStatus());
  EXPECT_EQ(stub_->Unary(Say("x")).Wait().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(InProcessChannelTest, ServerThatWasNotStartedIsUnavailable) {
  Server server;
  const Channel channel(server);
  EXPECT_EQ(TestService::Stub(channel).Unary(Say("x")).Wait().status(),
            absl::UnavailableError("the server in this process does not run"));
}

TEST_F(InProcessChannelTest, ShutdownCancelsWhatOutlastsItsGrace) {
  Start();
  TestRequest request = Say("x");
  request.set_wait(true);
  UnaryCall<TestReply> call = stub_->Unary(request);
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.begun, 1));
  EXPECT_EQ(server_->Shutdown(Duration::zero()), absl::OkStatus());
  EXPECT_EQ(std::move(call).Wait().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(InProcessChannelTest, MoreCallsThanStreamsWaitForTheirTurn) {
  Start(ChannelOptions(), ServerOptions().set_loops(1).set_max_concurrent_streams(3));
  std::vector<UnaryCall<TestReply>> calls;
  for (int i = 0; i < 50; ++i) calls.push_back(stub_->Unary(Say(std::to_string(i))));
  for (int i = 0; i < 50; ++i) {
    const absl::StatusOr<TestReply> reply = std::move(calls[static_cast<std::size_t>(i)]).Wait();
    ASSERT_EQ(reply.status(), absl::OkStatus());
    EXPECT_EQ(reply->text(), std::to_string(i));
  }
}

TEST_F(InProcessChannelTest, ThreadsMayShareAChannel) {
  Start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(stub_->Unary(Say("x")).Wait().status(), absl::OkStatus());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

Task<void> Call(TestService::Stub stub, int& answered) {
  for (int i = 0; i < 3; ++i) {
    const TestRequest request = Say("inline");
    absl::StatusOr<TestReply> reply = co_await stub.Unary(request);
    EXPECT_TRUE(reply.ok() && reply->text() == "inline");
    ++answered;
  }
}

TEST(InProcessOneLoopTest, CallsRunWithinOnePassOfTheLoop) {
  EventLoop loop;
  TestServiceImpl service;
  Server server(ServerOptions().add_loop(loop));
  server.Register(service);
  ASSERT_EQ(server.Start(), absl::OkStatus());
  loop.RunOnce();
  {
    const Channel channel(server, ChannelOptions().add_loop(loop));
    int answered = 0;
    Spawn(loop, Call(TestService::Stub(channel), answered));
    loop.RunOnce();
    EXPECT_EQ(answered, 3);
  }
  EXPECT_EQ(server.Shutdown(std::chrono::seconds(10)), absl::OkStatus());
}

}  // namespace
}  // namespace weft::testing
