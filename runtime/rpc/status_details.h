#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace weft::internal {

// The rich error model: google.rpc.Status {1: code, 2: message, 3: repeated Any details} in the
// grpc-status-details-bin trailer. An absl::Status carries the details as payloads keyed by type
// URL. The wire form is written by hand: linking google/rpc/status.proto would clash with a user's
// own copy of it.

bool HasDetails(const absl::Status& status);
// The serialized google.rpc.Status, not base64-coded.
std::string SerializeDetails(const absl::Status& status);
// Adds the details in `serialized` to `status`. False when it isn't a google.rpc.Status; then
// nothing was added. The code and message inside are not looked at: the trailers' own stand.
bool AddDetails(std::string_view serialized, absl::Status& status);

}  // namespace weft::internal
