#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

#include "buffer/buf_list.h"
#include "buffer/chunk_pool.h"
#include "http/codec.h"
#include "http1/date_cache.h"
#include "http1/exchange.h"
#include "http1/parser.h"

namespace weft::http1 {

// The server's side of one HTTP/1.1 (or 1.0) connection: reads requests, runs them one after the
// other, writes their answers. Owned by its connection; loop thread only.
//
// A request's head is told when the answer before it is complete, from inside Recv or Pull; until
// then what the client pipelined is kept as bytes, and above kMaxPipelinedInput reads pause. What
// is wrong with a request is answered here, with a text that says what, and the connection is
// closed. An answer that can't be completed closes it too, or resets it where the end of the
// connection is the end of the answer (HTTP/1.0): never is a part passed off as the whole.
// Deadlines are the connection's: read_state() tells which one applies.
class ServerCodec final : public internal::Codec, private Exchange::Owner {
 public:
  enum class ReadState : std::uint8_t {
    kIdle,        // between requests
    kHead,        // a part of a head has come
    kBody,        // waiting for more of a request's body
    kResponding,  // the request is complete, its answer is not
    kClosing,     // nothing more will be answered; wants_shutdown() or finished() follow
  };

  struct Options {
    Options() = default;
    std::string_view scheme = "http";  // static bytes
  };

  // All references must outlive the codec.
  ServerCodec(Host& host, internal::StreamAcceptor& acceptor, internal::ChunkPool& pool,
              DateCache& dates, const Options& options);
  ServerCodec(const ServerCodec&) = delete;
  ServerCodec& operator=(const ServerCodec&) = delete;
  // Every stream must have heard OnClosed: the connection Aborts first.
  ~ServerCodec() override;

  absl::Status Recv(internal::Slice bytes) override;
  absl::Status RecvEof() override;
  absl::Status Pull(internal::BufList& out, std::size_t budget) override;
  bool wants_write() const override;
  bool wants_read() const override;
  bool wants_shutdown() const override;
  bool finished() const override;
  bool must_reset() const override { return cut_short_; }
  std::uint64_t requests() const override { return next_id_ - 1; }
  void Abort(const absl::Status& why) override;
  void Drain() override;
  std::size_t open_streams() const override { return open_ ? 1 : 0; }

  ReadState read_state() const;
  Waiting waiting() const override;
  // The deadline of read_state() has passed. Idle: close; head or body: 408 and close; closing:
  // wait no longer for the peer's end. Responding to a peer that has ended its side: break off;
  // else nothing, for that is the call's deadline.
  void TimeOut() override;
  absl::Status failure() const override { return failure_; }
  // Pauses reads while a request's body is being received.
  void HoldCredit(bool hold) override;
  bool LendCredit() override;
  bool credit_held() const override { return held(); }
  std::uint64_t body_bytes() const override { return body_bytes_; }
  std::size_t unsent_bytes() override { return exchange_.outbound().unmapped_size(); }

 private:
  void OnExchangeTouched() override { host_.OutputReady(); }
  void OnExchangeComplete(FlushPolicy when, std::size_t bytes) override {
    host_.OutputComplete(when, bytes);
  }
  void OnCreditReturned(std::size_t n) override;
  bool MustClose() const override;

  // Input may be read as requests: it is wanted by the request that is open, or none is.
  bool can_parse() const {
    return !closing_ && (!open_ || (!request_complete_ && !exchange_.reset().has_value()));
  }
  void Parse(internal::Slice& input);
  void ParsePending();
  void OnHead(const internal::Slice& rest);
  void OnBody(internal::Slice part);
  void OnRequestEnd();
  void OnParseError();
  // What the peer's end, a Drain or a Reset mean for the state that has been reached.
  void Settle();

  // False when there is nothing more to pull for now.
  bool PullExchange(internal::BufList& out, std::size_t budget);
  void OnAnswerComplete();
  // Ends the stream because of `close`. What has not been answered at all gets `status` (0:
  // nothing).
  void BreakExchange(const internal::StreamClose& close, int status, std::string_view text);
  void CloseStream(const internal::StreamClose& close);
  void Refuse(int status, std::string_view text, bool head_only);
  void StartClosing(bool linger);

  Host& host_;
  internal::StreamAcceptor& acceptor_;
  internal::ChunkPool& pool_;
  DateCache& dates_;
  const Options options_;

  RequestParser parser_;
  Exchange exchange_;
  internal::HttpStreamEvents* events_ = nullptr;  // while open_
  internal::BufList pending_;                     // input behind the current request
  std::uint32_t next_id_ = 1;

  bool open_ = false;              // a request was told and its stream not yet closed
  bool request_complete_ = false;  // all of the current request was read
  bool discarding_ = false;        // the answer is complete, the rest of the request is dropped
  bool send_continue_ = false;
  bool continue_refused_ = false;  // answered without a 100: the body may come or not
  bool body_paused_ = false;
  bool hold_body_ = false;
  bool held() const { return hold_body_ && lent_ == 0 && open_ && !request_complete_; }
  std::size_t lent_ = 0;  // what may be read of bodies in spite of that
  bool draining_ = false;
  bool eof_ = false;

  bool closing_ = false;
  bool linger_ = false;
  std::uint64_t discarded_ = 0;  // of the body, then of what comes while closing
  std::size_t unread_body_ = 0;
  std::uint64_t body_bytes_ = 0;  // of answers with their heads, and of requests' bodies

  // An answer of our own that has not been pulled. status 0: none.
  ParseError refusal_;
  bool refusal_head_only_ = false;
  absl::Status failure_;
  bool cut_short_ = false;
};

}  // namespace weft::http1
