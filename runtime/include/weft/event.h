// Layer: coro.
#pragma once

#include <coroutine>

#include "weft/internal/cancel_scope.h"
#include "weft/internal/intrusive_list.h"
#include "weft/internal/waiter.h"

namespace weft {

// A flag that coroutines of one loop wait for. With kStaysSet every waiter goes on, now and later,
// until Reset; with kAutoReset each Set lets one waiter through, the oldest first. Must outlive its
// waiters. One loop's thread.
//
//   bool set = co_await event.Wait();
class Event {
 public:
  enum class Mode { kStaysSet, kAutoReset };

  class Waiting;

  explicit Event(Mode mode = Mode::kStaysSet) : mode_(mode) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  // Dies when coroutines still wait.
  ~Event();

  bool is_set() const { return set_; }
  // Waiters go on in this pass of the loop, not inside of this call.
  void Set();
  void Reset() { set_ = false; }

  // Awaiting it gives true once the event is set, false when the call or task of the coroutine is
  // cancelled first.
  Waiting Wait();

 private:
  Mode mode_;
  bool set_ = false;
  internal::IntrusiveList<Waiting, Event> waiters_;
};

class [[nodiscard]] Event::Waiting final : public internal::ListHook<Event>,
                                           private internal::CancelNode {
 public:
  explicit Waiting(Event& event) : event_(event) {}

  bool await_ready();
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    waiter_.Suspend(handle);
    return Enqueue();
  }
  bool await_resume() const { return got_; }

 private:
  friend class Event;
  bool Enqueue();
  void OnCancelled() override;

  Event& event_;
  internal::Waiter waiter_;
  bool got_ = false;
};

inline Event::Waiting Event::Wait() { return Waiting(*this); }

}  // namespace weft
