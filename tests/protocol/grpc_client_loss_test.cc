// What becomes of a client's calls when streams are refused and connections go away or break.
#include <string>
#include <utility>

#include "tests/protocol/grpc_client_fixture.h"

namespace weft::testing {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

class GrpcClientLossTest : public GrpcClientFixture, public ::testing::Test {
 protected:
  GrpcClientLossTest()
      : GrpcClientFixture(ChannelOptions().set_backoff(milliseconds(1), milliseconds(2))) {}
};

// checklist 42
TEST_F(GrpcClientLossTest, CallsAboveGoAwayAreSentAgainAndThoseBelowRunOn) {
  auto first = stub_.Unary(Request("1"));
  auto second = stub_.Unary(Request("2"));
  RawPeer old_peer = AcceptAndGreet();
  old_peer.ReadUntil("DATA 3 END_STREAM");
  old_peer.Send(GoAway(1, 0));
  RawPeer new_peer = AcceptAndGreet();
  const std::string again = new_peer.ReadUntil("END_STREAM");
  EXPECT_EQ(again, "DATA 1 END_STREAM \"\\x00\\x00\\x00\\x00\\x03\\x0a\\x012\"");
  new_peer.Send(Reply(1, "two"));
  EXPECT_EQ(std::move(second).Wait()->text(), "two");
  old_peer.Send(Reply(1, "one"));
  EXPECT_EQ(std::move(first).Wait()->text(), "one");
  EXPECT_TRUE(old_peer.ReadToEnd());
}

// checklist 42: the first GOAWAY of a drain takes nothing back.
TEST_F(GrpcClientLossTest, GoAwayOfTheHighestIdOnlyMovesNewCalls) {
  auto first = stub_.Unary(Request("1"));
  RawPeer old_peer = AcceptAndGreet();
  old_peer.ReadUntil("DATA 1 END_STREAM");
  old_peer.Send(GoAway(0x7fffffff, 0) + Ping(5));
  old_peer.ReadUntil("PING");
  auto second = stub_.Unary(Request("2"));
  RawPeer new_peer = AcceptAndGreet();
  new_peer.ReadUntil("DATA 1 END_STREAM");
  new_peer.Send(Reply(1, "two"));
  EXPECT_EQ(std::move(second).Wait()->text(), "two");
  old_peer.Send(GoAway(1, 0) + Reply(1, "one"));
  EXPECT_EQ(std::move(first).Wait()->text(), "one");
}

// checklist 42: of a stream, what was written up to now.
TEST_F(GrpcClientLossTest, StreamAboveGoAwayIsSentAgainFromItsFirstMessage) {
  auto stream = stub_.Bidi();
  RawPeer old_peer = AcceptAndGreet();
  ASSERT_TRUE(stream.Write(Request("a")).Wait().ok());
  old_peer.ReadUntil("DATA 1");
  old_peer.Send(GoAway(0, 0));
  RawPeer new_peer = AcceptAndGreet();
  EXPECT_EQ(new_peer.ReadUntil("DATA 1"), "DATA 1 \"\\x00\\x00\\x00\\x00\\x03\\x0a\\x01a\"");
  ASSERT_TRUE(stream.Write(Request("b")).Wait().ok());
  EXPECT_EQ(new_peer.ReadUntil("DATA 1"), "DATA 1 \"\\x00\\x00\\x00\\x00\\x03\\x0a\\x01b\"");
  new_peer.Send(Head(1).Render() + Data(1, Message("r")).Render() + Trailers(1).Render());
  TestReply reply;
  EXPECT_TRUE(stream.Read(reply).Wait());
  EXPECT_FALSE(stream.Read(reply).Wait());
  EXPECT_TRUE(stream.Finish().Wait().ok());
}

TEST_F(GrpcClientLossTest, StreamTooLongToKeepIsNotSentAgain) {
  auto stream = stub_.ClientStream();
  RawPeer peer = server_.Accept();
  peer.Greet({{4, 0x7fffffff}});  // INITIAL_WINDOW_SIZE
  peer.Send(WindowUpdate(0, 0x7ffeffff - 65535));
  TestRequest big;
  big.set_payload(std::string(300 * 1024, 'x'));
  auto write = stream.Write(big);
  for (int frame = 0; frame < 19; ++frame) peer.ReadUntil("DATA 1");
  ASSERT_TRUE(write.Wait().ok());
  peer.Send(GoAway(0, 0));
  const absl::Status status = stream.Finish().Wait().status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
}

// checklist 61
TEST_F(GrpcClientLossTest, RefusedStreamIsSentOnceMore) {
  auto call = stub_.Unary(Request("1"));
  RawPeer peer = AcceptAndGreet();
  peer.ReadUntil("DATA 1 END_STREAM");
  peer.Send(RstStream(1, 7));
  peer.ReadUntil("DATA 3 END_STREAM");
  peer.Send(Reply(3, "at last"));
  EXPECT_EQ(std::move(call).Wait()->text(), "at last");
}

// checklist 35, 61
TEST_F(GrpcClientLossTest, StreamRefusedTwiceIsUnavailable) {
  auto call = stub_.Unary(Request("1"));
  RawPeer peer = AcceptAndGreet();
  peer.ReadUntil("DATA 1 END_STREAM");
  peer.Send(RstStream(1, 7));
  peer.ReadUntil("DATA 3 END_STREAM");
  peer.Send(RstStream(3, 7));
  EXPECT_EQ(std::move(call).Wait().status().code(), StatusCode::kUnavailable);
}

// checklist 41
TEST_F(GrpcClientLossTest, ConnectionLostAtEveryByteOfAReplyIsUnavailable) {
  const std::string reply = Reply(1, "ok");
  for (std::size_t cut = 0; cut < reply.size(); ++cut) {
    for (const bool reset : {false, true}) {
      auto call = stub_.Unary(Request("?"));
      RawPeer peer = AcceptAndGreet();
      peer.ReadUntil("END_STREAM");
      peer.Send(reply.substr(0, cut));
      reset ? peer.Reset() : peer.Close();
      const absl::Status status = std::move(call).Wait().status();
      ASSERT_EQ(status.code(), StatusCode::kUnavailable) << cut << " " << status;
      ASSERT_NE(Text(status).find(server_.target()), std::string::npos) << cut << " " << status;
    }
  }
}

TEST_F(GrpcClientLossTest, MessagesThatCameBeforeTheLossAreRead) {
  auto stream = stub_.ServerStream(Request("?"));
  RawPeer peer = AcceptAndGreet();
  peer.ReadUntil("END_STREAM");
  peer.Send(Head(1).Render() + Data(1, Message("a") + Message("b")).Render());
  TestReply reply;
  EXPECT_TRUE(stream.Read(reply).Wait());
  peer.Close();
  EXPECT_TRUE(stream.Read(reply).Wait());
  EXPECT_EQ(reply.text(), "b");
  EXPECT_FALSE(stream.Read(reply).Wait());
  EXPECT_EQ(stream.Finish().Wait().code(), StatusCode::kUnavailable);
}

TEST_F(GrpcClientLossTest, BrokenHttp2IsInternalOrUnavailableNeverAHang) {
  for (const std::string& junk :
       {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), RawFrame(0, 0, 0, "data on stream 0"),
        RawFrame(1, 4, 1, "\xff\xff\xff\xff\xff\xff"), Data(1, "before any head").Render(),
        RawFrame(5, 4, 1, std::string("\0\0\0\2", 4)), RawFrame(9, 4, 1, "")}) {
    auto call = stub_.Unary(Request("?"));
    RawPeer peer = AcceptAndGreet();
    peer.ReadUntil("END_STREAM");
    peer.Send(junk);
    const absl::Status status = std::move(call).Wait().status();
    EXPECT_TRUE(status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kInternal)
        << status;
    channel_ = std::make_unique<Channel>(
        server_.target(), ChannelOptions().set_backoff(milliseconds(1), milliseconds(2)));
    stub_ = TestService::Stub(*channel_);
  }
}

// checklist 50
TEST_F(GrpcClientLossTest, ServerThatClosesAtOnceFailsTheCallWithItsName) {
  auto call = stub_.Unary(Request("?"));
  server_.Accept().Close();
  const absl::Status status = std::move(call).Wait().status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(Text(status).find(server_.target()), std::string::npos) << status;
}

TEST_F(GrpcClientLossTest, ErrorOfAGoAwayIsTold) {
  auto call = stub_.Unary(Request("?"));
  RawPeer peer = AcceptAndGreet();
  peer.ReadUntil("END_STREAM");
  peer.Send(GoAway(1, 11, "too_many_pings"));
  peer.Close();
  const absl::Status status = std::move(call).Wait().status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(Text(status).find(server_.target()), std::string::npos) << status;
}

}  // namespace
}  // namespace weft::testing
