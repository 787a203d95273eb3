#pragma once

#include <cstddef>

#include "absl/status/status.h"

#include "buffer/buf_list.h"
#include "weft/internal/message_target.h"

namespace weft::internal {

// Puts the first n bytes of the list (n <= list.size()), which are one message as protobuf
// serializes it, where they belong: parsed into a message (errors as ParseFrom's), or shared as raw
// bytes. `to` is somewhere.
absl::Status TakeMessage(const BufList& list, std::size_t n, MessageTarget to);

}  // namespace weft::internal
