#include "io/loop_mailbox.h"

#include <sys/eventfd.h>

namespace weft::internal {

bool LoopMailbox::Post(Runnable& runnable) {
  bool was_empty;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    was_empty = queue_.empty();
    queue_.Push(runnable);
  }
  if (was_empty) Wake();
  return true;
}

bool LoopMailbox::Withdraw(Runnable& runnable) {
  // In the ready queue already, it belongs to this thread; the lock does no harm.
  std::lock_guard lock(mutex_);
  if (!runnable.queued()) return false;
  runnable.CancelRun();
  return true;
}

void LoopMailbox::Wake() {
  // Fails only when the counter is full, and then the loop is awake anyway.
  (void)::eventfd_write(wake_.get(), 1);
}

void LoopMailbox::Take(RunQueue& into) {
  eventfd_t count;
  (void)::eventfd_read(wake_.get(), &count);
  std::lock_guard lock(mutex_);
  into.Splice(queue_);
}

void LoopMailbox::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
}

bool LoopMailbox::CloseIfEmpty() {
  std::lock_guard lock(mutex_);
  if (queue_.empty()) closed_ = true;
  return closed_;
}

}  // namespace weft::internal
