#include "weft/event.h"

#include "base/check.h"

namespace weft {

Event::~Event() {
  internal::Check(waiters_.empty(), "a weft::Event was destroyed while coroutines wait for it");
}

void Event::Set() {
  if (mode_ == Mode::kStaysSet) set_ = true;
  while (Waiting* waiting = waiters_.PopFront()) {
    static_cast<internal::CancelNode&>(*waiting).Unlink();
    waiting->got_ = true;
    waiting->waiter_.Wake();
    if (mode_ == Mode::kAutoReset) return;
  }
  set_ = true;
}

bool Event::Waiting::await_ready() {
  if (!event_.set_) return false;
  if (event_.mode_ == Mode::kAutoReset) event_.set_ = false;
  got_ = true;
  return true;
}

bool Event::Waiting::Enqueue() {
  internal::CancelScope* scope = waiter_.scope();
  if (scope != nullptr && !scope->Link(*this)) return false;
  event_.waiters_.PushBack(*this);
  return true;
}

void Event::Waiting::OnCancelled() {
  ListHook<Event>::Unlink();
  waiter_.Wake();
}

}  // namespace weft
