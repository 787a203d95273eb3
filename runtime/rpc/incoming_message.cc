#include "rpc/incoming_message.h"

#include "buffer/bytes_parts.h"
#include "buffer/proto_stream.h"

namespace weft::internal {

absl::Status TakeMessage(const BufList& list, std::size_t n, MessageTarget to) {
  if (to.message() != nullptr) [[likely]]
    return ParseFrom(list, n, *to.message());
  BytesParts::Share(list, n, *to.bytes());
  return absl::OkStatus();
}

}  // namespace weft::internal
