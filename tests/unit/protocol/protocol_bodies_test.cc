#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <string>

#include "buffer/chunk_pool.h"
#include "protocol/json.h"
#include "tests/unit/protocol/recording_stream.h"
#include "weft/bytes.h"

// JSON as a protocol: heads, bodies and ends.
namespace weft::internal {
namespace {

using google::protobuf::Int32Value;
using google::protobuf::StringValue;

TEST(JsonProtocolTest, MatchesItsMediaTypeOnAnyVersion) {
  for (const char* good :
       {"application/json", "Application/JSON", "application/json; charset=utf-8"}) {
    HttpHead head;
    head.fields.AddStatic("content-type", good);
    EXPECT_TRUE(JsonProtocol().Matches(head)) << good;
    head.version = HttpVersion::kHttp11;
    EXPECT_TRUE(JsonProtocol().Matches(head)) << good;
  }
  for (const char* bad : {"", "json", "application/jsonx", "application/json/x", "text/json"}) {
    HttpHead head;
    head.fields.AddStatic("content-type", bad);
    EXPECT_FALSE(JsonProtocol().Matches(head)) << bad;
  }
  EXPECT_FALSE(JsonProtocol().Matches(HttpHead()));
}

TEST(JsonProtocolTest, PathEndsAtTheQuery) {
  HttpHead head;
  head.path = "/a.B/C?x=/y";
  RequestInfo info;
  ASSERT_TRUE(JsonProtocol().ReadRequestHead(head, info).ok());
  EXPECT_EQ(info.path, "/a.B/C");
  EXPECT_EQ(info.framing, Framing::kWholeBody);
}

TEST(JsonProtocolTest, WrongTimeoutAndEncodingAreRefused) {
  HttpHead head;
  RequestInfo info;
  head.fields.AddStatic("grpc-timeout", "soon");
  EXPECT_EQ(JsonProtocol().ReadRequestHead(head, info).code(), absl::StatusCode::kInvalidArgument);
  HttpHead zipped;
  zipped.fields.AddStatic("content-encoding", "gzip");
  EXPECT_EQ(JsonProtocol().ReadRequestHead(zipped, info).code(), absl::StatusCode::kUnimplemented);
}

TEST(JsonProtocolTest, MessagesOfAStreamAreLines) {
  ChunkPool pool;
  StringValue message;
  message.set_value("a");
  BorrowedMessage borrowed(message);
  BufList body;
  for (const MethodKind kind : {MethodKind::kServerStream, MethodKind::kUnary}) {
    ASSERT_TRUE(JsonProtocol().EncodeMessage(borrowed, kind, 3, pool, body).ok());
  }
  EXPECT_EQ(Flatten(body), "\"a\"\n\"a\"");
  EXPECT_EQ(JsonProtocol().EncodeMessage(borrowed, MethodKind::kUnary, 2, pool, body).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(body.size(), 7u);
}

TEST(JsonProtocolTest, RawBytesAreUnimplementedBothWays) {
  ChunkPool pool;
  Bytes bytes = Bytes::Static("\"a\"");
  BorrowedMessage raw(bytes);
  BufList body;
  EXPECT_EQ(JsonProtocol().EncodeMessage(raw, MethodKind::kUnary, 100, pool, body).code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(body.empty());
  body.Append(pool, "\"a\"");
  const absl::Status status = JsonProtocol().ParseMessage(body, 3, bytes);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_NE(status.message().find("raw bytes"), std::string::npos) << status;
}

TEST(JsonProtocolTest, ErrorBeforeTheHeadHasItsHttpStatusAndAllMetadata) {
  ChunkPool pool;
  RecordingStream stream;
  HeaderList initial;
  initial.AddStatic("x-first", "1");
  HeaderList trailing;
  trailing.AddStatic("x-last", "2");
  JsonProtocol().SendEnd(
      {absl::NotFoundError("no"), initial, trailing, MethodKind::kUnary, /*head_sent=*/false}, pool,
      stream);
  EXPECT_EQ(stream.log(),
            "HEAD 404 x-first=1 x-last=2 content-type=application/json; "
            "BODY {\"code\":5,\"message\":\"no\",\"details\":[]}; END");
}

TEST(JsonProtocolTest, ErrorBehindMessagesIsTheLastLine) {
  ChunkPool pool;
  RecordingStream stream;
  HeaderList none;
  JsonProtocol().SendEnd({absl::NotFoundError("no"), none, none, MethodKind::kServerStream, true},
                         pool, stream);
  EXPECT_EQ(stream.log(), "BODY {\"error\":{\"code\":5,\"message\":\"no\",\"details\":[]}}\n; END");
}

TEST(JsonProtocolTest, EmptyStreamIsAnEmptyBody) {
  ChunkPool pool;
  RecordingStream stream;
  HeaderList none;
  JsonProtocol().SendEnd({absl::OkStatus(), none, none, MethodKind::kServerStream, false}, pool,
                         stream);
  EXPECT_EQ(stream.log(), "HEAD 200 END content-type=application/x-ndjson");
}

}  // namespace
}  // namespace weft::internal
