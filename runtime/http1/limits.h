#pragma once

#include <cstddef>
#include <cstdint>

#include "buffer/limits.h"

// Every bound of the HTTP/1.1 codec, with its reason. Nothing that a peer sends makes it keep more
// than these say.
namespace weft::http1 {

inline constexpr std::size_t kKiB = internal::kKiB;

// ---- Heads ----

// What RFC 9112 §3 recommends at least for a request line; longer gives 414.
inline constexpr std::size_t kMaxRequestLine = 8 * kKiB;
// All field lines of a head together; more gives 431. The same as for HTTP/2.
inline constexpr std::size_t kMaxHeadBytes = internal::kMetadataHardLimit;
inline constexpr std::size_t kMaxFields = 128;
// No registered method is longer than 17; RFC 9112 §3 asks for 501.
inline constexpr std::size_t kMaxMethod = 32;
// RFC 9112 §2.2: old clients send one behind a body.
inline constexpr int kMaxLeadingBlankLines = 1;

// ---- Chunked bodies ----

// Size and extensions of one chunk. Nobody uses extensions but to hide something.
inline constexpr std::size_t kMaxChunkLine = 256;
// 60 bits, so that no sum of sizes overflows.
inline constexpr std::size_t kMaxChunkSizeDigits = 15;
// Extensions of all chunks of one body together.
inline constexpr std::size_t kMaxChunkExtensions = 16 * kKiB;
inline constexpr std::size_t kMaxTrailerBytes = 8 * kKiB;
inline constexpr std::size_t kMaxTrailerFields = 64;
// Chunks that we send are not larger, so that a stream that is cut shows it soon.
inline constexpr std::size_t kMaxSentChunk = 64 * kKiB;

// ---- What is kept ----

// Text of an unfinished line that a quiet connection may go on holding.
inline constexpr std::size_t kKeptLineBytes = 256;
// Input behind the current request (pipelined requests): above it reads pause.
inline constexpr std::size_t kMaxPipelinedInput = 64 * kKiB;
// Body bytes that the application has not yet taken: above the high mark reads pause until the low
// mark.
inline constexpr std::size_t kBodyHighMark = 128 * kKiB;
inline constexpr std::size_t kBodyLowMark = 64 * kKiB;
// The rest of a request's body that is read and dropped to keep the connection, when its answer is
// complete before it.
inline constexpr std::uint64_t kMaxDiscardedBody = 256 * kKiB;
// What is read and dropped after the last answer before the connection is closed in spite of it
// (RFC 9112 §9.6).
inline constexpr std::uint64_t kMaxLingerBytes = 1024 * kKiB;

}  // namespace weft::http1
