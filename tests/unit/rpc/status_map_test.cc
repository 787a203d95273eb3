#include "rpc/status_map.h"

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

using absl::StatusCode;

// checklist 35
TEST(StatusMapTest, MapsStreamErrorsAsGrpcSays) {
  EXPECT_EQ(CodeFromStreamError(StreamError::kRefusedStream), StatusCode::kUnavailable);
  EXPECT_EQ(CodeFromStreamError(StreamError::kCancel), StatusCode::kCancelled);
  EXPECT_EQ(CodeFromStreamError(StreamError::kEnhanceYourCalm), StatusCode::kResourceExhausted);
  EXPECT_EQ(CodeFromStreamError(StreamError::kInadequateSecurity), StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeFromStreamError(StreamError::kNoError), StatusCode::kInternal);
  EXPECT_EQ(CodeFromStreamError(static_cast<StreamError>(99)), StatusCode::kInternal);
}

// checklist 33
TEST(StatusMapTest, MapsHttpStatusesWithoutGrpcStatus) {
  EXPECT_EQ(CodeFromHttpStatus(400), StatusCode::kInternal);
  EXPECT_EQ(CodeFromHttpStatus(401), StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeFromHttpStatus(403), StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeFromHttpStatus(404), StatusCode::kUnimplemented);
  for (int status : {429, 502, 503, 504}) {
    EXPECT_EQ(CodeFromHttpStatus(status), StatusCode::kUnavailable) << status;
  }
  EXPECT_EQ(CodeFromHttpStatus(431), StatusCode::kInternal);
  EXPECT_EQ(CodeFromHttpStatus(200), StatusCode::kUnknown);
  EXPECT_EQ(CodeFromHttpStatus(500), StatusCode::kUnknown);
}

TEST(StatusMapTest, NamesAndNumbersEveryCode) {
  EXPECT_STREQ(CodeName(StatusCode::kOk), "OK");
  EXPECT_STREQ(CodeName(StatusCode::kUnauthenticated), "UNAUTHENTICATED");
  EXPECT_STREQ(CodeName(static_cast<StatusCode>(77)), "UNKNOWN");
  for (int number = 0; number <= 16; ++number) {
    EXPECT_EQ(static_cast<int>(CodeFromNumber(number)), number);
  }
  EXPECT_EQ(CodeFromNumber(17), StatusCode::kUnknown);
  EXPECT_EQ(CodeFromNumber(-1), StatusCode::kUnknown);
}

TEST(StatusMapTest, MapsCodesToHttp) {
  EXPECT_EQ(HttpStatusFromCode(StatusCode::kOk), 200);
  EXPECT_EQ(HttpStatusFromCode(StatusCode::kNotFound), 404);
  EXPECT_EQ(HttpStatusFromCode(StatusCode::kDeadlineExceeded), 504);
  EXPECT_EQ(HttpStatusFromCode(StatusCode::kCancelled), 499);
}

}  // namespace
}  // namespace weft::internal
