#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "buffer/limits.h"
#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"
#include "weft/sleep.h"

// Whose bytes go first on a server's connection: by the order of DATA frames, never by time.
namespace weft::testing {
namespace {

constexpr std::string_view kPlain = "/weft.testing.RankedService/Plain";
constexpr std::string_view kUrgent = "/weft.testing.RankedService/Urgent";
constexpr std::string_view kBulk = "/weft.testing.RankedService/Bulk";
// Two frames.
constexpr int kTwoFrames = 20'000;

std::string Said(Priority priority) {
  return std::to_string(priority.urgency()) + (priority.incremental() ? "i" : "");
}

// A request's `count`, if it is above 0, is an urgency above it by one that the handler asks for. A
// reply says which priority the handler saw before that.
void Serve(ServerContext& context, const TestRequest& request, TestReply& reply) {
  reply.set_text(Said(context.priority()));
  if (request.count() > 0) context.SetPriority(Priority(request.count() - 1));
  reply.set_payload(std::string(static_cast<std::size_t>(request.size()), 'x'));
}

class Ranked final : public RankedService::Service {
  Task<absl::Status> Plain(ServerContext& context, const TestRequest& request,
                           TestReply& reply) override {
    Serve(context, request, reply);
    co_return absl::OkStatus();
  }
  Task<absl::Status> Urgent(ServerContext& context, const TestRequest& request,
                            TestReply& reply) override {
    Serve(context, request, reply);
    co_return absl::OkStatus();
  }
  // One message at once, another after a second.
  Task<absl::Status> Bulk(ServerContext& context, const TestRequest& request,
                          ServerWriter<TestReply>& writer) override {
    TestReply reply;
    reply.set_payload(std::string(static_cast<std::size_t>(request.size()), 'x'));
    absl::Status first = co_await writer.Write(reply);
    if (!first.ok()) co_return first;
    absl::Status slept = co_await Sleep(std::chrono::seconds(1));
    if (!slept.ok()) co_return slept;
    Serve(context, request, reply);
    absl::Status second = co_await writer.Write(reply);
    co_return second;
  }
};

class BlockingRanked final : public RankedService::BlockingService {
  absl::Status Plain(ServerContext& context, const TestRequest& request,
                     TestReply& reply) override {
    Serve(context, request, reply);
    if (request.count() > 0) reply.set_text(reply.text() + " " + Said(context.priority()));
    return absl::OkStatus();
  }
};

std::string Ask(int size, int set_urgency = -1) {
  TestRequest request;
  request.set_size(size);
  request.set_count(set_urgency + 1);
  return Envelope(request.SerializeAsString());
}

std::string Request(std::uint32_t id, std::string_view path, std::string_view priority = "",
                    const std::string& message = Ask(kTwoFrames)) {
  Headers head = Call(id, path);
  if (!priority.empty()) head.Field("priority", priority);
  return head.Render() + Data(id, message).End().Render();
}

class PriorityServerTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  // Of a read or write. The answers are large: byte by byte they would take long and show no more.
  static std::size_t size() { return std::max<std::size_t>(GetParam(), 100); }
  // Its streams may receive so much each, until Release: so the answers to all requests that come
  // before wait side by side.
  static WireClient& ConnectHeld(ServerUnderTest& server, std::uint32_t window = 0) {
    WireClient& client = server.Connect();
    client.returns_credit = false;
    client.StartHttp2(Settings({{4, window}}));
    return client;
  }
  static void Release(ServerUnderTest& server, WireClient& client) {
    server.Settle(client);
    client.Send(Settings({{4, 1 << 20}}));
    server.Settle(client);
  }
  // What has come once so much has.
  static void ExpectOrder(ServerUnderTest& server, WireClient& client, std::string_view order) {
    server.Until([&] { return client.data_order().size() >= order.size(); });
    EXPECT_EQ(client.data_order(), order);
  }
  // The order of the answers to two calls that ask for two frames each.
  static std::string OrderOf(std::size_t size, const ServerOptions& options,
                             const std::string& requests) {
    Ranked service;
    ServerUnderTest server(size, service, options);
    WireClient& client = ConnectHeld(server);
    client.Send(requests);
    Release(server, client);
    server.Finish(client, 1);
    server.Finish(client, 3);
    return client.data_order();
  }
  std::string OrderOf(const std::string& requests) const {
    return OrderOf(size(), ServerOptions(), requests);
  }
};

INSTANTIATE_TEST_SUITE_P(Sizes, PriorityServerTest, ::testing::ValuesIn(ByteSizes()), ByteSizeName);

TEST_P(PriorityServerTest, EqualsFinishInTheirOrder) {
  EXPECT_EQ(OrderOf(Request(1, kPlain) + Request(3, kPlain)), "1 1 3 3 ");
}

TEST_P(PriorityServerTest, UrgentReplyOvertakesBulk) {
  EXPECT_EQ(OrderOf(Request(1, kPlain, "u=6") + Request(3, kPlain, "u=0")), "3 3 1 1 ");
}

TEST_P(PriorityServerTest, IncrementalRepliesTakeTurns) {
  EXPECT_EQ(OrderOf(Request(1, kPlain, "u=2, i") + Request(3, kPlain, "i, u=2")), "1 3 1 3 ");
}

TEST_P(PriorityServerTest, OptionOfTheMethodIsTheDefault) {
  EXPECT_EQ(OrderOf(Request(1, kPlain) + Request(3, kUrgent)), "3 3 1 1 ");
}

TEST_P(PriorityServerTest, ClientsHeaderOverridesTheOption) {
  EXPECT_EQ(OrderOf(Request(1, kPlain) + Request(3, kUrgent, "u=4")), "1 1 3 3 ");
  // Of which RFC 9218's default says as much as any other.
  EXPECT_EQ(OrderOf(Request(1, kPlain, "u=2") + Request(3, kUrgent, "u=3")), "1 1 3 3 ");
}

TEST_P(PriorityServerTest, HeaderThatSaysNothingKnownLeavesTheOption) {
  for (const char* priority : {"hello", "u=9", "u=-1", "u", ",,;", "u=0.5"}) {
    EXPECT_EQ(OrderOf(Request(1, kPlain, "u=2") + Request(3, kUrgent, priority)), "3 3 1 1 ")
        << priority;
  }
}

TEST_P(PriorityServerTest, KnownPartsOfAnOddHeaderCount) {
  EXPECT_EQ(OrderOf(Request(1, kPlain) + Request(3, kPlain, "x=?1, u=1;q=2, foo=\"bar\"")),
            "3 3 1 1 ");
}

TEST_P(PriorityServerTest, HandlersWordWinsOverTheHeader) {
  EXPECT_EQ(OrderOf(Request(1, kPlain, "u=0", Ask(kTwoFrames, 5)) +
                    Request(3, kPlain, "u=7", Ask(kTwoFrames, 2))),
            "3 3 1 1 ");
}

TEST_P(PriorityServerTest, HandlersWordWinsOverLaterUpdatesForGood) {
  EXPECT_EQ(OrderOf(Request(1, kPlain, "", Ask(kTwoFrames, 4)) + Request(3, kPlain) +
                    PriorityUpdate(1, "u=0")),
            "3 3 1 1 ");
}

TEST_P(PriorityServerTest, UpdateMovesARunningStream) {
  EXPECT_EQ(OrderOf(Request(1, kPlain) + Request(3, kPlain) + PriorityUpdate(3, "u=1")),
            "3 3 1 1 ");
  // And garbage does not.
  EXPECT_EQ(OrderOf(Request(1, kPlain) + Request(3, kPlain, "u=1") + PriorityUpdate(3, "u=8")),
            "3 3 1 1 ");
}

TEST_P(PriorityServerTest, UpdateAfterTheFirstFrameMovesTheRest) {
  Ranked service;
  ServerUnderTest server(size(), service);
  WireClient& client = ConnectHeld(server, 5000);
  client.Send(Request(1, kPlain) + Request(3, kPlain));
  ExpectOrder(server, client, "1 3 ");
  client.Send(PriorityUpdate(1, "u=5"));
  Release(server, client);
  server.Finish(client, 1);
  EXPECT_EQ(client.data_order(), "1 3 3 1 ");
}

TEST_P(PriorityServerTest, ClientsWishesCountForNothingWhereTheyAreNotHonored) {
  const ServerOptions deaf = ServerOptions().set_honor_client_priority(false);
  EXPECT_EQ(OrderOf(size(), deaf,
                    PriorityUpdate(3, "u=0") + Request(1, kPlain) + Request(3, kPlain, "u=0") +
                        PriorityUpdate(3, "u=1")),
            "1 1 3 3 ");
  EXPECT_EQ(OrderOf(size(), deaf, Request(1, kPlain, "u=0") + Request(3, kUrgent, "u=7")),
            "3 3 1 1 ");
}

TEST_P(PriorityServerTest, HandlerMovesItsStreamInTheMiddle) {
  Ranked service;
  ServerUnderTest server(size(), service);
  // Exactly the first message: its field's head is 4 bytes, its envelope's 5.
  WireClient& client = ConnectHeld(server, kTwoFrames + 9);
  client.Send(Request(1, kBulk, "", Ask(kTwoFrames, 0)));
  ExpectOrder(server, client, "1 1 ");
  client.Send(Request(3, kPlain, "u=1", Ask(2 * kTwoFrames)));
  ExpectOrder(server, client, "1 1 3 3 ");
  server.Advance(std::chrono::seconds(1));
  client.Send(WindowUpdate(0, 1 << 20));
  Release(server, client);
  ExpectOrder(server, client, "1 1 3 3 1 1 3 3 ");
  EXPECT_EQ(Texts(client.stream(1)), (std::vector<std::string>{"", "6i"}));
}

TEST_P(PriorityServerTest, HandlerSeesWhatCounts) {
  Ranked service;
  ServerUnderTest server(size(), service);
  WireClient& client = server.ConnectHttp2();
  const auto seen = [&](std::uint32_t id, const std::string& request) {
    client.Send(request);
    return Texts(server.Finish(client, id)).at(0);
  };
  EXPECT_EQ(seen(1, Request(1, kPlain, "", Ask(0))), "3");
  EXPECT_EQ(seen(3, Request(3, kUrgent, "", Ask(0))), "1");
  EXPECT_EQ(seen(5, Request(5, kUrgent, "i", Ask(0))), "3i");
  EXPECT_EQ(seen(7, PriorityUpdate(7, "u=5") + Request(7, kUrgent, "i", Ask(0))), "5");
  client.Send(Request(9, kBulk, "", Ask(0)));
  server.Settle(client);
  client.Send(PriorityUpdate(9, "u=2"));
  server.Settle(client);
  server.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Texts(server.Finish(client, 9)).at(1), "2");
}

