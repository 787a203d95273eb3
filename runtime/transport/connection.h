#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "buffer/buf_list.h"
#include "http/codec.h"
#include "http/head.h"
#include "io/liveness.h"
#include "io/loop_core.h"
#include "io/timer_wheel.h"
#include "io/transport.h"

namespace weft::internal {

// How long a connection may take over what. Duration::max() stands for "for ever".
struct ConnectionTimeouts {
  ConnectionTimeouts() = default;
  Duration handshake = Duration::max();  // until the first bytes tell the protocol
  Duration head = Duration::max();       // from the first byte of a head to its last
  Duration body = Duration::max();       // without a byte of a request's body (HTTP/1.1)
  Duration idle = Duration::max();       // without a stream
};

// One transport and the codec that speaks over it: reads into pooled chunks, flushes the codec's
// output with one gathered write a pass, and ends in order. The only caller of
// Transport::WritevSome. An idle connection holds no chunk.
//
// Streams may ask for another time to flush (FlushPolicy). The connection has one output, so the
// most impatient wish counts, and a flush takes all that there is along. Only what streams said may
// wait does: what the codec has to say by itself (acknowledgements, credit, resets, GOAWAY) goes at
// the end of the pass, as does everything while the connection is ending.
//
// Owned by whoever accepted or opened it; loop thread only; never leaves its loop.
class Connection final : private Transport::Events, public Codec::Host {
 public:
  class Owner {
   public:
    // The connection is over and may be destroyed from inside; its streams have heard of it. `why`
    // is OK after an end in order.
    virtual void OnConnectionClosed(Connection& connection, const absl::Status& why) = 0;

   protected:
    ~Owner() = default;
  };
  // Makes the codec once the first bytes have told the protocol.
  using CodecFactory = absl::AnyInvocable<std::unique_ptr<Codec>(HttpVersion, Codec::Host&)>;

  Connection(LoopCore& loop, std::unique_ptr<Transport> transport,
             const ConnectionTimeouts& timeouts, Owner& owner);
  Connection(const Connection&) = delete;
  // Closes at once. Open streams hear of it.
  ~Connection();

  // A server's: the protocol is told by what the peer says first.
  void StartSniffing(CodecFactory factory);
  // The codec is known. It was made with this connection as its host.
  void Start(std::unique_ptr<Codec> codec);

  // Lets the open streams end, takes no new ones, then closes.
  void Drain();
  // Closes as soon as possible: streams hear `why`, what the codec still has to say is sent.
  void Close(const absl::Status& why);
  // Closes at once: what is not written is lost, and the peer gets a reset for it. Never from
  // inside a codec's event; may destroy this.
  void Abort(const absl::Status& why);

  void OutputReady() override;
  void OutputComplete(FlushPolicy when, std::size_t bytes) override;
  bool AwaitWriters() override;

  const std::string& peer() const { return transport_->peer(); }
  bool draining() const { return draining_; }
  // Pulled from the codec and not taken by the transport.
  const BufList& unwritten() const { return out_; }
  LoopCore& loop() { return loop_; }

 private:
  enum class State : std::uint8_t {
    kSniffing,
    kOpen,
    kClosing,    // streams are over; the last output is being written
    kLingering,  // everything is written; the peer's last words are read and dropped
    kClosed,
  };
  class Flusher final : public Runnable {
   public:
    explicit Flusher(Connection& connection) : connection_(connection) {}
    ~Flusher() = default;
    void Run() override { connection_.FlushAfterWriters(); }

   private:
    Connection& connection_;
  };
  // What may wait has waited long enough.
  class FlushTimer final : public TimerNode {
   public:
    explicit FlushTimer(Connection& connection) : connection_(connection) {}
    void OnTimer() override { connection_.OutputReady(); }

   private:
    Connection& connection_;
  };
  class Watchdog final : public TimerNode {
   public:
    explicit Watchdog(Connection& connection) : connection_(connection) {}
    void OnTimer() override { connection_.OnTimeout(); }

   private:
    Connection& connection_;
  };

  void OnReadable() override;
  void OnWritable() override;
  void OnEof();
  absl::Status Take(Slice bytes);
  absl::Status Sniff(Slice bytes);
  void Flush();
  void FlushAfterWriters();
  void FlushNow();
  void FlushWithin(Duration delay, std::size_t bytes);
  void Fail(absl::Status why);
  void SayLastWords();
  void Linger();
  void Finish();
  bool cut_short() const { return lost_output_ || (codec_ != nullptr && codec_->must_reset()); }
  void CloseTransport();
  void UpdateReads();
  void UpdateWatchdog();
  Duration Limit(Codec::Waiting waiting) const;
  void OnTimeout();
  // Streams of the codec hear that it is over.
  void AbortStreams(const absl::Status& why);

  LoopCore& loop_;
  const std::unique_ptr<Transport> transport_;
  const ConnectionTimeouts timeouts_;
  Owner& owner_;
  CodecFactory factory_;
  std::unique_ptr<Codec> codec_;
  BufList sniffed_;
  BufList out_;
  absl::Status why_;
  State state_ = State::kSniffing;
  bool draining_ = false;
  bool aborted_ = false;
  bool write_blocked_ = false;
  bool reads_paused_ = false;
  bool peer_ended_ = false;
  bool shut_down_ = false;
  bool lost_output_ = false;  // what was written ends inside an answer
  bool timed_out_ = false;
  bool flushing_now_ = false;    // FlushNow is running
  bool awaits_writers_ = false;  // until the ready queue has run
  std::size_t read_size_;
  Codec::Waiting watched_;
  std::uint64_t requests_ = 0;  // as the codec counted when watched_ was set
  TimePoint last_progress_;     // while what is waited for counts from it
  Liveness liveness_;
  std::size_t at_once_bytes_ = 0;  // about so much was written at once since something waited
  std::size_t waiting_bytes_ = 0;  // about so much waits for flush_timer_
  TimePoint flush_by_;             // while flush_timer_ is armed
  Flusher flusher_;
  FlushTimer flush_timer_;
  Watchdog watchdog_;
};

}  // namespace weft::internal
