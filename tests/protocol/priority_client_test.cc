#include <string>
#include <thread>
#include <utility>

#include "tests/protocol/grpc_client_fixture.h"
#include "weft/priority.h"

// Priorities as the client says them and keeps to them: by what it sends, in which order.
namespace weft::testing {
namespace {

constexpr std::uint16_t kInitialWindow = 4;
constexpr std::uint16_t kNoRfc7540Priorities = 9;

class PriorityClientTest : public GrpcClientFixture, public ::testing::Test {
 protected:
  PriorityClientTest() : ranked_(*channel_) {}

  // The field of a call's request; "none" when there was none. `call` makes it.
  template <typename MakeCall>
  std::string FieldOf(MakeCall make_call) {
    auto call = make_call();
    RawPeer peer = AcceptAndGreet();
    const std::string head = peer.ReadUntil("HEADERS 1");
    const std::size_t at = head.find(" priority=");
    return at == std::string::npos ? "none" : head.substr(at + 10);
  }

  static TestRequest Large(std::size_t size) {
    TestRequest request;
    request.set_payload(std::string(size, 'x'));
    return request;
  }
  // The streams of the DATA frames behind the first `from` bytes of the log, in order.
  static std::string DataOrder(const std::string& log, std::size_t from) {
    std::string order;
    for (std::size_t at = log.find("DATA ", from); at != std::string::npos;
         at = log.find("DATA ", at + 1)) {
      if (at == 0 || log[at - 1] == '\n')
        order += log.substr(at + 5, log.find(' ', at + 5) - at - 4);
    }
    return order;
  }

  RankedService::Stub ranked_;
};

TEST_F(PriorityClientTest, NothingIsSaidWithoutAWish) {
  EXPECT_EQ(FieldOf([this] { return stub_.Unary(Request("?")); }), "none");
}

TEST_F(PriorityClientTest, ContextsWishIsSaidAlsoWhenItIsTheDefault) {
  ClientContext context;
  context.set_priority(Priority());
  EXPECT_EQ(FieldOf([&] { return stub_.Unary(context, Request("?")); }), "u=3");
}

TEST_F(PriorityClientTest, ContextsWishIsForgottenByReset) {
  ClientContext context;
  context.set_priority(Priority(1));
  context.Reset();
  EXPECT_EQ(FieldOf([&] { return stub_.Unary(context, Request("?")); }), "none");
}

TEST_F(PriorityClientTest, OptionOfTheMethodIsSaid) {
  EXPECT_EQ(FieldOf([this] { return ranked_.Bulk(Request("?")); }), "u=6, i");
}

TEST_F(PriorityClientTest, ContextOverridesTheOption) {
  ClientContext context;
  context.set_priority(Priority(2));
  EXPECT_EQ(FieldOf([&] { return ranked_.Bulk(context, Request("?")); }), "u=2");
}

TEST_F(PriorityClientTest, UrgentUploadOvertakesBulk) {
  auto bulk = ranked_.Upload();
  RawPeer peer = server_.Accept();
  peer.Greet({{kInitialWindow, 0}});
  peer.ReadUntil("HEADERS 1");
  ASSERT_TRUE(bulk.Write(Large(20'000)).Wait().ok());
  ClientContext context;
  context.set_priority(Priority(0));
  auto urgent = stub_.ClientStream(context);
  peer.ReadUntil("HEADERS 3");
  ASSERT_TRUE(urgent.Write(Large(20'000)).Wait().ok());
  const std::size_t from = peer.log().size();
  peer.Send(Settings({{kInitialWindow, 1 << 20}}));
  peer.ReadUntil("DATA 1");
  peer.ReadUntil("DATA 1");
  EXPECT_EQ(DataOrder(peer.log(), from), "3 3 1 1 ");
}

TEST_F(PriorityClientTest, SetPriorityFromAnotherThreadMovesARunningUploadAndTellsTheServer) {
  ClientContext context;
  auto first = stub_.ClientStream();
  RawPeer peer = server_.Accept();
  peer.Greet({{kInitialWindow, 0}, {kNoRfc7540Priorities, 1}});
  auto second = stub_.ClientStream(context);
  peer.ReadUntil("HEADERS 3");
  ASSERT_TRUE(first.Write(Large(20'000)).Wait().ok());
  ASSERT_TRUE(second.Write(Large(20'000)).Wait().ok());
  std::thread([&] { context.SetPriority(Priority(1, /*incremental=*/true)); }).join();
  EXPECT_EQ(peer.ReadUntil("PRIORITY_UPDATE"), "PRIORITY_UPDATE 3 \"u=1, i\"");
  const std::size_t from = peer.log().size();
  peer.Send(Settings({{kInitialWindow, 1 << 20}}));
  peer.ReadUntil("DATA 1");
  peer.ReadUntil("DATA 1");
  EXPECT_EQ(DataOrder(peer.log(), from), "3 3 1 1 ");
}

TEST_F(PriorityClientTest, SetPriorityToTheDefaultIsSaidToo) {
  ClientContext context;
  auto stream = stub_.ClientStream(context);
  RawPeer peer = server_.Accept();
  peer.Greet({{kNoRfc7540Priorities, 1}});
  peer.ReadUntil("HEADERS 1");
  context.SetPriority(Priority());
  EXPECT_EQ(peer.ReadUntil("PRIORITY_UPDATE"), "PRIORITY_UPDATE 1 \"u=3\"");
}

TEST_F(PriorityClientTest, SetPriorityWithoutACallIsThatOfTheNext) {
  ClientContext context;
  context.SetPriority(Priority(0));
  EXPECT_EQ(FieldOf([&] { return stub_.Unary(context, Request("?")); }), "u=0");
}

// The connection is not there yet: what was said meanwhile is in the request.
TEST_F(PriorityClientTest, SetPriorityBeforeTheConnectionIsUpGoesIntoTheHead) {
  ClientContext context;
  auto call = stub_.Unary(context, Request("?"));
  RawPeer peer = server_.Accept();
  context.SetPriority(Priority(5));
  // A later call finds what came before it done.
  auto later = stub_.Unary(Request("later"));
  peer.Greet();
  EXPECT_NE(peer.ReadUntil("HEADERS 1").find(" priority=u=5"), std::string::npos);
}

}  // namespace
}  // namespace weft::testing
