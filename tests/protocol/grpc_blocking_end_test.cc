#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "buffer/limits.h"
#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"
#include "tests/support/test_service.h"
#include "weft/channel.h"

// How the calls of blocking handlers end before their time, and what they may still touch.
namespace weft::testing {
namespace {

constexpr std::uint32_t kCancel = 8;

class BlockingProbe final : public TestService::BlockingService {
 public:
  using Handler = absl::Status (*)(BlockingProbe&, ServerContext&, const TestRequest&, TestReply&);

  absl::Status Unary(ServerContext& context, const TestRequest& request,
                     TestReply& reply) override {
    ++begun;
    const absl::Status status = unary(*this, context, request, reply);
    return status;
  }
  void WaitForRelease() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return released_; });
  }
  void Release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  Handler unary = nullptr;
  std::atomic<int> begun{0};
  std::atomic<int> told{0};
  std::atomic<int> dropped{0};
  TestService::Stub* child = nullptr;
  std::atomic<int> child_code{-1};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
};

class GrpcBlockingEndTest : public ::testing::TestWithParam<std::size_t> {
 public:
  static std::string Request(std::uint32_t id, std::string_view text) {
    return Call(id, kUnary).Render() + Data(id, Ask(text)).End().Render();
  }
  BlockingProbe probe;
};

INSTANTIATE_TEST_SUITE_P(Sizes, GrpcBlockingEndTest, ::testing::ValuesIn(ByteSizes()),
                         ByteSizeName);

TEST_P(GrpcBlockingEndTest, OnCancelRunsWhileTheHandlerDoes) {
  probe.unary = [](BlockingProbe& self, ServerContext& context, const TestRequest&, TestReply&) {
    context.OnCancel([&self] { self.Release(); });
    self.WaitForRelease();
    return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Request(1, ""));
  ASSERT_TRUE(server.Until([&] { return probe.begun == 1; }));
  client.Send(RstStream(1, kCancel));
  EXPECT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
}

TEST_P(GrpcBlockingEndTest, OnCancelIsDroppedOnTheWorkerWhenTheHandlerReturns) {
  probe.unary = [](BlockingProbe& self, ServerContext& context, const TestRequest&, TestReply&) {
    const auto gone = [&self](BlockingProbe*) { ++self.dropped; };
    const std::shared_ptr<BlockingProbe> held(&self, gone);
    context.OnCancel([&self, held] { ++self.told; });
    self.WaitForRelease();
    return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Request(1, ""));
  ASSERT_TRUE(server.Until([&] { return probe.begun == 1; }));
  probe.Release();
  // The loop stands still, and so has not heard of the handler's end.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (probe.dropped == 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "the callback outlives its handler";
    std::this_thread::yield();
  }
  client.Send(RstStream(1, kCancel));
  EXPECT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
  EXPECT_EQ(probe.told, 0);
}

TEST_P(GrpcBlockingEndTest, FullQueueIsToldBeforeTheRequestIsParsed) {
  probe.unary = [](BlockingProbe& self, ServerContext&, const TestRequest&, TestReply&) {
    self.WaitForRelease();
    return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe, ServerOptions().set_workers(1).set_worker_queue(0));
  WireClient& client = server.ConnectHttp2();
  client.Send(Request(1, ""));
  ASSERT_TRUE(server.Until([&] { return probe.begun == 1; }));
  client.Send(Call(3, kUnary).Render() + Data(3, Envelope("\xff\xff")).End().Render());
  EXPECT_NE(server.Finish(client, 3).head.find("grpc-status=8"), std::string::npos)
      << client.stream(3).head;
  probe.Release();
  server.Finish(client, 1);
  client.Send(Call(5, kUnary).Render() + Data(5, Envelope("\xff\xff")).End().Render());
  EXPECT_EQ(server.Finish(client, 5).head.find("grpc-status=8"), std::string::npos)
      << client.stream(5).head;
}

TEST_P(GrpcBlockingEndTest, RequestThatDoesNotEndHoldsNoWorker) {
  probe.unary = [](BlockingProbe&, ServerContext&, const TestRequest&, TestReply&) {
    return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe, ServerOptions().set_workers(1).set_worker_queue(0));
  WireClient& client = server.ConnectHttp2();
  // It never ends its request.
  client.Send(Call(1, kUnary).Render() + Data(1, Ask("")).Render());
  server.Settle(client);
  client.Send(Request(3, ""));
  EXPECT_NE(server.Finish(client, 3).trailers.find("grpc-status=0"), std::string::npos);
  client.Send(RstStream(1, kCancel));
  server.Settle(client);
  EXPECT_EQ(server.open_calls(), 0u);
}

TEST_P(GrpcBlockingEndTest, CallsOfAQuietServerAreGivenBack) {
  probe.unary = [](BlockingProbe&, ServerContext&, const TestRequest&, TestReply&) {
    return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Request(1, ""));
  server.Finish(client, 1);
  ASSERT_TRUE(server.Until([&] { return server.shard().idle_calls() == 1; }));
  for (int i = 0; i < 3; ++i) server.Advance(internal::kPoolTrimInterval * 2);
  EXPECT_EQ(server.shard().idle_calls(), 0u);
}

TEST_P(GrpcBlockingEndTest, InitialMetadataMayGoBeforeTheReply) {
  probe.unary = [](BlockingProbe& self, ServerContext& context, const TestRequest&, TestReply&) {
    EXPECT_TRUE(context.AddInitialMetadata("x-early", "bird"));
    context.SendInitialMetadata();
    EXPECT_FALSE(context.AddInitialMetadata("x-late", "bird"));
    self.WaitForRelease();
    return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Request(1, ""));
  EXPECT_TRUE(server.Until(
      [&] { return client.stream(1).head.find("x-early=bird") != std::string::npos; }));
  probe.Release();
  EXPECT_NE(server.Finish(client, 1).trailers.find("grpc-status=0"), std::string::npos);
}

TEST_P(GrpcBlockingEndTest, ChildCallEndsWithTheHandlersOwn) {
  TestServiceImpl silent;
  Server child_server(ServerOptions().set_loops(1));
  child_server.Register(silent);
  ASSERT_TRUE(child_server.Listen("127.0.0.1:0").ok());
  ASSERT_TRUE(child_server.Start().ok());
  Channel channel("127.0.0.1:" + std::to_string(child_server.port()));
  TestService::Stub stub(channel);
  probe.child = &stub;
  probe.unary = [](BlockingProbe& self, ServerContext&, const TestRequest&, TestReply& reply) {
    TestRequest request;
    request.set_wait(true);
    const absl::Status status = self.child->Unary(request, &reply).Wait();
    self.child_code = static_cast<int>(status.code());
    return status;
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Request(1, ""));
  ASSERT_TRUE(server.Until([&] { return silent.begun == 1; }));
  client.Send(RstStream(1, kCancel));
  EXPECT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
  EXPECT_EQ(probe.child_code, static_cast<int>(absl::StatusCode::kCancelled));
  EXPECT_TRUE(TestServiceImpl::WaitFor(silent.cancelled, 1));
}

}  // namespace
}  // namespace weft::testing
