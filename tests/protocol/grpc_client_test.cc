// What the gRPC client sends, frame by frame.
#include <string>
#include <utility>

#include "tests/protocol/grpc_client_fixture.h"
#include "weft/version.h"

namespace weft::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class GrpcClientRequestTest : public GrpcClientFixture, public ::testing::Test {
 protected:
  // The head of the request on stream 1, without its pseudo-headers.
  std::string FieldsSent(ClientContext& context) {
    const absl::StatusOr<TestReply> reply =
        Answer(Reply(1, "hi"), static_cast<std::size_t>(-1), &context);
    EXPECT_TRUE(reply.ok()) << reply.status();
    const std::size_t head = log_.find("HEADERS 1 ");
    const std::size_t from = log_.find("/Unary ", head) + 7;
    return log_.substr(from, log_.find('\n', head) - from);
  }
  const std::string fixed_ =
      "content-type=application/grpc te=trailers user-agent=grpc-c++-weft/" + std::string(kVersion);
};

// The frames of a stream, without those of the connection.
std::string LinesOf(std::uint32_t stream, const std::string& log) {
  std::string lines;
  const std::string mark = " " + std::to_string(stream);
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t end = log.find('\n', at);
    const std::string line = log.substr(at, end - at);
    const std::size_t name = line.find(' ');
    if (name < line.size() && line.compare(name, mark.size() + 1, mark + " ") == 0)
      lines += line + "\n";
    at = end + 1;
  }
  return lines;
}

// checklist 8, 26
TEST_F(GrpcClientRequestTest, UnaryCallIsAHeadAndAMessageThatEndsTheStream) {
  const absl::StatusOr<TestReply> reply = Answer(Reply(1, "hi"));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text(), "hi");
  EXPECT_TRUE(log_.starts_with("PREFACE\nSETTINGS ")) << log_;
  EXPECT_EQ(LinesOf(1, log_), "HEADERS 1 :method=POST :scheme=http :authority=127.0.0.1:" +
                                  std::to_string(server_.port()) +
                                  " :path=/weft.testing.TestService/Unary " + fixed_ +
                                  "\nDATA 1 END_STREAM \"\\x00\\x00\\x00\\x00\\x03\\x0a\\x01?\"\n");
}

// checklist 7, 10: nothing that the user did not ask for.
TEST_F(GrpcClientRequestTest, ContextWithoutWishesAddsNothing) {
  ClientContext context;
  EXPECT_EQ(FieldsSent(context), fixed_);
  EXPECT_EQ(context.peer(), server_.target());
}

// checklist 9
TEST_F(GrpcClientRequestTest, TimeoutComesFirstAndMetadataLast) {
  ClientContext context;
  context.set_timeout(hours(1000000));
  context.AddMetadata("a", "1");
  // checklist 6: what has passed of the last minute is rounded up.
  EXPECT_EQ(FieldsSent(context), "grpc-timeout=60000000M " + fixed_ + " a=1");
}

// checklist 12, 13
TEST_F(GrpcClientRequestTest, MetadataKeepsItsOrderAndBinaryIsUnpaddedBase64) {
  ClientContext context;
  context.AddMetadata("k", "1");
  context.AddMetadata("x-bin", std::string("\0\1\2\3", 4));
  context.AddMetadata("k", "2");
  EXPECT_EQ(FieldsSent(context), fixed_ + " k=1 x-bin=AAECAw k=2");
}

class GrpcClientBadMetadataTest : public GrpcClientRequestTest,
                                  public ::testing::WithParamInterface<const char*> {};

// checklist 10
TEST_P(GrpcClientBadMetadataTest, KeyThatCannotBeSentFailsTheCallBeforeItIsSent) {
  ClientContext context;
  context.AddMetadata(GetParam(), "v");
  const absl::StatusOr<TestReply> reply = stub_.Unary(context, Request("?")).Wait();
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kInternal) << reply.status();
  EXPECT_NE(Text(reply.status()).find(GetParam()), std::string::npos) << reply.status();
  EXPECT_FALSE(server_.HasClient());
}
INSTANTIATE_TEST_SUITE_P(Keys, GrpcClientBadMetadataTest,
                         ::testing::Values("grpc-mine", "Upper", "with space", ":path"));

