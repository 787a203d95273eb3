// How the gRPC client reads what servers answer.
#include <string>
#include <utility>

#include "tests/protocol/grpc_client_fixture.h"
#include "tests/support/byte_sizes.h"

namespace weft::testing {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

class GrpcClientReplyTest : public GrpcClientFixture, public ::testing::Test {
 protected:
  absl::Status StatusFor(const std::string& bytes) { return Answer(bytes).status(); }
};

class GrpcClientSizesTest : public GrpcClientReplyTest,
                            public ::testing::WithParamInterface<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, GrpcClientSizesTest, ::testing::ValuesIn(ByteSizes()),
                         ByteSizeName);

// checklist 15
TEST_P(GrpcClientSizesTest, ReplyMayComeInAnyPieces) {
  const absl::StatusOr<TestReply> reply = Answer(Reply(1, "in pieces"), GetParam());
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text(), "in pieces");
}

// checklist 15
TEST_P(GrpcClientSizesTest, MessageMayBeSplitOverPaddedAndEmptyFramesAtEachByte) {
  const std::string message = Message("split");
  std::string bytes = Head(1);
  for (const char c : message) {
    bytes += Data(1, std::string_view(&c, 1)).Pad(3).Render() + Data(1, "").Render();
  }
  const absl::StatusOr<TestReply> reply = Answer(bytes + Trailers(1).Render(), GetParam());
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text(), "split");
}

// checklist 15
TEST_P(GrpcClientSizesTest, FrameMayHoldSeveralMessages) {
  auto stream = stub_.ServerStream(Request("?"));
  RawPeer peer = AcceptAndGreet();
  peer.ReadUntil("END_STREAM");
  const std::string messages = Message("a") + Message("b") + Message("") + Message("c");
  peer.Send(Head(1).Render() + Data(1, messages).Render() + Trailers(1).Render(), GetParam());
  TestReply reply;
  std::string all;
  while (stream.Read(reply).Wait()) all += reply.text() + ";";
  EXPECT_EQ(all, "a;b;;c;");
  EXPECT_TRUE(stream.Finish().Wait().ok());
}

// checklist 34
TEST_P(GrpcClientSizesTest, InformationalHeadsAreSkipped) {
  const std::string bytes = Headers(1).Status(103).Field("grpc-status", "7").Render() +
                            Headers(1).Status(100).Render() + Reply(1, "after");
  const absl::StatusOr<TestReply> reply = Answer(bytes, GetParam());
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text(), "after");
}

// checklist 28, 29, 12
TEST_P(GrpcClientSizesTest, StatusComesWithMessageDetailsAndMetadata) {
  auto call_context = std::make_unique<ClientContext>();
  const std::string bytes =
      Head(1).Field("first", "1").Render() + Headers(1)
                                                 .Field("grpc-status", "5")
                                                 .Field("grpc-message", "no caf%C3%A9 100%")
                                                 .Field("x-bin", "AAEC,AwQ=")
                                                 .Field("last", "2")
                                                 .End()
                                                 .Render();
  const absl::Status status = Answer(bytes, GetParam(), call_context.get()).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(Text(status), "no caf\xC3\xA9 100%");
  EXPECT_EQ(call_context->initial_metadata().Get("first"), "1");
  EXPECT_EQ(call_context->trailing_metadata().Get("last"), "2");
  const std::vector<std::string> binary = call_context->trailing_metadata().GetBinary("x-bin");
  EXPECT_EQ(binary, (std::vector<std::string>{std::string("\0\1\2", 3), "\3\4"}));
  EXPECT_EQ(call_context->trailing_metadata().Get("grpc-status"), std::nullopt);
}

TEST_F(GrpcClientReplyTest, DetailsBecomePayloadsOfTheStatus) {
  // google.rpc.Status: code 9, message "m", one Any of type_url "t/x.Y" and value "v".
  const std::string details = std::string("\x08\x09\x12\x01m\x1a\x0a\x0a\x05t/x.Y\x12\x01v", 17);
  ASSERT_EQ(details.size(), 17U);
  const absl::Status status =
      StatusFor(Headers(1)
                    .Status(200)
                    .Field("content-type", "application/grpc")
                    .Field("grpc-status", "9")
                    .Field("grpc-message", "m")
                    .Field("grpc-status-details-bin", "CAkSAW0aCgoFdC94LlkSAXY")
                    .End());
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  int payloads = 0;
  status.ForEachPayload([&](absl::string_view, const absl::Cord& value) {
    ++payloads;
    EXPECT_EQ(std::string(value), "v");
  });
  EXPECT_EQ(payloads, 1);
}

