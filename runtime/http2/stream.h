#pragma once

#include <cstddef>
#include <cstdint>

#include "base/intrusive_list.h"
#include "http/stream.h"
#include "http2/scheduler.h"

namespace weft::http2 {

class Core;
struct AllStreams;
struct DueStreams;

// One HTTP/2 stream. Made and kept by the StreamPool, lent to one session from its first HEADERS
// until both the library and the events' owner are done with it. Its verbs go to the Core; the
// fields below are the Core's.
class Stream final : public internal::HttpStream,
                     public Scheduler::Entry,
                     public internal::ListHook<AllStreams>,
                     public internal::ListHook<DueStreams> {
 public:
  // What we may still send, in order.
  enum class Sending : std::uint8_t {
    kHead,
    kBody,
    kEnding,  // SendEnd was called, bytes or the end itself are left
    kEnded,   // the end is with the library
  };
  // What the peer may still send, in order.
  enum class Receiving : std::uint8_t { kHead, kBody, kEnded };

  void SendHead(int status, bool end) override;
  void BodyAppended() override;
  void SendEnd() override;
  void Uncork(FlushPolicy when, std::size_t bytes) override;
  void Reset(internal::StreamError error) override;
  void ReturnCredit(std::size_t n) override;
  void SetPriority(Priority priority) override;
  Priority SetDefaultPriority(Priority priority) override;
  std::uint32_t id() const override { return static_cast<std::uint32_t>(wire_id); }

  internal::HeaderList& to_send_head() { return head_to_send_; }
  internal::HeaderList& to_send_trailers() { return trailers_to_send_; }
  bool corked() const { return corked_; }
  void set_high_mark(std::size_t mark) { high_mark_ = mark; }

  // Ends nothing, tells nobody: ready to be lent again.
  void Clear();

  Core* core = nullptr;
  internal::HttpStreamEvents* events = nullptr;
  std::int32_t wire_id = 0;
  Sending sending = Sending::kHead;
  Receiving receiving = Receiving::kHead;

  bool on_wire = false;   // the library knows it and has not closed it
  bool attached = false;  // its HEADERS are out or just ahead: its DATA may be scheduled
  bool parked = false;    // the library was told DEFERRED and waits for resume
  bool was_above_mark = false;
  bool locally_reset = false;
  bool peer_reset = false;
  bool not_sent = false;       // client: the request never left
  bool own_priority = false;   // SetPriority was called: the peer's wishes count no more
  bool peer_priority = false;  // the peer has said one: defaults count no more
  bool order_differs = false;  // server: the library may have another priority than the scheduler
  bool drained_due = false;    // OnDrained is to be told
  bool close_due = false;      // OnClosed is to be told
  bool told_closed = false;
  bool oversized = false;          // the header block being received is above the limit
  bool in_last_frame = false;      // of the body that comes
  bool dropping = false;           // its answer is out and complete, see DropRest
  std::uint64_t mapped_until = 0;  // where in the output its last byte of a mapped file ends
  std::size_t header_size = 0;
  std::size_t received = 0;  // bytes of its body
  std::size_t unread = 0;    // bytes that came and whose credit the application has not returned
  std::size_t dropped = 0;   // bytes that came while dropping
  char status_text[3] = {};

  internal::HttpHead head;  // a client's names the target until SendHead
  internal::HeaderList trailers;
  internal::StreamClose close;
  Stream* next_idle = nullptr;  // StreamPool's
};

}  // namespace weft::http2
