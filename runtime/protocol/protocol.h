#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

#include "buffer/buf_list.h"
#include "http/head.h"
#include "http/stream.h"
#include "rpc/message_assembler.h"
#include "rpc/outgoing_message.h"
#include "weft/clock.h"
#include "weft/internal/message_target.h"
#include "weft/method.h"

namespace google::protobuf {
class MessageLite;
}

namespace weft::internal {

// What a request's head says once its protocol has read it.
struct RequestInfo {
  std::string_view path;  // "/package.Service/Method"
  Duration timeout = Duration::max();
  Framing framing = Framing::kEnvelope;
};

// How a call ends on the wire.
struct ReplyEnd {
  const absl::Status& status;
  const HeaderList& initial_metadata;  // to be sent now, unless the head was sent
  const HeaderList& trailing_metadata;
  MethodKind kind;
  bool head_sent;
};

// A protocol as a server speaks it: how a call's parts stand in an HTTP exchange. Implementations
// keep no state; one object serves all calls of all loops. Sources and fine points stand with each
// of them.
class Protocol {
 public:
  virtual ~Protocol() = default;

  // For contexts and log lines: "grpc", "json".
  virtual std::string_view name() const = 0;
  // Whether a request with this head is this protocol's.
  virtual bool Matches(const HttpHead& head) const = 0;
  // Reads the head into `info`. An error answers the call at once.
  virtual absl::Status ReadRequestHead(const HttpHead& head, RequestInfo& info) const = 0;

  // Parses the message of `size` bytes at the front of `body`, or shares it as raw bytes. Errors
  // are INTERNAL or the protocol's own; UNIMPLEMENTED where it has no raw bytes.
  virtual absl::Status ParseMessage(const BufList& body, std::size_t size,
                                    MessageTarget message) const = 0;
  // The same for bytes in one piece.
  virtual absl::Status ParseMessage(std::string_view bytes,
                                    google::protobuf::MessageLite& message) const = 0;

  // Fills the reply's head with the protocol's fields and `initial_metadata` (whose views live as
  // long as the stream); returns the HTTP status. `trailing_metadata` is what is known of it by
  // now: for protocols without trailers.
  virtual int EncodeHead(MethodKind kind, const HeaderList& initial_metadata,
                         const HeaderList& trailing_metadata, HeaderList& head) const = 0;
  // Appends a message. RESOURCE_EXHAUSTED above the send limit, UNIMPLEMENTED for raw bytes where
  // the protocol has none; then nothing was appended.
  virtual absl::Status EncodeMessage(OutgoingMessage& message, MethodKind kind,
                                     std::size_t send_limit, ChunkPool& pool,
                                     BufList& body) const = 0;
  // Whether a passed deadline resets the stream (the client knows the time itself) rather than
  // answers.
  virtual bool resets_at_deadline() const = 0;
  // Ends the exchange with status and trailing metadata: fills head or trailers, appends an error
  // body where the protocol has one, and says SendHead/SendEnd to the stream.
  virtual void SendEnd(const ReplyEnd& end, ChunkPool& pool, HttpStream& stream) const = 0;
};

}  // namespace weft::internal
