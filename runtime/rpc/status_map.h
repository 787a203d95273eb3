#pragma once

#include <cstdint>

#include "absl/status/status.h"

#include "http/stream.h"

namespace weft::internal {

// The one place where the codes of the protocols meet. Sources: gRPC over HTTP/2 (HTTP2 error
// codes), http-grpc-status-mapping.md, google.rpc.Code's HTTP mapping.

// What a client reports when a stream was reset with `error` before a status came.
absl::StatusCode CodeFromStreamError(StreamError error);
// What a client reports for an HTTP status without grpc-status.
absl::StatusCode CodeFromHttpStatus(int http_status);
// The HTTP status of an error in plain JSON.
int HttpStatusFromCode(absl::StatusCode code);
// "NOT_FOUND"; the names of google.rpc.Code.
const char* CodeName(absl::StatusCode code);
// Unknown numbers become UNKNOWN.
absl::StatusCode CodeFromNumber(std::int64_t number);
// "CANCEL", as RFC 9113 §7 names it.
const char* StreamErrorName(StreamError error);

// A request or a reply with too few or too many messages. Documents and implementations disagree;
// the status code document and the conformance suite say this one.
inline constexpr absl::StatusCode kCardinalityViolation = absl::StatusCode::kUnimplemented;

}  // namespace weft::internal
