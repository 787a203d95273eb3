#include "protocol/grpc.h"

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "buffer/chunk_pool.h"
#include "buffer/limits.h"
#include "tests/unit/protocol/recording_stream.h"
#include "weft/bytes.h"

namespace weft::internal {
namespace {

using google::protobuf::StringValue;

TEST(GrpcTest, ContentTypeIsExactOrFollowedByPlusOrSemicolon) {  // checklist 1
  for (const char* good : {"application/grpc", "application/grpc+proto", "application/grpc;x=y"}) {
    EXPECT_TRUE(IsGrpcContentType(good)) << good;
  }
  for (const char* bad : {"", "application/grp", "application/grpcfoo", "application/grpc-web",
                          "application/json", " application/grpc"}) {
    EXPECT_FALSE(IsGrpcContentType(bad)) << bad;
  }
}

TEST(GrpcTest, RawBytesGoBehindTheirPrefixByReference) {
  ChunkPool pool;
  const Bytes bytes(std::string(1000, 'r'));
  BorrowedMessage raw(bytes);
  BufList body;
  ASSERT_TRUE(AppendEnvelope(raw, 1000, pool, body).ok());
  EXPECT_EQ(Flatten(body), std::string("\0\0\0\x03\xe8", 5) + std::string(1000, 'r'));
  ASSERT_EQ(body.slice_count(), 2u);
  EXPECT_EQ(body.slice(1).data(), (*bytes.begin()).data());
  EXPECT_EQ(AppendEnvelope(raw, 999, pool, body).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(body.size(), 1005u);
}

TEST(GrpcTest, MatchesHttp2Only) {
  HttpHead head;
  head.fields.AddStatic("content-type", "application/grpc");
  EXPECT_TRUE(GrpcProtocol().Matches(head));
  head.version = HttpVersion::kHttp11;
  EXPECT_FALSE(GrpcProtocol().Matches(head));
}

TEST(GrpcTest, RequestHeadTellsPathAndTimeout) {  // checklist 5, 7
  HttpHead head;
  head.path = "/a.B/C";
  RequestInfo info;
  ASSERT_TRUE(GrpcProtocol().ReadRequestHead(head, info).ok());
  EXPECT_EQ(info.path, "/a.B/C");
  EXPECT_EQ(info.timeout, Duration::max());
  EXPECT_EQ(info.framing, Framing::kEnvelope);
  head.fields.AddStatic("grpc-timeout", "250m");
  head.fields.AddStatic("grpc-encoding", "identity");
  ASSERT_TRUE(GrpcProtocol().ReadRequestHead(head, info).ok());
  EXPECT_EQ(info.timeout, std::chrono::milliseconds(250));
  head.fields.AddStatic("grpc-encoding", "gzip");
  EXPECT_EQ(GrpcProtocol().ReadRequestHead(head, info).code(), absl::StatusCode::kUnimplemented);
}

TEST(GrpcTest, StatusFieldsSurviveTheWayThere) {  // checklist 28, 29
  absl::Status sent = absl::AbortedError("100% \xc3\xa9\n");
  sent.SetPayload("type.googleapis.com/a.B", absl::Cord("bytes"));
  HeaderList fields;
  AddStatusFields(sent, fields);
  EXPECT_EQ(fields.Find("grpc-status"), "10");
  EXPECT_EQ(fields.Find("grpc-message"), "100%25 %C3%A9%0A");
  bool found = false;
  EXPECT_EQ(ReadStatusFields(fields, found), sent);
  EXPECT_TRUE(found);
}

TEST(GrpcTest, LongMessageIsCutBetweenCharacters) {
  std::string text;
  while (text.size() < 100'000) text += "\xc3\xa9";
  HeaderList fields;
  AddStatusFields(absl::InternalError(text), fields);
  EXPECT_LE(fields.wire_size(), 3 * kStatusMessageLimit + 200);
  bool found = false;
  const absl::Status read = ReadStatusFields(fields, found);
  const std::string message(read.message());
  ASSERT_TRUE(message.ends_with("\xc3\xa9 [cut]")) << message.substr(message.size() - 20);
  EXPECT_EQ(message.substr(0, message.size() - 6), text.substr(0, message.size() - 6));
}

TEST(GrpcTest, DetailsTooLargeForTrailersAreLeftOutAndSaidSo) {
  const std::string large(100'000, 'x');
  absl::Status sent = absl::InternalError("why");
  sent.SetPayload("type.googleapis.com/a.B", absl::Cord(absl::string_view(large)));
  HeaderList fields;
  AddStatusFields(sent, fields);
  EXPECT_FALSE(fields.Has("grpc-status-details-bin"));
  bool found = false;
  const std::string message(ReadStatusFields(fields, found).message());
  EXPECT_TRUE(message.starts_with("[error details of 100")) << message;
  EXPECT_TRUE(message.ends_with("why")) << message;
}

TEST(GrpcTest, OkHasANumberAndNothingElse) {  // checklist 28
  HeaderList fields;
  AddStatusFields(absl::OkStatus(), fields);
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields.Find("grpc-status"), "0");
}

TEST(GrpcTest, StatusThatIsNoNumberFrom0To16IsUnknown) {  // checklist 28
  for (const char* number : {"", "x", "17", "-1", "999999999999", "1x"}) {
    HeaderList fields;
    fields.AddStatic("grpc-status", number);
    fields.AddStatic("grpc-message", "why");
    bool found = false;
    EXPECT_EQ(ReadStatusFields(fields, found), absl::UnknownError("why")) << number;
    EXPECT_TRUE(found);
  }
}

TEST(GrpcTest, NoStatusIsTold) {
  HeaderList fields;
  fields.AddStatic("grpc-message", "lost");
  bool found = true;
  ReadStatusFields(fields, found).IgnoreError();
  EXPECT_FALSE(found);
}

TEST(GrpcTest, EnvelopeIsPrefixAndMessage) {
  ChunkPool pool;
  StringValue message;
  message.set_value("hi");
  BorrowedMessage borrowed(message);
  BufList body;
  ASSERT_TRUE(AppendEnvelope(borrowed, 4, pool, body).ok());
  EXPECT_EQ(Flatten(body), std::string("\0\0\0\0\4\x0a\2hi", 9));
}

TEST(GrpcTest, EnvelopeAboveTheLimitIsNotAppended) {  // checklist 16
  ChunkPool pool;
  StringValue message;
  message.set_value("hi");
  BorrowedMessage borrowed(message);
  BufList body;
  EXPECT_EQ(AppendEnvelope(borrowed, 3, pool, body).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(body.empty());
}

TEST(GrpcTest, LargeFieldOfAMessageThatMovesIsNotCopied) {
  ChunkPool pool;
  auto message = StringValue();
  message.set_value(std::string(100'000, 'x'));
  const char* bytes = message.value().data();
  const MessageInput input = MessageInput::Move(message);
  InputMessage moved(input);
  BufList body;
  ASSERT_TRUE(AppendEnvelope(moved, kNoLimit, pool, body).ok());
  EXPECT_EQ(body.size(), 5u + 4 + 100'000);
  bool aliased = false;
  for (std::size_t i = 0; i < body.slice_count(); ++i) aliased |= body.slice(i).data() == bytes;
  EXPECT_TRUE(aliased);
}

TEST(GrpcTest, ErrorBeforeTheHeadIsTrailersOnly) {  // checklist 30
  ChunkPool pool;
  RecordingStream stream;
  HeaderList none;
  HeaderList trailing;
  trailing.AddStatic("x-why", "so");
  GrpcProtocol().SendEnd(
      {absl::NotFoundError("no"), none, trailing, MethodKind::kUnary, /*head_sent=*/false}, pool,
      stream);
  EXPECT_EQ(stream.log(),
            "HEAD 200 END content-type=application/grpc grpc-status=5 grpc-message=no x-why=so");
}

TEST(GrpcTest, InitialMetadataOfAnErrorIsAHeadOfItsOwn) {
  ChunkPool pool;
  RecordingStream stream;
  HeaderList initial;
  initial.AddStatic("x-first", "1");
  HeaderList none;
  GrpcProtocol().SendEnd({absl::NotFoundError(""), initial, none, MethodKind::kUnary, false}, pool,
                         stream);
  EXPECT_EQ(stream.log(), "HEAD 200 content-type=application/grpc x-first=1; END grpc-status=5");
}

TEST(GrpcTest, EndAfterTheHeadIsTrailers) {
  ChunkPool pool;
  RecordingStream stream;
  HeaderList initial;
  initial.AddStatic("x-first", "was sent");
  HeaderList none;
  GrpcProtocol().SendEnd({absl::OkStatus(), initial, none, MethodKind::kUnary, true}, pool, stream);
  EXPECT_EQ(stream.log(), "END grpc-status=0");
}

}  // namespace
}  // namespace weft::internal
