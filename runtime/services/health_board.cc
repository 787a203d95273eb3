#include "services/health_board.h"

#include "weft/event.h"
#include "weft/event_loop.h"

namespace weft::internal {

HealthBoard::HealthBoard() { serving_.emplace("", true); }

void HealthBoard::Set(std::string_view service, bool serving) {
  std::lock_guard lock(mutex_);
  serving_.insert_or_assign(std::string(service), serving && !shut_down_);
  Tell(service);
}

void HealthBoard::Shutdown() {
  std::lock_guard lock(mutex_);
  shut_down_ = true;
  for (auto& [service, serving] : serving_) {
    serving = false;
    Tell(service);
  }
}

std::optional<bool> HealthBoard::Find(std::string_view service) const {
  std::lock_guard lock(mutex_);
  const auto found = serving_.find(service);
  if (found == serving_.end()) return std::nullopt;
  return found->second;
}

// Under the lock, so that the watchers and their loops are there.
void HealthBoard::Tell(std::string_view service) {
  for (HealthWatcher* watcher = watchers_.empty() ? nullptr : &watchers_.front();
       watcher != nullptr; watcher = watchers_.Next(*watcher)) {
    if (watcher->service_ != service) continue;
    // A loop that has ended has nobody who waits.
    (void)watcher->loop_.Post([bell = watcher->bell_] {
      if (bell->event != nullptr) bell->event->Set();
    });
  }
}

HealthWatcher::HealthWatcher(HealthBoard& board, std::string_view service, EventLoop& loop,
                             Event& changed)
    : board_(board), service_(service), loop_(loop), bell_(new Bell{&changed}) {
  std::lock_guard lock(board_.mutex_);
  board_.watchers_.PushBack(*this);
}

HealthWatcher::~HealthWatcher() {
  bell_->event = nullptr;
  std::lock_guard lock(board_.mutex_);
  Unlink();
}

}  // namespace weft::internal
