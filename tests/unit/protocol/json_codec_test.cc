#include "protocol/json_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "google/protobuf/wrappers.pb.h"

#include "buffer/chunk_pool.h"

namespace weft::internal {
namespace {

using google::protobuf::Duration;
using google::protobuf::MessageLite;
using google::protobuf::StringValue;
using google::protobuf::Struct;

absl::Status ParseText(std::string_view json, MessageLite& message) {
  ChunkPool pool;
  BufList body;
  body.Append(pool, json);
  return UtilJsonCodec().Parse(body, body.size(), message);
}

std::string Printed(const MessageLite& message) {
  ChunkPool pool;
  BufList body;
  const absl::Status status = UtilJsonCodec().Print(message, pool, body);
  EXPECT_TRUE(status.ok()) << status;
  std::string text(body.size(), '\0');
  EXPECT_TRUE(body.PeekFront(text.size(), text.data()));
  return text;
}

absl::Status WithDetail(std::string_view type, const std::string& value) {
  absl::Status status = absl::NotFoundError("gone");
  status.SetPayload("type.googleapis.com/" + std::string(type), absl::Cord(value));
  return status;
}

TEST(JsonCodecTest, MessageComesBackFromItsJson) {
  Struct in;
  (*in.mutable_fields())["a"].set_number_value(1.5);
  (*in.mutable_fields())["b"].set_string_value("\xc3\xbc\"\\\n");
  Struct out;
  ASSERT_TRUE(ParseText(Printed(in), out).ok());
  // Maps have no order of their own.
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(out, in)) << out.DebugString();
}

TEST(JsonCodecTest, ParseReplacesWhatTheMessageHeld) {
  Struct message;
  (*message.mutable_fields())["old"].set_bool_value(true);
  ASSERT_TRUE(ParseText("{}", message).ok());
  EXPECT_TRUE(message.fields().empty());
}

TEST(JsonCodecTest, ParseErrorNamesTheMessage) {
  Struct message;
  for (std::string_view json : {"", "{", "[]", "{\"a\":\"\xff\"}"}) {
    const absl::Status status = ParseText(json, message);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_NE(std::string(status.message()).find("google.protobuf.Struct"), std::string::npos)
        << status;
  }
}

TEST(JsonCodecTest, StringThatIsNotUtf8IsAnError) {
  const auto error = [](const MessageLite& message) {
    ChunkPool pool;
    BufList body;
    const absl::Status status = UtilJsonCodec().Print(message, pool, body);
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_TRUE(body.empty());
    return std::string(status.message());
  };
  StringValue text;
  text.set_value(
      "ab\xff"
      "cd");
  EXPECT_EQ(error(text),
            "a google.protobuf.StringValue can't be written as JSON: "
            "google.protobuf.StringValue.value is a string field and holds what is not UTF-8; make "
            "it a bytes field");
  const std::string named = "google.protobuf.Value.string_value is a string field";
  Struct map;
  (*map.mutable_fields())["a"].set_string_value("good");
  (*map.mutable_fields())["b"].set_string_value("\xc3");
  EXPECT_NE(error(map).find(named), std::string::npos);
  google::protobuf::ListValue list;
  list.add_values()->set_string_value("\xed\xa0\x80");
  EXPECT_NE(error(list).find(named), std::string::npos);
  Struct key;
  (*key.mutable_fields())["\xff"].set_bool_value(true);
  EXPECT_NE(error(key).find("google.protobuf.Struct.FieldsEntry.key"), std::string::npos);
  google::protobuf::Any any;
  any.set_type_url("type.googleapis.com/google.protobuf.StringValue");
  any.set_value("\x0a\x01\xff");
  const std::string inside = "google.protobuf.Any.value is malformed, nests too deep, or has a";
  EXPECT_NE(error(any).find(inside), std::string::npos);
  // No parser's limit counts these levels, and a peer may have made them.
  google::protobuf::Any deep;
  for (int i = 0; i < 1000; ++i) {
    google::protobuf::Any around;
    around.PackFrom(deep);
    deep.Swap(&around);
  }
  EXPECT_NE(error(deep).find(inside), std::string::npos);
}

TEST(JsonCodecTest, StatusTextIsQuoted) {
  EXPECT_EQ(UtilJsonCodec().PrintStatus(absl::NotFoundError("\"\\\n\x7f")),
            R"({"code":5,"message":"\"\\\u000a\u007f","details":[]})");
}

