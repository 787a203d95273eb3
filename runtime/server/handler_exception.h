#pragma once

#include "absl/status/status.h"

#include "weft/method.h"
#include "weft/server.h"

namespace weft::internal {

// The status of a call whose handler threw. Only from inside a catch block. UNKNOWN; the
// exception's text goes to the log, and into the status only when the options say so: it may tell
// secrets.
absl::Status HandlerException(const MethodInfo& info, const ServerOptions& options);

}  // namespace weft::internal
