#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"

#include "buffer/buf_list.h"

namespace google::protobuf {
class MessageLite;
}

namespace weft::internal {

// Protobuf's JSON mapping. Stateless; any thread. INTERNAL for a LITE message, which has no
// descriptor to go by.
class JsonCodec {
 public:
  virtual ~JsonCodec() = default;

  // Replaces what the message holds with the JSON value of `size` bytes at the front of `body`.
  // INVALID_ARGUMENT says what is wrong with it.
  virtual absl::Status Parse(const BufList& body, std::size_t size,
                             google::protobuf::MessageLite& message) const = 0;
  // Appends the message as one line without a line end. INTERNAL names a string field that is not
  // UTF-8.
  virtual absl::Status Print(const google::protobuf::MessageLite& message, ChunkPool& pool,
                             BufList& body) const = 0;
  // The members of google.rpc.Status as a JSON object: code, message, details.
  virtual std::string PrintStatus(const absl::Status& status) const = 0;
};

// By protobuf's own utilities.
const JsonCodec& UtilJsonCodec();

}  // namespace weft::internal
