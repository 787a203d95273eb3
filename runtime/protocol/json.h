#pragma once

#include "protocol/protocol.h"

namespace weft::internal {

// Plain JSON over HTTP/1.1 or HTTP/2: POST /package.Service/Method with application/json. A unary
// reply is the body; the messages of a server stream are lines (application/x-ndjson). An error is
// google.rpc.Status as JSON: with its HTTP status when nothing has been sent yet, else as a last
// line {"error": …}. Lives as long as the process.
const Protocol& JsonProtocol();

}  // namespace weft::internal
