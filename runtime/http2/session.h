#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"

#include "buffer/buf_list.h"
#include "buffer/limits.h"
#include "http/codec.h"
#include "http/stream.h"
#include "http2/flow_window.h"
#include "http2/scheduler.h"
#include "http2/stream_pool.h"
#include "weft/clock.h"

namespace weft::http2 {

// What one session offers to and demands of its peer. Read once, when the session is made.
struct SessionOptions {
  SessionOptions() = default;

  // Streams that the peer may have open at once (server; a client's peer opens none).
  std::uint32_t max_concurrent_streams = 1000;
  // What a stream may receive before the application takes bytes, and what all of them may
  // together: at first, and at most.
  FlowWindow::Options windows;
  // Measures the path for them. Must outlive the session.
  Clock* clock = &Clock::System();
  // Announced to the peer, and the bound above which a header list is refused: name + value + 32
  // per field. Requests get 431, responses and trailers end their stream.
  std::uint32_t header_list_soft_limit = internal::kMetadataSoftLimit;
  std::uint32_t header_list_hard_limit = internal::kMetadataHardLimit;
  std::uint32_t max_frame_size = 16 * 1024;
  // Server: bytes of bodies that handlers have not taken, of all streams together: above it the
  // connection's credit is held back, so that a thousand stalled handlers can't fill the memory.
  // Far above what calls that depend on each other have waiting: they would stop one another.
  std::size_t unread_limit = std::size_t{64} << 20;
  // RST_STREAM frames that the peer may send: a burst, then so many a second (rapid reset). And so
  // many more streams than end in order may it make us reset.
  std::uint64_t reset_burst = 1000;
  std::uint64_t resets_per_second = 33;
  // SETTINGS and PING acknowledgements that one Recv may ask for before the peer counts as
  // flooding. Those of many Recvs wait in the session, which stops reading above kOutputHighMark.
  std::size_t max_pending_acks = 1000;
  std::size_t max_continuations = 8;
  // Server: whether the peer's `priority` fields and PRIORITY_UPDATE frames count.
  bool honor_peer_priority = true;
  // Marks of HttpStream::outbound(): a writer waits above the high one and goes on below the low
  // one.
  std::size_t stream_high_mark = internal::kStreamHighMark;
  std::size_t stream_low_mark = internal::kStreamLowMark;
  Scheduler::Options scheduling;
};

// What a session tells its connection beside the streams. From inside Recv, Pull or Abort, on the
// loop thread: an implementation may call the session's methods except those three, and not destroy
// it.
class SessionEvents {
 public:
  // A PING of the peer; it is answered already. For keepalive's abuse count.
  virtual void OnPing() {}
  // The answer to Ping(opaque).
  virtual void OnPingAck(std::uint64_t /*opaque*/) {}

 protected:
  ~SessionEvents() = default;
};

class ClientSessionEvents : public SessionEvents {
 public:
  // The peer takes no streams above `last_stream_id`: those get OnClosed(kGoAway), the others run
  // on.
  virtual void OnGoAway(std::uint32_t error, std::int32_t last_stream_id,
                        std::string_view debug) = 0;
  // can_open() may have become true: a stream has ended or the peer raised its limit.
  virtual void OnCapacity() = 0;
  // The peer's SETTINGS came: from the first on, the connection is known to speak HTTP/2.
  virtual void OnSettings() = 0;

 protected:
  ~ClientSessionEvents() = default;
};

// The pseudo-header fields of a request. The views must live until HttpStream::SendHead returns.
struct RequestTarget {
  RequestTarget(std::string_view method_in, std::string_view scheme_in,
                std::string_view authority_in, std::string_view path_in)
      : method(method_in), scheme(scheme_in), authority(authority_in), path(path_in) {}

  std::string_view method;
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
};

class Core;

// One end of an HTTP/2 connection without its I/O. Owned by its connection; loop thread only.
// Nothing overlaps: Recv, Pull and Abort never run inside one another; all else may be called at
// any time, also from the events that those three give. The StreamPool must outlive it. Destroying
// a session with open streams aborts them first.
//
// Beyond the contracts of Codec and HttpStream:
//
// `end` of OnRequest and OnHead stands for OnEnd, which does not follow then. A client's request
// that failed may see OnClosed without OnHead. OnClosed comes from the next Recv, Pull or Abort
// after the cause, never from a method of a stream. Methods of a stream that has ended already, but
// has not heard OnClosed, do nothing.
//
// Bodies are slices of what Recv was given. Connection credit is returned on arrival, stream credit
// by ReturnCredit.
//
// A server whose response is complete before the request is resets the stream with NO_ERROR, and so
// does a client whose response has come before its request was sent; both are kComplete.
class Session : public internal::Codec {
 public:
  ~Session() override;

  absl::Status Recv(internal::Slice bytes) override;
  absl::Status RecvEof() override;
  absl::Status Pull(internal::BufList& out, std::size_t budget) override;
  void WritersRan() override;
  bool wants_write() const override;
  bool wants_read() const override;
  bool finished() const override;
  void Abort(const absl::Status& why) override;
  void Drain() override;
  std::size_t open_streams() const override;
  bool OutputLost(std::size_t from_end) override;

  // Sends a PING; the answer comes as OnPingAck(opaque).
  void Ping(std::uint64_t opaque);
  // Ends the connection at once: GOAWAY with an HTTP/2 error code and a text for people. Streams
  // hear of it by the Abort that must follow when the GOAWAY is written; finished() is true then.
  void GoAway(std::uint32_t error, std::string_view debug);
  // Keeps back connection credit: what streams may receive is theirs alone to give.
  void HoldCredit(bool hold) override;
  bool LendCredit() override;
  bool credit_held() const override;
  std::uint64_t body_bytes() const override;
  std::size_t unsent_bytes() override;
  // Grows with each HEADERS and DATA frame sent: keepalive forgives strikes when it has moved.
  std::uint64_t call_frames_sent() const;

 protected:
  explicit Session(std::unique_ptr<Core> core);

  std::unique_ptr<Core> core_;
};

class ServerSession final : public Session {
 public:
  // `events` may be null.
  ServerSession(const SessionOptions& options, StreamPool& pool, internal::Codec::Host& host,
                internal::StreamAcceptor& acceptor, SessionEvents* events = nullptr);
};

class ClientSession final : public Session {
 public:
  ClientSession(const SessionOptions& options, StreamPool& pool, internal::Codec::Host& host,
                ClientSessionEvents& events);

  // Whether the peer takes one more stream now: its limit, GOAWAY, stream ids left.
  bool can_open() const;
  // A request that is not on the wire yet: fill head_to_send(), then SendHead(0, end) sends it
  // (end: it has no body). id() is 0 until then. Call only when can_open(). OnClosed comes in any
  // case, also when it is reset before SendHead. A priority that is given is said to the peer;
  // without one the stream has the default and the peer decides for itself.
  internal::HttpStream& OpenStream(internal::HttpStreamEvents& events, const RequestTarget& target,
                                   std::optional<Priority> priority = std::nullopt);
};

}  // namespace weft::http2
