#include "io/loop_resident.h"

#include "base/check.h"

namespace weft::internal {

void LoopResident::LeaveLoop() {
  if (residents_ != nullptr) residents_->Remove(*this);
}

std::size_t LoopResident::Trim(TimePoint) { return 0; }
std::size_t LoopResident::HeapBytes() const { return 0; }

void LoopResidents::Add(LoopResident& resident) {
  Check(resident.residents_ == nullptr, "a loop's resident was added twice");
  resident.residents_ = shared_from_this();
  std::lock_guard lock(mutex_);
  if (!closed_) list_.PushBack(resident.link_);
}

void LoopResidents::Remove(LoopResident& resident) {
  std::unique_lock lock(mutex_);
  resident.link_.Unlink();
  told_.wait(lock, [&] { return telling_ != &resident || teller_ == std::this_thread::get_id(); });
}

void LoopResidents::Tell(bool close) {
  std::unique_lock lock(mutex_);
  teller_ = std::this_thread::get_id();
  while (LoopResident::Link* link = list_.PopFront()) {
    LoopResident& resident = link->resident;
    telling_ = &resident;
    lock.unlock();
    resident.OnLoopEnd();
    lock.lock();
    telling_ = nullptr;
    told_.notify_all();
  }
  if (close) closed_ = true;
}

LoopResidents::Left LoopResidents::Trim(TimePoint now) {
  std::lock_guard lock(mutex_);
  Left left;
  for (LoopResident::Link* link = list_.empty() ? nullptr : &list_.front(); link != nullptr;
       link = list_.Next(*link)) {
    left.kept += link->resident.Trim(now);
    left.heap_bytes += link->resident.HeapBytes();
  }
  return left;
}

}  // namespace weft::internal
