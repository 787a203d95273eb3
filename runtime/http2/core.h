#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "base/intrusive_list.h"
#include "buffer/buf_list.h"
#include "http/codec.h"
#include "http2/flow_window.h"
#include "http2/in_flight_limit.h"
#include "http2/mapped_output.h"
#include "http2/scheduler.h"
#include "http2/session.h"
#include "http2/stream.h"
#include "http2/stream_pool.h"

namespace weft::http2 {

// The PINGs of FlowWindow: "weftwnd1".
inline constexpr std::uint64_t kWindowPing = 0x77656674776e6431;
// Those of InFlightLimit: "weftsnt1".
inline constexpr std::uint64_t kInFlightPing = 0x77656674736e7431;

// The machine behind a Session: the library's session, what is due to be told, and who may send.
// Owned by its Session; loop thread only. Everything that the library calls back is a static member
// in callbacks.cc.
//
// Events of a stream's end and of its low mark are never raised from inside the library: they are
// noted in due_ and told when mem_recv or mem_send has returned.
class Core {
 public:
  // Exactly one of `acceptor` (server) and `client` is given.
  Core(const SessionOptions& options, StreamPool& pool, internal::Codec::Host& host,
       internal::StreamAcceptor* acceptor, SessionEvents* events, ClientSessionEvents* client);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core();

  absl::Status Recv(const internal::Slice& bytes);
  absl::Status RecvEof();
  absl::Status Pull(internal::BufList& out, std::size_t budget);
  void WritersRan() { scheduler_.AwaitNothing(); }
  bool wants_write() const;
  bool wants_read() const;
  bool finished() const;
  bool OutputLost(std::size_t from_end);
  void Abort(const absl::Status& why);
  void Drain();
  std::size_t open_streams() const { return open_streams_; }

  void Ping(std::uint64_t opaque);
  void GoAway(std::uint32_t error, std::string_view debug);
  void HoldConnectionCredit(bool hold);
  // False: the peer can use none.
  bool LendConnectionCredit();
  bool credit_held() const;
  std::uint64_t body_bytes() const { return body_bytes_; }
  std::size_t unsent_bytes();
  std::uint64_t call_frames_sent() const { return call_frames_sent_; }

  bool can_open() const;
  Stream& OpenStream(internal::HttpStreamEvents& events, const RequestTarget& target,
                     std::optional<Priority> priority);

  // The verbs of streams.
  void SendHead(Stream& stream, int status, bool end);
  void BodyAppended(Stream& stream);
  void SendEnd(Stream& stream);
  void OutputComplete(const Stream& stream, FlushPolicy when, std::size_t bytes);
  void Reset(Stream& stream, internal::StreamError error);
  void ReturnCredit(Stream& stream, std::size_t n);
  void SetPriority(Stream& stream, Priority priority);
  Priority SetDefaultPriority(Stream& stream, Priority priority);

 private:
  bool server() const { return acceptor_ != nullptr; }

  // Set-up (core.cc) and the library's callbacks (callbacks.cc), which are told with the Core as
  // user data.
  void MakeLibrarySession();
  static void SetCallbacks(nghttp2_session_callbacks* callbacks);
  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame*, void*);
  static int OnHeader(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                      const std::uint8_t*, std::size_t, std::uint8_t, void*);
  static int OnFrameRecv(nghttp2_session*, const nghttp2_frame*, void*);
  static int OnDataChunk(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t*,
                         std::size_t, void*);
  static int OnStreamClose(nghttp2_session*, std::int32_t, std::uint32_t, void*);
  static int OnFrameSend(nghttp2_session*, const nghttp2_frame*, void*);
  static int OnFrameNotSend(nghttp2_session*, const nghttp2_frame*, int, void*);
  static int OnError(nghttp2_session*, int, const char*, std::size_t, void*);
  static ssize_t ReadBody(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t,
                          std::uint32_t*, nghttp2_data_source*, void*);
  static int SendData(nghttp2_session*, nghttp2_frame*, const std::uint8_t*, std::size_t,
                      nghttp2_data_source*, void*);

  Stream* Find(std::int32_t id) const;
  void RecvHeaders(const nghttp2_frame& frame);
  void RecvRequest(Stream& stream, bool end);
  void RecvResponse(Stream& stream, bool end);
  void RecvEnd(Stream& stream);
  void EndAfterResponse(Stream& stream);
  void RecvPriorityUpdate(const nghttp2_frame& frame);
  void TakePeerPriority(Stream& stream, Priority priority);
  void ApplyEarlyPriority(Stream& stream);
  void HintOrder(Stream& stream);
  void RecvGoAway(const nghttp2_frame& frame);
  void RecvPing(const nghttp2_frame& frame);
  void SentEndOfStream(std::int32_t id);
  void ResetCompleted(std::int32_t id);
  void Drop(Stream& stream, std::size_t n);
  void SentGoAway(const nghttp2_frame& frame);
  void SentReset(const nghttp2_frame& frame);
  internal::StreamClose WhyClosed(const Stream& stream, std::uint32_t error) const;