// checklist 30
TEST_F(GrpcClientReplyTest, TrailersOnlyIsOneHeadThatEndsTheStream) {
  const absl::Status status = StatusFor(
      Head(1).Field("grpc-status", "8").Field("grpc-message", "full").Field("k", "v").End());
  EXPECT_EQ(status, absl::ResourceExhaustedError("full"));
}

// checklist 30
TEST_F(GrpcClientReplyTest, StatusInAHeadThatDoesNotEndTheStreamIsIgnored) {
  const std::string bytes = Head(1).Field("grpc-status", "8").Render() +
                            Data(1, Message("fine")).Render() + Trailers(1).Render();
  const absl::StatusOr<TestReply> reply = Answer(bytes);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text(), "fine");
}

struct CodeCase {
  const char* sent;
  StatusCode seen;
};
class GrpcClientCodeTest : public GrpcClientReplyTest,
                           public ::testing::WithParamInterface<CodeCase> {};
// checklist 28
TEST_P(GrpcClientCodeTest, StatusNumberIsReadStrictly) {
  const std::string bytes =
      Head(1).Render() + Data(1, Message("x")).Render() + Trailers(1, GetParam().sent).Render();
  EXPECT_EQ(StatusFor(bytes).code(), GetParam().seen);
}
INSTANTIATE_TEST_SUITE_P(
    Codes, GrpcClientCodeTest,
    ::testing::Values(CodeCase{"0", StatusCode::kOk}, CodeCase{"1", StatusCode::kCancelled},
                      CodeCase{"16", StatusCode::kUnauthenticated},
                      CodeCase{"17", StatusCode::kUnknown}, CodeCase{"-1", StatusCode::kUnknown},
                      CodeCase{"", StatusCode::kUnknown}, CodeCase{"zero", StatusCode::kUnknown},
                      CodeCase{"99999999999", StatusCode::kUnknown}));

struct HttpCase {
  int http;
  StatusCode seen;
};
class GrpcClientHttpTest : public GrpcClientReplyTest,
                           public ::testing::WithParamInterface<HttpCase> {};
// checklist 33
TEST_P(GrpcClientHttpTest, AnswerWithoutGrpcStatusIsReadByItsHttpStatus) {
  const std::string bytes =
      Headers(1).Status(GetParam().http).Field("content-type", "text/html").Render() +
      Data(1, "<html>not gRPC</html>").End().Render();
  const absl::Status status = StatusFor(bytes);
  EXPECT_EQ(status.code(), GetParam().seen) << status;
  const std::string said = GetParam().http == 200 ? "text/html" : std::to_string(GetParam().http);
  EXPECT_NE(Text(status).find(said), std::string::npos) << status;
}
// checklist 33
TEST_P(GrpcClientHttpTest, GrpcStatusGoesBeforeTheHttpStatus) {
  const absl::Status status = StatusFor(Headers(1)
                                            .Status(GetParam().http)
                                            .Field("content-type", "application/grpc")
                                            .Field("grpc-status", "10")
                                            .End());
  EXPECT_EQ(status.code(), StatusCode::kAborted);
}
INSTANTIATE_TEST_SUITE_P(
    Statuses, GrpcClientHttpTest,
    ::testing::Values(HttpCase{200, StatusCode::kUnknown}, HttpCase{400, StatusCode::kInternal},
                      HttpCase{401, StatusCode::kUnauthenticated},
                      HttpCase{403, StatusCode::kPermissionDenied},
                      HttpCase{404, StatusCode::kUnimplemented},
                      HttpCase{429, StatusCode::kUnavailable}, HttpCase{431, StatusCode::kInternal},
                      HttpCase{500, StatusCode::kUnknown}, HttpCase{502, StatusCode::kUnavailable},
                      HttpCase{503, StatusCode::kUnavailable},
                      HttpCase{504, StatusCode::kUnavailable}));

// checklist 33
TEST_F(GrpcClientReplyTest, EndWithoutAnyStatusIsUnknown) {
  EXPECT_EQ(StatusFor(Head(1).Render() + Data(1, Message("x")).End().Render()).code(),
            StatusCode::kUnknown);
}

