#pragma once

#include "absl/status/status.h"

#include "weft/channel.h"

namespace weft::internal {

// INVALID_ARGUMENT for the first option that is out of its range, which the text names with its
// value. Pure; any thread.
absl::Status CheckOptions(const ChannelOptions& options);

}  // namespace weft::internal
