#include "rpc/status_map.h"

#include <array>

namespace weft::internal {
namespace {

using absl::StatusCode;

struct Row {
  StatusCode code;
  const char* name;
  int http;
};

// Indexed by the code's number, 0 to 16.
constexpr std::array<Row, 17> kCodes = {{
    {StatusCode::kOk, "OK", 200},
    {StatusCode::kCancelled, "CANCELLED", 499},
    {StatusCode::kUnknown, "UNKNOWN", 500},
    {StatusCode::kInvalidArgument, "INVALID_ARGUMENT", 400},
    {StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", 504},
    {StatusCode::kNotFound, "NOT_FOUND", 404},
    {StatusCode::kAlreadyExists, "ALREADY_EXISTS", 409},
    {StatusCode::kPermissionDenied, "PERMISSION_DENIED", 403},
    {StatusCode::kResourceExhausted, "RESOURCE_EXHAUSTED", 429},
    {StatusCode::kFailedPrecondition, "FAILED_PRECONDITION", 400},
    {StatusCode::kAborted, "ABORTED", 409},
    {StatusCode::kOutOfRange, "OUT_OF_RANGE", 400},
    {StatusCode::kUnimplemented, "UNIMPLEMENTED", 501},
    {StatusCode::kInternal, "INTERNAL", 500},
    {StatusCode::kUnavailable, "UNAVAILABLE", 503},
    {StatusCode::kDataLoss, "DATA_LOSS", 500},
    {StatusCode::kUnauthenticated, "UNAUTHENTICATED", 401},
}};

const Row& RowOf(StatusCode code) {
  const auto number = static_cast<std::size_t>(code);
  return kCodes[number < kCodes.size() ? number : static_cast<std::size_t>(StatusCode::kUnknown)];
}

}  // namespace

StatusCode CodeFromStreamError(StreamError error) {
  switch (error) {
    case StreamError::kRefusedStream:
      return StatusCode::kUnavailable;
    case StreamError::kCancel:
      return StatusCode::kCancelled;
    case StreamError::kEnhanceYourCalm:
      return StatusCode::kResourceExhausted;
    case StreamError::kInadequateSecurity:
      return StatusCode::kPermissionDenied;
    default:
      return StatusCode::kInternal;
  }
}

StatusCode CodeFromHttpStatus(int http_status) {
  switch (http_status) {
    case 400:
    case 431:
      return StatusCode::kInternal;
    case 401:
      return StatusCode::kUnauthenticated;
    case 403:
      return StatusCode::kPermissionDenied;
    case 404:
      return StatusCode::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return StatusCode::kUnavailable;
    default:
      return StatusCode::kUnknown;
  }
}

int HttpStatusFromCode(StatusCode code) { return RowOf(code).http; }

const char* CodeName(StatusCode code) { return RowOf(code).name; }

StatusCode CodeFromNumber(std::int64_t number) {
  if (number < 0 || number >= static_cast<std::int64_t>(kCodes.size())) return StatusCode::kUnknown;
  return kCodes[static_cast<std::size_t>(number)].code;
}

const char* StreamErrorName(StreamError error) {
  switch (static_cast<std::uint32_t>(error)) {
    case 0x0:
      return "NO_ERROR";
    case 0x1:
      return "PROTOCOL_ERROR";
    case 0x2:
      return "INTERNAL_ERROR";
    case 0x3:
      return "FLOW_CONTROL_ERROR";
    case 0x4:
      return "SETTINGS_TIMEOUT";
    case 0x5:
      return "STREAM_CLOSED";
    case 0x6:
      return "FRAME_SIZE_ERROR";
    case 0x7:
      return "REFUSED_STREAM";
    case 0x8:
      return "CANCEL";
    case 0x9:
      return "COMPRESSION_ERROR";
    case 0xa:
      return "CONNECT_ERROR";
    case 0xb:
      return "ENHANCE_YOUR_CALM";
    case 0xc:
      return "INADEQUATE_SECURITY";
    case 0xd:
      return "HTTP_1_1_REQUIRED";
    default:
      return "an unknown error code";
  }
}

}  // namespace weft::internal
