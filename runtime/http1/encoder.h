#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

#include "buffer/buf_list.h"
#include "buffer/chunk_pool.h"
#include "http/header_list.h"

namespace weft::http1 {

// Responses as bytes (RFC 9112). Pure functions on a list and the pool of its loop; the thread that
// owns the pool.

enum class BodyFraming : std::uint8_t {
  kNone,     // 204, 304: no body and no length
  kLength,   // content-length; for HEAD without the bytes
  kChunked,  // HTTP/1.1 only
  kClose,    // ends with the connection: HTTP/1.0
};

struct ResponseHead {
  int status = 200;  // 200 to 999
  BodyFraming framing = BodyFraming::kLength;
  std::uint64_t length = 0;  // for kLength
  bool close = false;        // says connection: close
  bool keep_alive = false;   // says connection: keep-alive, which only HTTP/1.0 clients wait for
  std::string_view date;     // left out if empty or if `fields` has one
};

// What would let a field split the head or deceive about its framing: names that are no lower-case
// tokens, values with control characters. InvalidArgument tells the field's name.
absl::Status CheckFields(const internal::HeaderList& fields);

// Appends the head as one run of bytes. Left out of `fields`, since the framing speaks for them:
// content-length and the fields of the connection. `fields` must have passed CheckFields.
void EncodeHead(internal::ChunkPool& pool, const ResponseHead& head,
                const internal::HeaderList& fields, internal::BufList& out);

// Moves the first n bytes of `body` over: small ones are copied behind what stands there, large
// ones referenced. False: they lie in a mapped file that can't be read any more, and zeros stand
// for them.
bool EncodeBody(internal::ChunkPool& pool, internal::BufList& body, std::size_t n,
                internal::BufList& out);
// The same as one chunk; n > 0.
bool EncodeChunk(internal::ChunkPool& pool, internal::BufList& body, std::size_t n,
                 internal::BufList& out);
// The last chunk and the trailers. Those that must not stand there are left out.
void EncodeLastChunk(internal::ChunkPool& pool, const internal::HeaderList& trailers,
                     internal::BufList& out);

// "HTTP/1.1 100 Continue".
void EncodeContinue(internal::ChunkPool& pool, internal::BufList& out);

// A whole answer of the codec itself: plain text that says what was wrong, and connection: close.
void EncodeError(internal::ChunkPool& pool, int status, std::string_view text,
                 std::string_view date, bool head_only, internal::BufList& out);

}  // namespace weft::http1