// checklist 27
TEST_F(GrpcClientReplyTest, NoReplyOrTwoRepliesAreUnimplemented) {
  EXPECT_EQ(StatusFor(Head(1).Render() + Trailers(1).Render()).code(), StatusCode::kUnimplemented);
}
TEST_F(GrpcClientReplyTest, TrailersOnlyOkWithoutAMessageIsUnimplemented) {
  EXPECT_EQ(StatusFor(Head(1).Field("grpc-status", "0").End()).code(), StatusCode::kUnimplemented);
}
TEST_F(GrpcClientReplyTest, TwoRepliesAreUnimplemented) {
  const std::string two = Message("a") + Message("b");
  const absl::Status status =
      StatusFor(Head(1).Render() + Data(1, two).Render() + Trailers(1).Render());
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented) << status;
}

// checklist 18, 22
TEST_F(GrpcClientReplyTest, CompressedMessageWithoutAnEncodingIsInternal) {
  const std::string bytes = Head(1).Render() + Data(1, Envelope("zzz", 1)).Render();
  EXPECT_EQ(StatusFor(bytes + Trailers(1).Render()).code(), StatusCode::kInternal);
}
TEST_F(GrpcClientReplyTest, EncodingThatTheClientLacksIsInternal) {
  const std::string bytes = Head(1).Field("grpc-encoding", "snappy").Render() +
                            Data(1, Envelope("zzz", 1)).Render() + Trailers(1).Render();
  EXPECT_EQ(StatusFor(bytes).code(), StatusCode::kInternal);
}
// checklist 19
TEST_F(GrpcClientReplyTest, PlainMessageUnderAnEncodingIsRead) {
  const std::string bytes = Head(1).Field("grpc-encoding", "gzip").Render() +
                            Data(1, Message("plain")).Render() + Trailers(1).Render();
  EXPECT_EQ(Answer(bytes)->text(), "plain");
}
// checklist 18
TEST_F(GrpcClientReplyTest, FlagAboveOneIsInternal) {
  const std::string bytes = Head(1).Render() + Data(1, Envelope("zzz", 2)).Render();
  EXPECT_EQ(StatusFor(bytes).code(), StatusCode::kInternal);
}
// checklist 39
TEST_F(GrpcClientReplyTest, MessageThatDoesNotParseIsInternal) {
  const std::string bytes =
      Head(1).Render() + Data(1, Envelope("\x0a\x7f")).Render() + Trailers(1).Render();
  EXPECT_EQ(StatusFor(bytes).code(), StatusCode::kInternal);
}
// checklist 39
TEST_F(GrpcClientReplyTest, StreamedMessageThatDoesNotParseIsInternalThoughTheStatusWasOk) {
  auto stream = stub_.ServerStream(Request("?"));
  RawPeer peer = AcceptAndGreet();
  peer.ReadUntil("END_STREAM");
  peer.Send(Head(1).Render() + Data(1, Envelope("\x0a\x7f")).Render() + Trailers(1).Render());
  TestReply reply;
  EXPECT_FALSE(stream.Read(reply).Wait());
  EXPECT_EQ(stream.Finish().Wait().code(), StatusCode::kInternal);
}
TEST_F(GrpcClientReplyTest, BodyThatEndsInsideAMessageIsInternal) {
  const std::string half = Message("cut off").substr(0, 8);
  const std::string bytes = Head(1).Render() + Data(1, half).Render() + Trailers(1).Render();
  EXPECT_EQ(StatusFor(bytes).code(), StatusCode::kInternal);
}

