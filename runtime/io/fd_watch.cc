#include "io/fd_watch.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include <new>

#include "base/check.h"
#include "io/loop_core.h"

namespace weft::internal {

void FdWatch::Start(LoopCore& loop, int fd, Transport::Events& events) {
  static_assert(sizeof(event) <= kEventSize && alignof(event) <= alignof(std::max_align_t));
  Check(events_ == nullptr, "an FdWatch was started twice");
  events_ = &events;
  auto* read = new (EventAt(kRead)) event;
  auto* write = new (EventAt(kWrite)) event;
  event_assign(
      read, loop.base(), fd, EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* told) {
        static_cast<Transport::Events*>(told)->OnReadable();
      },
      &events);
  event_assign(
      write, loop.base(), fd, EV_WRITE | EV_PERSIST,
      [](evutil_socket_t, short, void* told) {
        static_cast<Transport::Events*>(told)->OnWritable();
      },
      &events);
  loop.Link(*this);
}

void FdWatch::Watch(Direction direction, bool on) {
  if (events_ == nullptr || on_[direction] == on) return;
  auto* target = static_cast<event*>(EventAt(direction));
  const int failed = on ? event_add(target, nullptr) : event_del(target);
  Check(failed == 0, "the event loop can't watch a descriptor: is it open and no regular file?");
  on_[direction] = on;
}

void FdWatch::Stop() {
  if (events_ == nullptr) return;
  Watch(kRead, false);
  Watch(kWrite, false);
  ListHook<FdWatch>::Unlink();
  events_ = nullptr;
}

}  // namespace weft::internal
