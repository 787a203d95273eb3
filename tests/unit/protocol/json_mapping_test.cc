#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/message_differencer.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/strings/cord.h"

#include "buffer/chunk_pool.h"
#include "protocol/json_codec.h"
#include "tests/unit/protocol/recording_stream.h"

namespace weft::internal {
namespace {

using google::protobuf::Any;
using google::protobuf::MessageLite;
using google::protobuf::StringValue;
using google::protobuf::Struct;
using google::protobuf::util::MessageDifferencer;

// In pieces of `piece` bytes, as a body comes.
absl::Status Parse(std::string_view json, MessageLite& message, std::size_t piece = 3) {
  BufList body;
  for (std::size_t at = 0; at < json.size(); at += piece) {
    body.AppendRef(Slice::Static(json.substr(at, piece)));
  }
  return UtilJsonCodec().Parse(body, body.size(), message);
}

std::string Print(const MessageLite& message) {
  ChunkPool pool;
  BufList body;
  const absl::Status printed = UtilJsonCodec().Print(message, pool, body);
  EXPECT_TRUE(printed.ok()) << printed;
  return Flatten(body);
}

TEST(JsonMappingTest, WhatIsPrintedIsReadBack) {
  const std::string json = R"({"a":[1,null,{"b":"\u003c\u003e"}],"text":"\"\\ \u00e9","yes":true})";
  for (const std::size_t piece : {1u, 7u, 1000u}) {
    Struct value;
    const absl::Status parsed = Parse(json, value, piece);
    ASSERT_TRUE(parsed.ok()) << parsed;
    Struct again;
    ASSERT_TRUE(Parse(Print(value), again).ok());
    EXPECT_TRUE(MessageDifferencer::Equals(value, again)) << again.DebugString();
    EXPECT_EQ(value.fields().at("text").string_value(), "\"\\ \u00e9");
  }
}

TEST(JsonMappingTest, ParseReplacesWhatWasThere) {
  StringValue value;
  value.set_value("old");
  ASSERT_TRUE(Parse("\"new\"", value).ok());
  EXPECT_EQ(value.value(), "new");
}

TEST(JsonMappingTest, BrokenJsonIsInvalidArgumentAndSaysOfWhat) {
  for (const char* json : {"", "{", "\"a", "[\"a\"]", "1 2", "nul"}) {
    StringValue value;
    const absl::Status parsed = Parse(json, value);
    EXPECT_EQ(parsed.code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_TRUE(std::string(parsed.message())
                    .starts_with("the body is not the JSON of google.protobuf.StringValue: "))
        << parsed;
  }
}

TEST(JsonMappingTest, DeepNestingIsRefusedNotFollowed) {
  Struct value;
  const std::string json = "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_EQ(Parse(json, value, 4096).code(), absl::StatusCode::kInvalidArgument);
}

TEST(JsonMappingTest, OnlyTheFirstBytesAreRead) {
  BufList body;
  body.AppendRef(Slice::Static("\"a\"\"b\""));
  StringValue value;
  ASSERT_TRUE(UtilJsonCodec().Parse(body, 3, value).ok());
  EXPECT_EQ(value.value(), "a");
}

TEST(JsonMappingTest, AnyOfALinkedTypeIsWrittenOut) {
  google::protobuf::Duration duration;
  duration.set_seconds(3);
  Any any;
  any.PackFrom(duration);
  const std::string json =
      R"({"@type":"type.googleapis.com/google.protobuf.Duration","value":"3s"})";
  EXPECT_EQ(Print(any), json);
  Any back;
  ASSERT_TRUE(Parse(json, back).ok());
  google::protobuf::Duration unpacked;
  ASSERT_TRUE(back.UnpackTo(&unpacked));
  EXPECT_EQ(unpacked.seconds(), 3);
}

TEST(JsonMappingTest, AnyOfAnUnknownTypeCannotBePrinted) {
  Any any;
  any.set_type_url("type.googleapis.com/not.Linked");
  any.set_value("ab");
  ChunkPool pool;
  BufList body;
  EXPECT_EQ(UtilJsonCodec().Print(any, pool, body).code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(body.empty());
}

TEST(JsonMappingTest, StatusHasCodeMessageAndDetails) {
  absl::Status status = absl::NotFoundError("no \"x\"\n");
  EXPECT_EQ(UtilJsonCodec().PrintStatus(status),
            R"({"code":5,"message":"no \"x\"\u000a","details":[]})");
  StringValue value;
  value.set_value("v");
  const std::string bytes = value.SerializeAsString();
  status.SetPayload("type.googleapis.com/google.protobuf.StringValue",
                    absl::Cord(absl::string_view(bytes)));
  EXPECT_EQ(UtilJsonCodec().PrintStatus(absl::OkStatus()),
            R"({"code":0,"message":"","details":[]})");
  const std::string json = UtilJsonCodec().PrintStatus(status);
  EXPECT_NE(json.find(R"("@type":"type.googleapis.com/google.protobuf.StringValue")"),
            std::string::npos)
      << json;
}

}  // namespace
}  // namespace weft::internal
