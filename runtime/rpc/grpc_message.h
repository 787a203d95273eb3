#pragma once

#include <string>
#include <string_view>

namespace weft::internal {

// The grpc-message header: UTF-8, with every byte outside 0x20..0x7E and '%' itself percent-encoded
// (gRPC over HTTP/2).

// True when the text may stand in the header as it is.
bool IsPlainGrpcMessage(std::string_view text);
std::string EncodeGrpcMessage(std::string_view text);
// Never fails: an escape that isn't %XX stays as it is.
std::string DecodeGrpcMessage(std::string_view text);

}  // namespace weft::internal
