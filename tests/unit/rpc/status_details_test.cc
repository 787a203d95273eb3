#include "rpc/status_details.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/cord.h"

namespace weft::internal {
namespace {

TEST(StatusDetailsTest, RoundTripsPayloads) {
  absl::Status status = absl::NotFoundError("no such place");
  status.SetPayload("type.googleapis.com/a.B", absl::Cord(absl::string_view("\0\x01z", 3)));
  const std::string large(100'000, 'x');
  status.SetPayload("type.googleapis.com/c.D", absl::Cord(absl::string_view(large)));
  ASSERT_TRUE(HasDetails(status));

  absl::Status read = absl::NotFoundError("no such place");
  ASSERT_TRUE(AddDetails(SerializeDetails(status), read));

  EXPECT_EQ(read, status);
}

TEST(StatusDetailsTest, WritesCodeAndMessageAsGoogleRpcStatus) {
  EXPECT_FALSE(HasDetails(absl::AbortedError("x")));
  EXPECT_EQ(SerializeDetails(absl::AbortedError("x")), std::string("\x08\x0a\x12\x01x"));
}

TEST(StatusDetailsTest, SkipsUnknownFields) {
  absl::Status read = absl::AbortedError("x");
  // Field 9, varint; then one detail with an unknown field 7 inside.
  ASSERT_TRUE(AddDetails(std::string("\x48\x05\x1a\x08\x0a\x01t\x12\x01v\x38\x01", 12), read));
  EXPECT_EQ(read.GetPayload("t"), absl::Cord("v"));
}

TEST(StatusDetailsTest, RefusesWhatIsNotAStatus) {
  for (const std::string& bytes :
       {std::string("\x1a"), std::string("\x1a\x05zz"), std::string("\xff\xff\xff"),
        std::string("\x1a\xff\xff\xff\xff\x0f"), std::string("\x1a\x03\x12\x01v")}) {
    absl::Status read = absl::AbortedError("x");
    EXPECT_FALSE(AddDetails(bytes, read));
    EXPECT_EQ(read, absl::AbortedError("x"));
  }
}

}  // namespace
}  // namespace weft::internal