TEST_P(PriorityServerTest, BlockingHandlerSeesAndSetsItFromItsThread) {
  BlockingRanked service;
  ServerUnderTest server(size(), service);
  WireClient& client = ConnectHeld(server);
  client.Send(Request(1, kPlain, "u=2") + Request(3, kPlain, "u=5", Ask(kTwoFrames, 1)));
  // Both have answered when their heads have come.
  ASSERT_TRUE(server.Until(
      [&] { return !client.stream(1).head.empty() && !client.stream(3).head.empty(); }));
  Release(server, client);
  EXPECT_EQ(Texts(server.Finish(client, 1)).at(0), "2");
  EXPECT_EQ(Texts(server.Finish(client, 3)).at(0), "5 1");
  EXPECT_EQ(client.data_order(), "3 3 1 1 ");
}

TEST_P(PriorityServerTest, Http11HasNobodyToOvertakeButAnswers) {
  Ranked service;
  ServerUnderTest server(size(), service);
  WireClient& client = server.Connect();
  const std::string body = R"({"count":1})";
  client.Send("POST " + std::string(kUrgent) +
              " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nPriority: u=7\r\n"
              "Connection: close\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(server.Until([&] { return client.closed(); }));
  EXPECT_NE(client.received().find(R"({"text":"1"})"), std::string::npos) << client.received();
}

// The most bytes that go by between two frames of the less urgent stream, while both have some.
std::size_t LongestWait(const WireClient& client) {
  std::size_t wait = 0, longest = 0;
  const std::string& order = client.data_order();
  for (std::size_t i = 0; 2 * i < order.rfind('3'); ++i) {
    if (order[2 * i] == '1') {
      wait = 0;
    } else {
      wait += client.data_sizes()[i];
      longest = std::max(longest, wait);
    }
  }
  return longest;
}

// Two replies of 3 MiB, of the least urgency and of the most.
void ServeThreeMebibytes(ServerUnderTest& server, WireClient& client) {
  client.returns_credit = false;
  client.StartHttp2(Settings({{4, 0}}) + WindowUpdate(0, 1 << 30));
  client.Send(Request(1, kPlain, "u=7", Ask(3 << 20)) + Request(3, kPlain, "u=0", Ask(3 << 20)));
  server.Settle(client);
  client.Send(Settings({{4, 1 << 30}}));
  server.Finish(client, 1);
  server.Finish(client, 3);
}

TEST(PriorityFloorTest, LeastUrgentIsSlowedButNeverWaitsLong) {
  Ranked service;
  ServerUnderTest server(kUnlimited, service);
  WireClient& client = server.Connect();
  ServeThreeMebibytes(server, client);
  const std::size_t most = static_cast<std::size_t>(16 * 1024 / internal::kPriorityFloor);
  EXPECT_GT(LongestWait(client), 16 * internal::kKiB * 10);
  EXPECT_LE(LongestWait(client), most);
}

TEST(PriorityFloorTest, ShareIsTheServersToChoose) {
  Ranked service;
  ServerUnderTest server(kUnlimited, service, ServerOptions().set_priority_floor(0.25));
  WireClient& client = server.Connect();
  ServeThreeMebibytes(server, client);
  EXPECT_TRUE(client.data_order().starts_with("3 3 3 1 3 3 3 1 ")) << client.data_order();
}

TEST(PriorityFloorTest, NoneIsStrictOrder) {
  Ranked service;
  ServerUnderTest server(kUnlimited, service, ServerOptions().set_priority_floor(0));
  WireClient& client = server.Connect();
  ServeThreeMebibytes(server, client);
  EXPECT_LT(client.data_order().rfind('3'), client.data_order().find('1'));
}

}  // namespace
}  // namespace weft::testing
