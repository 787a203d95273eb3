#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"

#include "buffer/buf_list.h"
#include "http/stream.h"
#include "weft/flush_policy.h"

namespace weft::internal {

// The protocol machine of one connection: bytes in, bytes out, no I/O. Owned by its connection;
// loop thread only.
class Codec {
 public:
  // What the codec asks of its connection.
  class Host {
   public:
    // There is something to Pull. Idempotent and cheap; the connection flushes at the end of the
    // pass.
    virtual void OutputReady() = 0;
    // The same of a message or an answer that is now complete: `bytes` more, to be written as
    // `when` says. At once means from inside this call: so never from inside Recv, Pull or Abort,
    // and streams may hear of their end meanwhile, as from Pull; the codec itself stays.
    virtual void OutputComplete(FlushPolicy /*when*/, std::size_t /*bytes*/) { OutputReady(); }
    // From inside Pull: streams that heard OnDrained go before what is left, so that their writers
    // are to run first. True: WritersRan and, if something is left then, Pull will follow. False:
    // nobody knows when they have run.
    virtual bool AwaitWriters() { return false; }

   protected:
    ~Host() = default;
  };

  virtual ~Codec() = default;

  // Takes all of the bytes and tells the streams. An error ends the connection: what Pull still
  // gives (a GOAWAY, a 400) is sent, then it is closed; streams hear of it by Abort.
  virtual absl::Status Recv(Slice bytes) = 0;
  // The peer will send no more.
  virtual absl::Status RecvEof() = 0;
  // Appends output in wire order, at least one frame if there is any, and at most about `budget`
  // bytes: bodies keep to it, heads and control frames may go beyond.
  virtual absl::Status Pull(BufList& out, std::size_t budget) = 0;
  // What was scheduled when the host was last told to AwaitWriters has run.
  virtual void WritersRan() {}
  virtual bool wants_write() const = 0;
  // False: stop reading from the transport for now, since what came is not yet used up. The
  // connection asks after every Recv and every Pull; when it becomes true again, OutputReady comes.
  // Recv must still take what was read before.
  virtual bool wants_read() const { return true; }
  // Both directions are done, nothing is left to write: close the transport.
  virtual bool finished() const = 0;
  // Once everything is flushed nothing will be written any more, yet the peer may still be sending:
  // the connection half-closes and goes on reading, for a bounded time, until finished(). To close
  // at once with unread input would let the kernel reset the connection under the last answer
  // (RFC 9112 §9.6).
  virtual bool wants_shutdown() const { return false; }
  // What was written so far would pass for the whole of an answer that is not complete: the
  // connection must be reset rather than closed.
  virtual bool must_reset() const { return false; }
  // Of what was pulled, the part that begins so many bytes before the end can't be sent: the mapped
  // file that it is of has shrunk. Zeros go out in its place, and the codec ends its stream with an
  // error. False: it can't, and the connection must be reset.
  virtual bool OutputLost(std::size_t /*from_end*/) { return false; }
  // Why it ended the connection by itself, for logs; OK otherwise.
  virtual absl::Status failure() const { return absl::OkStatus(); }
  // Requests whose head was told.
  virtual std::uint64_t requests() const { return 0; }
  // The transport is gone or is being closed: every open stream hears OnClosed(kConnectionLost,
  // why).
  virtual void Abort(const absl::Status& why) = 0;
  // Graceful end (design §10 Server): no new streams; finished() once the open ones have ended.
  virtual void Drain() = 0;
  virtual std::size_t open_streams() const = 0;

  // Keeps the peer from sending more of its bodies than it may already, until it is switched off
  // again; all else is still read. For a server over its memory budget.
  virtual void HoldCredit(bool /*hold*/) {}
  // Lets the peer send about kLentCredit more in spite of that, or half of its window if that is
  // more. False when it may still send.
  virtual bool LendCredit() { return false; }
  // The peer may send next to nothing of its bodies until it is lent credit or the hold ends.
  virtual bool credit_held() const { return false; }
  // Of bodies, pulled and taken in, and of heads pulled, since the connection began.
  virtual std::uint64_t body_bytes() const { return 0; }
  // Of what there is to send, the part that is not pulled; without regions of mapped files.
  virtual std::size_t unsent_bytes() { return 0; }

  // What the peer is being waited for; the connection bounds the time.
  enum class Waiting : std::uint8_t {
    kNothing,  // the answer is ours to give: the call's own deadline counts
    kIdle,     // no stream is open
    kHead,     // a part of a request's head has come
    kBody,     // the rest of a request's body
    // Nothing more, for it has ended its side: it is owed answers (RFC 9112 §9.6), but most peers
    // that end their side have gone. Bounds the time without a byte to write.
    kEnded,
  };
  virtual Waiting waiting() const {
    return open_streams() == 0 ? Waiting::kIdle : Waiting::kNothing;
  }
  // The time for what waiting() says is up: end the connection in the protocol's way.
  virtual void TimeOut() { Drain(); }
};

}  // namespace weft::internal
