#include "io/memory_transport.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "io/loop_core.h"

namespace weft::internal {

// What belongs to one end; guarded by Shared::mutex.
struct MemoryTransport::Side {
  std::string inbound;  // written by the other end, not yet read
  std::size_t read_from = 0;
  bool writes_ended = false;  // by this end: shut down or closed
  bool aborted = false;       // by the other end
  bool open = true;
  std::size_t budget = kUnlimited;
  bool watch_reads = false;
  bool watch_writes = false;
  std::shared_ptr<LoopMailbox> mailbox;
  Runnable* told = nullptr;  // runs on this side's loop; null until started and when closed
  bool posted = false;

  std::size_t readable() const { return inbound.size() - read_from; }
};

struct MemoryTransport::Shared {
  explicit Shared(std::size_t pipe_capacity) : capacity(pipe_capacity) {}

  const std::size_t capacity;
  std::mutex mutex;
  std::array<Side, 2> sides;

  std::size_t room(int side) const {
    const Side& to = sides[static_cast<std::size_t>(1 - side)];
    return std::min(capacity - std::min(capacity, to.readable()),
                    sides[static_cast<std::size_t>(side)].budget);
  }
  bool can_read(int side) const {
    const Side& me = sides[static_cast<std::size_t>(side)];
    const Side& from = sides[static_cast<std::size_t>(1 - side)];
    return me.readable() > 0 || from.writes_ended || me.aborted;
  }
  bool can_write(int side) const {
    const Side& me = sides[static_cast<std::size_t>(side)];
    const Side& to = sides[static_cast<std::size_t>(1 - side)];
    return room(side) > 0 || !to.open || me.aborted;
  }
  // Tells a side's loop when there is something that it watches for.
  void Notify(int side) {
    Side& me = sides[static_cast<std::size_t>(side)];
    if (me.told == nullptr || me.posted) return;
    if ((me.watch_reads && can_read(side)) || (me.watch_writes && can_write(side))) {
      me.posted = me.mailbox->Post(*me.told);
    }
  }
};

MemoryTransport::Pair MemoryTransport::MakePair(LoopCore& first, LoopCore& second,
                                                std::size_t capacity) {
  auto shared = std::make_shared<Shared>(capacity);
  return {std::unique_ptr<MemoryTransport>(new MemoryTransport(first, shared, 0)),
          std::unique_ptr<MemoryTransport>(new MemoryTransport(second, shared, 1))};
}

MemoryTransport::MemoryTransport(const LoopCore& loop, std::shared_ptr<Shared> shared, int side)
    : shared_(std::move(shared)), side_(side), peer_(side == 0 ? "memory:2" : "memory:1") {
  mine().mailbox = loop.mailbox();
}

MemoryTransport::~MemoryTransport() { Close(); }

MemoryTransport::Side& MemoryTransport::mine() const {
  return shared_->sides[static_cast<std::size_t>(side_)];
}
MemoryTransport::Side& MemoryTransport::other() const {
  return shared_->sides[static_cast<std::size_t>(1 - side_)];
}

void MemoryTransport::Start(Events& events) {
  events_ = &events;
  std::lock_guard lock(shared_->mutex);
  mine().told = this;
  mine().watch_reads = true;
  shared_->Notify(side_);
}

IoResult MemoryTransport::ReadSome(std::span<const iovec> into) {
  std::lock_guard lock(shared_->mutex);
  Side& me = mine();
  if (!me.open) return IoResult::Error(EBADF);
  if (me.aborted) return IoResult::Error(ECONNRESET);
  if (me.readable() == 0) {
    return other().writes_ended ? IoResult::Eof() : IoResult::WouldBlock();
  }
  std::size_t total = 0;
  for (const iovec& part : into) {
    const std::size_t n = std::min(part.iov_len, me.readable());
    std::memcpy(part.iov_base, me.inbound.data() + me.read_from, n);
    me.read_from += n;
    total += n;
  }
  // Moved to the front now and then: a pipe that never runs empty must not grow.
  if (me.readable() == 0 || me.read_from >= shared_->capacity) {
    me.inbound.erase(0, me.read_from);
    me.read_from = 0;
  }
  shared_->Notify(1 - side_);
  return IoResult::Bytes(total);
}

IoResult MemoryTransport::WritevSome(std::span<const iovec> from) {
  std::lock_guard lock(shared_->mutex);
  Side& me = mine();
  if (!me.open) return IoResult::Error(EBADF);
  if (me.aborted) return IoResult::Error(ECONNRESET);
  if (me.writes_ended || !other().open) return IoResult::Error(EPIPE);
  std::size_t room = shared_->room(side_);
  std::size_t total = 0;
  for (const iovec& part : from) {
    const std::size_t n = std::min(part.iov_len, room);
    other().inbound.append(static_cast<const char*>(part.iov_base), n);
    room -= n;
    total += n;
  }
  if (total == 0) return IoResult::WouldBlock();
  if (me.budget != kUnlimited) me.budget -= total;
  shared_->Notify(1 - side_);
  return IoResult::Bytes(total);
}

void MemoryTransport::WatchReads(bool on) {
  std::lock_guard lock(shared_->mutex);
  mine().watch_reads = on;
  shared_->Notify(side_);
}

void MemoryTransport::WatchWrites(bool on) {
  std::lock_guard lock(shared_->mutex);
  mine().watch_writes = on;
  shared_->Notify(side_);
}

void MemoryTransport::SetWriteBudget(std::size_t bytes) {
  std::lock_guard lock(shared_->mutex);
  mine().budget = bytes;
  shared_->Notify(side_);
}

void MemoryTransport::ShutdownWrites() {
  std::lock_guard lock(shared_->mutex);
  mine().writes_ended = true;
  shared_->Notify(1 - side_);
}

void MemoryTransport::Close() { CloseWith(/*abort=*/false); }
void MemoryTransport::Abort() { CloseWith(/*abort=*/true); }

void MemoryTransport::CloseWith(bool abort) {
  std::lock_guard lock(shared_->mutex);
  Side& me = mine();
  if (!me.open) return;
  me.open = false;
  me.writes_ended = true;
  me.told = nullptr;
  me.mailbox->Withdraw(*this);
  if (abort) other().aborted = true;
  shared_->Notify(1 - side_);
}

void MemoryTransport::Run() {
  bool readable;
  {
    std::lock_guard lock(shared_->mutex);
    mine().posted = false;
    readable = mine().watch_reads && shared_->can_read(side_);
  }
  const Liveness::Watch watch(liveness_);
  if (readable) events_->OnReadable();
  if (!watch.alive()) return;
  bool writable;
  {
    std::lock_guard lock(shared_->mutex);
    writable = mine().open && mine().watch_writes && shared_->can_write(side_);
  }
  if (writable) events_->OnWritable();
  if (!watch.alive()) return;
  // Level-triggered: told again in the next pass while it lasts.
  std::lock_guard lock(shared_->mutex);
  shared_->Notify(side_);
}

}  // namespace weft::internal
