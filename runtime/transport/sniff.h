#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "http/head.h"

namespace weft::internal {

// The client connection preface of HTTP/2 (RFC 9113 §3.4) is 24 bytes long.
inline constexpr std::size_t kSniffSize = 24;

// Tells the protocol by what a client sends first: the preface, or anything else, which is
// HTTP/1.1's business. Nothing while the bytes are still a beginning of the preface.
std::optional<HttpVersion> SniffVersion(std::string_view first);

}  // namespace weft::internal