// checklist 6
TEST_F(GrpcClientRequestTest, ExpiredDeadlineFailsWithoutSending) {
  ClientContext context;
  context.set_deadline(Clock::System().Now() - milliseconds(1));
  const absl::StatusOr<TestReply> reply = stub_.Unary(context, Request("?")).Wait();
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(Text(reply.status()).find("/weft.testing.TestService/Unary"), std::string::npos);
  EXPECT_FALSE(server_.HasClient());
}

// checklist 26
TEST_F(GrpcClientRequestTest, HalfCloseWithNothingLeftIsAnEmptyDataFrame) {
  auto stream = stub_.Bidi();
  RawPeer peer = AcceptAndGreet();
  EXPECT_TRUE(stream.Write(Request("a")).Wait().ok());
  EXPECT_EQ(peer.ReadUntil("DATA 1"), "DATA 1 \"\\x00\\x00\\x00\\x00\\x03\\x0a\\x01a\"");
  stream.WritesDone();
  EXPECT_EQ(peer.ReadUntil("DATA 1"), "DATA 1 END_STREAM \"\"");
}

// checklist 26
TEST_F(GrpcClientRequestTest, StreamOfNoMessagesEndsWithAnEmptyDataFrame) {
  auto stream = stub_.ClientStream();
  RawPeer peer = AcceptAndGreet();
  auto finish = stream.Finish();
  EXPECT_EQ(peer.ReadUntil("DATA 1"), "DATA 1 END_STREAM \"\"");
  peer.Send(Reply(1, "none"));
  EXPECT_EQ(finish.Wait()->text(), "none");
}

TEST_F(GrpcClientRequestTest, DroppedCallIsResetWithCancel) {
  auto call = std::make_unique<UnaryCall<TestReply>>(stub_.Unary(Request("?")));
  RawPeer peer = AcceptAndGreet();
  peer.ReadUntil("END_STREAM");
  call.reset();
  EXPECT_EQ(peer.ReadUntil("RST_STREAM 1"), "RST_STREAM 1 CANCEL");
}

TEST_F(GrpcClientRequestTest, CallWhoseDeadlinePassesIsResetWithCancel) {
  ClientContext context;
  context.set_timeout(milliseconds(200));
  auto call = stub_.Unary(context, Request("?"));
  RawPeer peer = AcceptAndGreet();
  EXPECT_EQ(peer.ReadUntil("RST_STREAM 1"), "RST_STREAM 1 CANCEL");
  EXPECT_EQ(std::move(call).Wait().status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(GrpcClientRequestTest, CallsFromOneThreadAreSentInOrder) {
  std::vector<UnaryCall<TestReply>> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(stub_.Unary(Request(std::to_string(i))));
  RawPeer peer = AcceptAndGreet();
  for (int i = 0; i < 5; ++i) {
    const std::string line = peer.ReadUntil("END_STREAM");
    EXPECT_NE(line.find("\\x01" + std::to_string(i) + "\""), std::string::npos) << line;
  }
}

TEST_F(GrpcClientRequestTest, ServersLimitOfStreamsMakesCallsWaitTheirTurn) {
  auto first = stub_.Unary(Request("1"));
  auto second = stub_.Unary(Request("2"));
  RawPeer peer = server_.Accept();
  peer.Greet({{3, 1}});  // MAX_CONCURRENT_STREAMS
  peer.ReadUntil("DATA 1 END_STREAM");
  peer.Send(Ping(7));
  peer.ReadUntil("PING");
  EXPECT_EQ(peer.log().find("HEADERS 3"), std::string::npos) << peer.log();
  peer.Send(Reply(1, "one"));
  peer.ReadUntil("DATA 3 END_STREAM");
  peer.Send(Reply(3, "two"));
  EXPECT_EQ(std::move(first).Wait()->text(), "one");
  EXPECT_EQ(std::move(second).Wait()->text(), "two");
}

}  // namespace
}  // namespace weft::testing
