#pragma once

#include "absl/status/status.h"

#include "http/header_list.h"
#include "protocol/protocol.h"

namespace weft::internal {

// gRPC over HTTP/2 as a server speaks it. Lives as long as the process.
const Protocol& GrpcProtocol();

// --- What both sides of gRPC share.

// True for "application/grpc" and that followed by '+' or ';'.
bool IsGrpcContentType(std::string_view content_type);

// Adds grpc-status, grpc-message and grpc-status-details-bin.
void AddStatusFields(const absl::Status& status, HeaderList& to);

// Reads the three back. `found` tells whether there was a grpc-status at all; without it the result
// is OK and means nothing. A status that is not a number from 0 to 16 is UNKNOWN.
absl::Status ReadStatusFields(const HeaderList& fields, bool& found);

// Appends prefix and message. RESOURCE_EXHAUSTED above `send_limit`, INTERNAL when a proto2 message
// lacks required fields; then nothing was appended and nothing was taken over.
absl::Status AppendEnvelope(OutgoingMessage& message, std::size_t send_limit, ChunkPool& pool,
                            BufList& body);

}  // namespace weft::internal
