#include "weft/metadata.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "buffer/limits.h"
#include "http/header_list.h"
#include "rpc/metadata_rules.h"

namespace weft::internal {
namespace {

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

// checklist 10
TEST(MetadataTest, RefusesKeysOfTheProtocol) {
  HeaderList list;
  for (const char* key :
       {"grpc-status", "grpc-x", ":path", "content-type", "te", "connection", "host", "expect"}) {
    EXPECT_FALSE(AddMetadata(key, "v", list).ok()) << key;
  }
  EXPECT_TRUE(list.empty());
}

// checklist 10, 38
TEST(MetadataTest, RefusesKeysAndValuesThatHttp2CannotCarry) {
  HeaderList list;
  for (const char* key : {"", "Upper", "a b", "a:b", "\xc3\xa9"}) {
    EXPECT_EQ(AddMetadata(key, "v", list).code(), absl::StatusCode::kInternal) << key;
  }
  for (const char* value : {"a\nb", "\x01", "\xc3\xa9", "\x7f"}) {
    EXPECT_EQ(AddMetadata("key", value, list).code(), absl::StatusCode::kInternal) << value;
  }
  EXPECT_TRUE(list.empty());
}

TEST(MetadataTest, RefusesMoreThanAHeaderBlockCarries) {
  HeaderList list;
  const std::string half(kMetadataSendLimit / 2, 'x');
  ASSERT_TRUE(AddMetadata("a", half, list).ok());
  EXPECT_EQ(AddMetadata("b", half, list).code(), absl::StatusCode::kResourceExhausted);
  const std::string third(kMetadataSendLimit / 3 + 4096, 'x');
  EXPECT_EQ(AddMetadata("b-bin", third, list).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(AddMetadata("c", "small", list).ok());
  EXPECT_LE(list.wire_size(), kMetadataSendLimit);
}

// checklist 12
TEST(MetadataTest, SendsBinaryValuesUnpadded) {
  HeaderList list;
  ASSERT_TRUE(AddMetadata("k-bin", "a", list).ok());
  EXPECT_EQ(list.Find("k-bin"), "YQ");
}

// checklist 12
TEST(MetadataTest, ReadsBinaryValuesPaddedOrNotAndSplitsBeforeDecoding) {
  HeaderList list;
  list.Add("k-bin", "YQ==,YWI, YWJj");
  list.Add("k-bin", "!!!");
  list.Add("k-bin", "");
  EXPECT_EQ(MetadataView(list).GetBinary("k-bin"),
            (std::vector<std::string>{"a", "ab", "abc", ""}));
}

TEST(MetadataTest, DecodesOnlyBase64) {
  EXPECT_EQ(DecodeBinaryValue("AAEC/w"), std::string("\0\1\2\xff", 4));
  EXPECT_FALSE(DecodeBinaryValue("A").has_value());
  EXPECT_FALSE(DecodeBinaryValue("A A A").has_value());
  EXPECT_FALSE(DecodeBinaryValue("AA$=").has_value());
}

// checklist 13
TEST(MetadataTest, KeepsTheOrderOfRepeatedKeys) {
  HeaderList list;
  list.Add(":path", "/x");
  list.Add("a", "1");
  list.Add("grpc-timeout", "1S");
  list.Add("b", "2");
  list.Add("a", "3");
  const MetadataView view(list);

  EXPECT_EQ(view.GetAll("a"), (std::vector<std::string_view>{"1", "3"}));
  EXPECT_EQ(view.Get("b"), "2");
  EXPECT_EQ(view.Get("c"), std::nullopt);
  EXPECT_EQ(view.Get("grpc-timeout"), std::nullopt);
  EXPECT_EQ(view.All(), (Pairs{{"a", "1"}, {"b", "2"}, {"a", "3"}}));
}

// checklist 11
TEST(MetadataTest, WhatWasReceivedCanBeSentBack) {
  HeaderList received;
  received.Add("user-agent", "grpc-go/1.64.1");
  received.Add("x-trace", "a,b c=d;\"e\"");
  received.Add("k-bin", "AAEC");
  HeaderList sent;
  const MetadataView view(received);
  for (const auto& [key, value] : view.All()) {
    if (IsBinaryMetadataKey(key)) {
      for (const std::string& bytes : view.GetBinary(key))
        EXPECT_TRUE(AddMetadata(key, bytes, sent).ok());
    } else {
      EXPECT_TRUE(AddMetadata(key, value, sent).ok()) << key;
    }
  }
  EXPECT_EQ(MetadataView(sent).All(), view.All());
}

TEST(MetadataTest, AnEmptyViewHasNothing) {
  EXPECT_TRUE(MetadataView().All().empty());
  EXPECT_EQ(MetadataView().Get("a"), std::nullopt);
}

}  // namespace
}  // namespace weft::internal
