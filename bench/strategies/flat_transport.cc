#include "bench/strategies/flat_transport.h"

#include <utility>

#include "buffer/limits.h"
#include "io/loop_core.h"

namespace bench {

using weft::internal::IoResult;

FlatTransport::FlatTransport(weft::internal::LoopCore& loop,
                             std::unique_ptr<weft::internal::Transport> socket,
                             OutputCounts& counts)
    : loop_(loop), socket_(std::move(socket)), counts_(counts) {}

void FlatTransport::Start(weft::internal::Transport::Events& events) {
  events_ = &events;
  socket_->Start(*this);
}

IoResult FlatTransport::ReadSome(std::span<const iovec> into) { return socket_->ReadSome(into); }

IoResult FlatTransport::WritevSome(std::span<const iovec> from) {
  if (error_ != 0) return IoResult::Error(error_);
  if (watching_) return IoResult::WouldBlock();
  std::size_t taken = 0;
  for (const iovec& part : from) {
    const char* bytes = static_cast<const char*>(part.iov_base);
    buffer_.insert(buffer_.end(), bytes, bytes + part.iov_len);
    taken += part.iov_len;
  }
  counts_.copied += taken;
  // A list is offered in pieces of kMaxIov parts, which is no limit of a flat buffer's.
  const bool whole = from.size() < weft::internal::kMaxIov;
  if (whole || buffer_.size() >= weft::internal::kFlushQuantum) {
    if (!Send()) return IoResult::Error(error_);
  } else if (!queued()) {
    loop_.AtPassEnd(*this);
  }
  return IoResult::Bytes(taken);
}

bool FlatTransport::Send() {
  CancelRun();
  const iovec rest{buffer_.data() + sent_, unsent()};
  const IoResult result = socket_->WritevSome({&rest, 1});
  if (result.kind == IoResult::Kind::kError) {
    error_ = result.error;
    return false;
  }
  sent_ += result.bytes;
  const bool blocked = unsent() > 0;
  if (!blocked) {
    buffer_.clear();
    sent_ = 0;
    if (std::exchange(shut_, false)) socket_->ShutdownWrites();
  }
  if (blocked != watching_) {
    watching_ = blocked;
    socket_->WatchWrites(blocked || wanted_);
  }
  return true;
}

void FlatTransport::WatchWrites(bool on) {
  wanted_ = on;
  if (!watching_) socket_->WatchWrites(on);
}

void FlatTransport::OnWritable() {
  if (watching_ && (!Send() || watching_)) return;
  if (wanted_) events_->OnWritable();
}

void FlatTransport::ShutdownWrites() {
  if (unsent() > 0) {
    shut_ = true;
  } else {
    socket_->ShutdownWrites();
  }
}

void FlatTransport::Close() {
  CancelRun();
  socket_->Close();
}

void FlatTransport::Abort() {
  CancelRun();
  socket_->Abort();
}

}  // namespace bench
