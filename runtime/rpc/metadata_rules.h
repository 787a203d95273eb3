#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "http/header_list.h"

namespace weft::internal {

// True for fields that are the protocol's own: pseudo-header fields, content-type, te, grpc-*, and
// those of the connection. The application neither sees them as metadata nor may set them.
bool IsReservedMetadataKey(std::string_view key);

inline bool IsBinaryMetadataKey(std::string_view key) { return key.ends_with("-bin"); }

// Base64 with or without padding. Nothing when it is neither.
std::optional<std::string> DecodeBinaryValue(std::string_view text);
// Base64 without padding.
std::string EncodeBinaryValue(std::string_view bytes);

// Appends the application's metadata to `to`, a "-bin" value in base64. A key must be of 0-9 a-z _
// - . and must not be the protocol's; an ASCII value is of 0x20..0x7E, and white space around it is
// cut off. Otherwise INTERNAL, or above kMetadataSendLimit RESOURCE_EXHAUSTED, with what to change,
// and `to` stays as it was.
absl::Status AddMetadata(std::string_view key, std::string_view value, HeaderList& to);

}  // namespace weft::internal