class GrpcClientLimitTest : public GrpcClientFixture, public ::testing::Test {
 protected:
  GrpcClientLimitTest() : GrpcClientFixture(ChannelOptions().set_receive_limit(100)) {}
  std::string MessageOf(std::size_t size) {
    TestReply reply;
    reply.set_payload(std::string(size - 2, 'x'));
    EXPECT_EQ(reply.ByteSizeLong(), size);
    return Envelope(reply.SerializeAsString());
  }
};
// checklist 16
TEST_F(GrpcClientLimitTest, MessageOfExactlyTheLimitIsRead) {
  const std::string bytes =
      Head(1).Render() + Data(1, MessageOf(100)).Render() + Trailers(1).Render();
  EXPECT_TRUE(Answer(bytes).ok());
}
// checklist 16: by its length alone, before any of it has come.
TEST_F(GrpcClientLimitTest, MessageOverTheLimitIsResourceExhaustedAtItsPrefix) {
  const std::string prefix = std::string("\0\x7f\xff\xff\xff", 5);
  const absl::StatusOr<TestReply> reply = Answer(Head(1).Render() + Data(1, prefix).Render());
  EXPECT_EQ(reply.status().code(), StatusCode::kResourceExhausted);
  EXPECT_NE(Text(reply.status()).find("100"), std::string::npos) << reply.status();
}

struct ResetCase {
  std::uint32_t error;
  StatusCode seen;
  const char* name;
};
class GrpcClientResetTest : public GrpcClientReplyTest,
                            public ::testing::WithParamInterface<ResetCase> {};
// checklist 35
TEST_P(GrpcClientResetTest, ResetIsReadByItsCode) {
  const absl::Status status = StatusFor(Head(1).Render() + RstStream(1, GetParam().error));
  EXPECT_EQ(status.code(), GetParam().seen) << status;
  EXPECT_NE(Text(status).find(GetParam().name), std::string::npos) << status;
}
INSTANTIATE_TEST_SUITE_P(
    Errors, GrpcClientResetTest,
    ::testing::Values(ResetCase{0, StatusCode::kInternal, "NO_ERROR"},
                      ResetCase{1, StatusCode::kInternal, "PROTOCOL_ERROR"},
                      ResetCase{2, StatusCode::kInternal, "INTERNAL_ERROR"},
                      ResetCase{7, StatusCode::kUnavailable, "REFUSED_STREAM"},
                      ResetCase{8, StatusCode::kCancelled, "CANCEL"},
                      ResetCase{11, StatusCode::kResourceExhausted, "ENHANCE_YOUR_CALM"},
                      ResetCase{12, StatusCode::kPermissionDenied, "INADEQUATE_SECURITY"}));

// checklist 36: whoever notices first, it was the deadline.
TEST_F(GrpcClientReplyTest, CancelAfterTheDeadlineIsDeadlineExceeded) {
  for (int i = 0; i < 3; ++i) {
    ClientContext context;
    context.set_timeout(milliseconds(60));
    auto call = stub_.Unary(context, Request("?"));
    RawPeer peer = AcceptAndGreet();
    peer.ReadUntil("END_STREAM");
    const TimePoint due = Clock::System().Now() + milliseconds(60);
    while (Clock::System().Now() < due) std::this_thread::yield();
    peer.Send(Head(1).Render() + RstStream(1, 8));
    const absl::Status status = std::move(call).Wait().status();
    EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
    EXPECT_EQ(context.trailing_metadata().All().size(), 0U);
    channel_ = std::make_unique<Channel>(server_.target());
    stub_ = TestService::Stub(*channel_);
  }
}

// checklist 32
TEST_F(GrpcClientReplyTest, ServersEarlyEndStopsWhatIsStillBeingSent) {
  auto stream = stub_.Bidi();
  RawPeer peer = AcceptAndGreet();
  ASSERT_TRUE(stream.Write(Request("a")).Wait().ok());
  peer.ReadUntil("DATA 1");
  peer.Send(Head(1).Render() + Trailers(1, "7").Render());
  EXPECT_EQ(peer.ReadUntil("RST_STREAM 1"), "RST_STREAM 1 NO_ERROR");
  TestReply reply;
  EXPECT_FALSE(stream.Read(reply).Wait());
  EXPECT_EQ(stream.Write(Request("b")).Wait().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(stream.Finish().Wait().code(), StatusCode::kPermissionDenied);
}
// checklist 32
TEST_F(GrpcClientReplyTest, TrailersThenResetWithNoErrorIsTheTrailersStatus) {
  auto stream = stub_.ClientStream();
  RawPeer peer = AcceptAndGreet();
  ASSERT_TRUE(stream.Write(Request("a")).Wait().ok());
  peer.ReadUntil("DATA 1");
  peer.Send(Reply(1, "enough") + RstStream(1, 0));
  const absl::StatusOr<TestReply> reply = stream.Finish().Wait();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text(), "enough");
}

}  // namespace
}  // namespace weft::testing