  // Sending.
  void SubmitHead(Stream& stream, int status, bool end);
  void SubmitTrailers(Stream& stream);
  void Attach(Stream& stream);
  void Resume(Stream& stream);
  bool ResumeNext();
  bool AwaitsWriters();
  void AddAfterWindowChange(std::int32_t id);
  void PullControlFrames();
  absl::Status PullFrames(internal::BufList& out);
  void TellOutput();
  void TellOutput(const Stream& stream) {
    if (!stream.corked()) TellOutput();
  }
  void SendMapped(Stream& stream, std::size_t length);
  // How much of the output has been written is known.
  void OutputWritten(std::uint64_t position);
  void LoseMapped(Stream& stream);
  // Its end must wait: what comes of a mapped file may yet turn out to be lost.
  bool holds_end(const Stream& stream) const {
    return stream.mapped_until > written_ || stream.outbound().had_mapped();
  }
  void EndParked(Stream& stream);

  // Credit of the connection's.
  // Not a client's for its unread bodies: its readers may wait for answers behind them.
  bool holds_credit() const {
    return hold_credit_ || (server() && unread_ > options_.unread_limit);
  }
  // Whether the peer is told of it.
  bool GiveHeldCredit();
  // The application has taken n bytes of the stream, or never will.
  // Of n only what came and was not returned before: the result.
  std::size_t Taken(Stream& stream, std::size_t n);
  // Bulk has come and the windows' next step is due.
  void StepWindows();
  // The same of bulk that goes out.
  void StepInFlight();

  // Ends `stream` from our side; OnClosed(close) becomes due.
  void ResetAs(Stream& stream, internal::StreamClose close);
  void MarkDue(Stream& stream);
  bool TellDue();
  Stream& Lend(internal::HttpStreamEvents* events);
  void Release(Stream& stream);
  // Runs `submit` and counts what it put into the library's queue: see Recv.
  template <typename Submit>
  auto Counted(Submit submit);
  // The same of what puts a frame there only sometimes, and tells of it then: true.
  template <typename Submit>
  bool TellIfQueued(Submit submit);

  const SessionOptions options_;
  StreamPool& pool_;
  internal::Codec::Host& host_;
  internal::StreamAcceptor* const acceptor_;
  SessionEvents* const events_;
  ClientSessionEvents* const client_;
  nghttp2_session* library_ = nullptr;
  Scheduler scheduler_;
  FlowWindow windows_;
  InFlightLimit in_flight_;
  std::int32_t widest_window_ = 0;  // of the peer's for the connection, as far as it was looked at
  TimePoint settings_sent_ = kNever;  // until they are acknowledged
  internal::IntrusiveList<Stream, AllStreams> all_;
  internal::IntrusiveList<Stream, DueStreams> due_;
  std::size_t open_streams_ = 0;  // those whose OnClosed has not been told
  std::size_t wire_streams_ = 0;  // those that the library has, requests in its queue included

  // While Recv runs.
  const internal::Slice* input_ = nullptr;
  Stream* receiving_head_ = nullptr;  // whose header block is being received; lives across Recvs
  std::size_t own_frames_ = 0;        // frames that this Recv's events queued
  std::size_t arrived_ = 0;           // bytes of bodies; the connection's credit for them is due
  // While Pull runs.
  internal::BufList* out_ = nullptr;
  std::size_t out_limit_ = 0;
  std::size_t out_before_ = 0;  // what the list had when Pull began
  bool paused_ = false;
  bool inside_ = false;  // Recv, Pull or Abort is running
  // All that there is to Pull belongs to streams that let it wait: see OutputComplete. Until Pull.
  bool may_wait_ = false;

  std::uint64_t pulled_ = 0;   // bytes of output, without those of the Pull that runs
  std::uint64_t written_ = 0;  // of them; may lag
  MappedOutput mapped_;

  internal::BufList pending_;  // control frames that Recv had to pull, see there
  std::size_t held_credit_ = 0;
  std::size_t lent_credit_ = 0;    // what may be given of it all the same
  std::size_t unread_ = 0;         // of all streams, see Stream::unread
  std::size_t forced_resets_ = 0;  // beyond the streams that ended in order
  std::uint64_t call_frames_sent_ = 0;
  std::uint64_t body_bytes_ = 0;  // of DATA frames, both ways, and of HEADERS sent
  // PRIORITY_UPDATEs that came ahead of their streams (RFC 9218 §7.1), the oldest first.
  std::vector<std::pair<std::int32_t, Priority>> early_priorities_;
  std::int32_t goaway_last_id_ = 0x7fffffff;
  bool goaway_received_ = false;
  bool capacity_changed_ = false;
  bool hold_credit_ = false;
  bool draining_ = false;
  bool announced_ = false;        // our first SETTINGS are out
  bool drain_announced_ = false;  // the first GOAWAY is out
  bool drain_acked_ = false;      // and the PING behind it is answered
  bool ending_ = false;           // GoAway was called
  bool ended_ = false;            // the last GOAWAY is out
  bool eof_ = false;
  bool aborted_ = false;
  std::string library_error_;  // what the library said last
  absl::Status failure_;       // what the peer did that ended the connection
};

template <typename Submit>
auto Core::Counted(Submit submit) {
  if (input_ == nullptr) return submit();
  const std::size_t before = nghttp2_session_get_outbound_queue_size(library_);
  auto result = submit();
  own_frames_ += nghttp2_session_get_outbound_queue_size(library_) - before;
  return result;
}

template <typename Submit>
bool Core::TellIfQueued(Submit submit) {
  const std::size_t before = nghttp2_session_get_outbound_queue_size(library_);
  submit();
  const std::size_t queued = nghttp2_session_get_outbound_queue_size(library_) - before;
  if (queued == 0) return false;
  if (input_ != nullptr) own_frames_ += queued;
  TellOutput();
  return true;
}

}  // namespace weft::http2
