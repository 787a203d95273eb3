#include "http2/stream.h"

#include "http2/core.h"

namespace weft::http2 {

void Stream::SendHead(int status, bool end) { core->SendHead(*this, status, end); }
void Stream::BodyAppended() { core->BodyAppended(*this); }
void Stream::SendEnd() { core->SendEnd(*this); }
void Stream::Uncork(FlushPolicy when, std::size_t bytes) {
  corked_ = false;
  core->OutputComplete(*this, when, bytes);
}
void Stream::Reset(internal::StreamError error) { core->Reset(*this, error); }
void Stream::ReturnCredit(std::size_t n) { core->ReturnCredit(*this, n); }
void Stream::SetPriority(Priority priority) { core->SetPriority(*this, priority); }
Priority Stream::SetDefaultPriority(Priority priority) {
  return core->SetDefaultPriority(*this, priority);
}

void Stream::Clear() {
  core = nullptr;
  events = nullptr;
  wire_id = 0;
  sending = Sending::kHead;
  receiving = Receiving::kHead;
  on_wire = attached = parked = was_above_mark = false;
  locally_reset = peer_reset = not_sent = false;
  own_priority = peer_priority = order_differs = false;
  drained_due = close_due = told_closed = oversized = in_last_frame = dropping = false;
  mapped_until = 0;
  corked_ = drops_rest_ = false;
  header_size = received = unread = dropped = 0;
  head_to_send_.Clear();
  trailers_to_send_.Clear();
  outbound_.Clear();
  head.Clear();
  trailers.Clear();
  close = {};
}

}  // namespace weft::http2
