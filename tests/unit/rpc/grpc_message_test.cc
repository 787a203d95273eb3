#include "rpc/grpc_message.h"

#include <gtest/gtest.h>

#include <string>

namespace weft::internal {
namespace {

// checklist 29
TEST(GrpcMessageTest, EncodesAllButPrintableAscii) {
  EXPECT_EQ(EncodeGrpcMessage("plain text ~"), "plain text ~");
  EXPECT_EQ(EncodeGrpcMessage("100%"), "100%25");
  EXPECT_EQ(EncodeGrpcMessage("a\tb\r\n"), "a%09b%0D%0A");
  EXPECT_EQ(EncodeGrpcMessage("\xc3\xa9\x7f"), "%C3%A9%7F");
}

// checklist 29
TEST(GrpcMessageTest, DecodingNeverFails) {
  EXPECT_EQ(DecodeGrpcMessage("%C3%a9"), "\xc3\xa9");
  EXPECT_EQ(DecodeGrpcMessage("%"), "%");
  EXPECT_EQ(DecodeGrpcMessage("%4"), "%4");
  EXPECT_EQ(DecodeGrpcMessage("%41"), "A");
  EXPECT_EQ(DecodeGrpcMessage("%zz%41%"), "%zzA%");
}

TEST(GrpcMessageTest, RoundTripsEveryByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(DecodeGrpcMessage(EncodeGrpcMessage(all)), all);
  EXPECT_TRUE(IsPlainGrpcMessage(EncodeGrpcMessage(all).substr(0, 0)));
  EXPECT_FALSE(IsPlainGrpcMessage("50%"));
}

}  // namespace
}  // namespace weft::internal
