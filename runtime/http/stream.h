#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"

#include "buffer/buf_list.h"
#include "http/head.h"
#include "weft/flush_policy.h"
#include "weft/priority.h"

namespace weft::internal {

// Why a stream ended, as RFC 9113 §7 numbers it. HTTP/1.1 uses the nearest.
enum class StreamError : std::uint32_t {
  kNoError = 0x0,
  kProtocolError = 0x1,
  kInternalError = 0x2,
  kFlowControlError = 0x3,
  kRefusedStream = 0x7,
  kCancel = 0x8,
  kEnhanceYourCalm = 0xb,
  kInadequateSecurity = 0xc,
};

struct StreamClose {
  enum class Cause : std::uint8_t {
    kComplete,        // both sides ended in order
    kLocalReset,      // we called Reset
    kPeerReset,       // RST_STREAM came; `error` tells the code
    kProtocol,        // the peer broke the protocol on this stream, or what we had to say does not
                      // fit it; it was reset by us
    kConnectionLost,  // `status` says how
    kGoAway,  // client: the peer will not process this stream (id above GOAWAY's); safe to repeat
  };
  Cause cause = Cause::kComplete;
  StreamError error = StreamError::kNoError;
  absl::Status status;  // for kConnectionLost and kProtocol; tells who, what and why
};

// What a codec tells of one exchange. All on the loop thread, from inside the codec's Recv, Pull or
// Abort; so an implementation runs no user code and does not destroy the codec, but it may call the
// stream's methods.
class HttpStreamEvents {
 public:
  // Client only: the response's head (1xx heads are skipped by the codec). The callee may swap the
  // head away. `end`: nothing follows (a Trailers-Only response).
  virtual void OnHead(HttpHead& head, bool end) = 0;
  // A part of the body, in order. Credit for it is returned by HttpStream::ReturnCredit.
  virtual void OnBody(Slice slice) = 0;
  // The peer ended its side; `trailers` may be empty and may be swapped away. Does not come after a
  // head that said `end`.
  virtual void OnEnd(HeaderList& trailers) = 0;
  // The outbound list has fallen to its low mark after having been above its high mark.
  virtual void OnDrained() = 0;
  // Server: the client has said another priority, and it counts.
  virtual void OnPriority(Priority) {}
  // The last call; the stream must not be used any more once it returns. Always comes exactly once.
  virtual void OnClosed(const StreamClose& close) = 0;

 protected:
  ~HttpStreamEvents() = default;
};

// One request and its response, as every codec offers it: an HTTP/2 stream or an HTTP/1.1 exchange.
// Owned and pooled by its codec; loop thread only; valid until OnClosed.
//
// Sending: fill head_to_send(), SendHead; append to outbound() and say BodyAppended; fill
// trailers_to_send() and SendEnd, which goes out after the last body byte. Nothing is written
// before the codec is pulled.
class HttpStream {
 public:
  // Fields without pseudo-headers; the codec adds :status. They stay untouched until the stream
  // closes.
  HeaderList& head_to_send() { return head_to_send_; }
  HeaderList& trailers_to_send() { return trailers_to_send_; }
  BufList& outbound() { return outbound_; }
  const BufList& outbound() const { return outbound_; }
  // Above it a writer should wait for OnDrained.
  bool above_high_mark() const { return outbound_.size() > high_mark_; }

  // Server: what the client still sends when the answer is complete is read and dropped, up to
  // kMostDroppedBody, before a reset says that it isn't wanted. For clients that are not gRPC's:
  // some (curl 7.88) lose the answer to that reset.
  void DropRest() { drops_rest_ = true; }
  bool drops_rest() const { return drops_rest_; }

  // Server: the response's head. `end`: it is all (Trailers-Only, HEAD, 204).
  virtual void SendHead(int status, bool end) = 0;
  // Bytes were appended to outbound(). Must be said when it was empty before or is above its high
  // mark now, and may be left out otherwise.
  virtual void BodyAppended() = 0;
  // Ends our side: with trailers_to_send() if it is not empty. After it nothing can be sent.
  virtual void SendEnd() = 0;
  // What is sent from Cork to Uncork does not make the connection flush; Uncork does, as `when`
  // says: a message or the answer is complete, of about so many bytes. OnClosed may come from
  // inside Uncork, so it is the last that its caller does. Streams without a connection to flush
  // take no notice.
  void Cork() { corked_ = true; }
  virtual void Uncork(FlushPolicy /*when*/, std::size_t /*bytes*/) { corked_ = false; }
  // Ends both sides at once. Unsent bytes are dropped. OnClosed follows, never from inside this
  // call.
  virtual void Reset(StreamError error) = 0;
  // The application took n bytes of the body.
  virtual void ReturnCredit(std::size_t n) = 0;
  // Our word on this stream's turn, which counts for good. A client's is also said to the server.
  virtual void SetPriority(Priority priority) = 0;
  // Server: the priority where neither SetPriority nor the client has said one. Returns the one
  // that counts now.
  virtual Priority SetDefaultPriority(Priority priority) = 0;
  virtual std::uint32_t id() const = 0;  // for log lines

 protected:
  ~HttpStream() = default;

  HeaderList head_to_send_;
  HeaderList trailers_to_send_;
  BufList outbound_;
  std::size_t high_mark_ = 0;
  bool drops_rest_ = false;
  bool corked_ = false;
};

// Server: takes new requests.
class StreamAcceptor {
 public:
  // A request's head has come; it may be swapped away. `end`: it has no body, and OnEnd
  // will not come. Returns who hears of the rest; not null. The stream may be answered or reset
  // from inside.
  virtual HttpStreamEvents* OnRequest(HttpStream& stream, HttpHead& head, bool end) = 0;

 protected:
  ~StreamAcceptor() = default;
};

}  // namespace weft::internal
