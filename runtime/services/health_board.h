#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/intrusive_list.h"

namespace weft {
class Event;
class EventLoop;
}  // namespace weft

namespace weft::internal {

class HealthWatcher;

// Which services are healthy, and who wants to hear of changes. Owned by the health service; any
// thread. Its lock is taken before a loop's mailbox.
class HealthBoard final {
 public:
  HealthBoard();

  void Set(std::string_view service, bool serving);
  void Shutdown();
  // Nothing: not a service that was ever Set.
  std::optional<bool> Find(std::string_view service) const;

 private:
  friend class HealthWatcher;
  void Tell(std::string_view service);

  mutable std::mutex mutex_;
  std::map<std::string, bool, std::less<>> serving_;
  bool shut_down_ = false;
  IntrusiveList<HealthWatcher> watchers_;
};

// Sets an event of its loop whenever the status of one service may have changed. Made and destroyed
// on that loop.
class HealthWatcher final : public ListHook<> {
 public:
  // The board, the loop and the event outlive it.
  HealthWatcher(HealthBoard& board, std::string_view service, EventLoop& loop, Event& changed);
  ~HealthWatcher();

  std::optional<bool> Find() const { return board_.Find(service_); }

 private:
  friend class HealthBoard;
  // What is posted to the loop; it may come there after the watcher has gone.
  struct Bell {
    Event* event;  // the loop's; null once the watcher is gone
  };

  HealthBoard& board_;
  const std::string service_;
  EventLoop& loop_;
  const std::shared_ptr<Bell> bell_;
};

}  // namespace weft::internal