TEST(JsonCodecTest, StatusTextKeepsItsCharacters) {
  const std::string text = "\xc3\xbc \xe4\xb8\xad \xf0\x9f\x98\x80 \xed\x9f\xbf \xf4\x8f\xbf\xbf";
  EXPECT_EQ(UtilJsonCodec().PrintStatus(absl::NotFoundError(text)),
            "{\"code\":5,\"message\":\"" + text + "\",\"details\":[]}");
}

TEST(JsonCodecTest, StatusTextThatIsNoUtf8IsReplaced) {
  const std::string mark = "\xef\xbf\xbd";
  const struct {
    std::string text;
    int marks;
  } cases[] = {
      {"\xff", 1},              // no first byte
      {"\x80", 1},              // a continuation alone
      {"\xc3", 1},              // the rest is missing
      {"\xe4\xb8", 2},          // the same
      {"\xf0\x9f\x98", 3},      // the same
      {"\xc0\xaf", 2},          // longer than needed
      {"\xe0\x80\xaf", 3},      // the same
      {"\xf0\x80\x80\xaf", 4},  // the same
      {"\xed\xa0\x80", 3},      // a surrogate
      {"\xf4\x90\x80\x80", 4},  // above U+10FFFF
      {"\xf5\x80\x80\x80", 4},  // the same
  };
  for (const auto& [text, marks] : cases) {
    std::string want = "{\"code\":5,\"message\":\"<";
    for (int i = 0; i < marks; ++i) want += mark;
    EXPECT_EQ(UtilJsonCodec().PrintStatus(absl::NotFoundError("<" + text + ">")),
              want + ">\",\"details\":[]}");
  }
}

TEST(JsonCodecTest, DetailIsTheJsonOfItsType) {
  Struct detail;
  (*detail.mutable_fields())["k"].set_bool_value(true);
  EXPECT_EQ(
      UtilJsonCodec().PrintStatus(WithDetail("google.protobuf.Struct", detail.SerializeAsString())),
      R"({"code":5,"message":"gone","details":[)"
      R"({"@type":"type.googleapis.com/google.protobuf.Struct","value":{"k":true}}]})");
}

TEST(JsonCodecTest, DetailOfATypeWithItsOwnJsonIsItsValue) {
  StringValue text;
  text.set_value("the detail");
  EXPECT_EQ(
      UtilJsonCodec().PrintStatus(
          WithDetail("google.protobuf.StringValue", text.SerializeAsString())),
      R"({"code":5,"message":"gone","details":[)"
      R"({"@type":"type.googleapis.com/google.protobuf.StringValue","value":"the detail"}]})");
  Duration duration;
  duration.set_seconds(3);
  EXPECT_EQ(UtilJsonCodec().PrintStatus(
                WithDetail("google.protobuf.Duration", duration.SerializeAsString())),
            R"({"code":5,"message":"gone","details":[)"
            R"({"@type":"type.googleapis.com/google.protobuf.Duration","value":"3s"}]})");
}

TEST(JsonCodecTest, DetailOfAnUnknownTypeIsItsBytes) {
  EXPECT_EQ(UtilJsonCodec().PrintStatus(WithDetail("no.such.Type", "\x01\xff")),
            R"({"code":5,"message":"gone","details":[)"
            R"({"@type":"type.googleapis.com/no.such.Type","value":"Af8="}]})");
}

}  // namespace
}  // namespace weft::internal
