#include "tests/support/faulty_transport.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "io/loop_core.h"

namespace weft::testing {
namespace {

using internal::IoResult;

// The first `limit` bytes of `parts`.
std::vector<iovec> Cut(std::span<const iovec> parts, std::size_t limit) {
  std::vector<iovec> cut;
  for (iovec part : parts) {
    if (limit == 0) break;
    part.iov_len = std::min(part.iov_len, limit);
    limit -= part.iov_len;
    cut.push_back(part);
  }
  return cut;
}

}  // namespace

FaultyTransport::FaultyTransport(internal::LoopCore& loop,
                                 std::unique_ptr<internal::Transport> inner, const Faults& faults)
    : loop_(loop), inner_(std::move(inner)), faults_(faults) {}

void FaultyTransport::Start(internal::Transport::Events& events) {
  events_ = &events;
  inner_->Start(*this);
  if (reset() || ended()) Announce();
}

IoResult FaultyTransport::ReadSome(std::span<const iovec> into) {
  if (reset()) return IoResult::Error(ECONNRESET);
  if (ended()) return IoResult::Eof();
  const std::size_t limit = std::min(
      {faults_.max_read, faults_.eof_after - read_, faults_.reset_after - read_ - written_});
  const IoResult result = inner_->ReadSome(Cut(into, limit));
  if (result.kind == IoResult::Kind::kBytes) {
    read_ += result.bytes;
    if (reset() || ended()) Announce();
  }
  return result;
}

IoResult FaultyTransport::WritevSome(std::span<const iovec> from) {
  if (reset()) return IoResult::Error(ECONNRESET);
  if (unreadable_writes_ < faults_.unreadable_writes) {
    ++unreadable_writes_;
    return IoResult::Error(EFAULT);
  }
  if (written_ == faults_.zero_write_at && !std::exchange(zero_written_, true)) {
    return IoResult::WouldBlock();
  }
  std::size_t limit = std::min(faults_.max_write, faults_.reset_after - read_ - written_);
  if (written_ < faults_.zero_write_at) limit = std::min(limit, faults_.zero_write_at - written_);
  const IoResult result = inner_->WritevSome(Cut(from, limit));
  if (result.kind == IoResult::Kind::kBytes) {
    written_ += result.bytes;
    if (reset()) Announce();
  }
  return result;
}

void FaultyTransport::WatchReads(bool on) {
  watch_reads_ = on;
  inner_->WatchReads(on);
  if (on && (reset() || ended())) Announce();
}

void FaultyTransport::Close() {
  closed_ = true;
  CancelRun();
  inner_->Close();
}

void FaultyTransport::Abort() {
  closed_ = true;
  CancelRun();
  inner_->Abort();
}

void FaultyTransport::Announce() {
  if (!closed_ && events_ != nullptr && watch_reads_ && !queued()) loop_.Schedule(*this);
}

void FaultyTransport::Run() {
  if (watch_reads_ && !closed_) events_->OnReadable();
}

}  // namespace weft::testing
