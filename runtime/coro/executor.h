#pragma once

#include "weft/clock.h"
#include "weft/internal/runnable.h"

namespace weft::internal {

// A FIFO of runnables through their own links; owns nothing. One thread, or under its owner's lock.
class RunQueue {
 public:
  RunQueue() { head_.run_next_ = head_.run_prev_ = &head_; }
  RunQueue(RunQueue&& other) noexcept : RunQueue() { Splice(other); }
  RunQueue& operator=(RunQueue&& other) noexcept {
    if (this != &other) {
      Clear();
      Splice(other);
    }
    return *this;
  }
  ~RunQueue() { Clear(); }

  bool empty() const { return head_.run_next_ == &head_; }

  // `runnable` must not be queued anywhere.
  void Push(Runnable& runnable) {
    RunLink& link = runnable;
    link.run_next_ = &head_;
    link.run_prev_ = head_.run_prev_;
    head_.run_prev_->run_next_ = &link;
    head_.run_prev_ = &link;
  }

  // nullptr when empty.
  Runnable* Pop() {
    if (empty()) return nullptr;
    auto* first = static_cast<Runnable*>(head_.run_next_);
    first->CancelRun();
    return first;
  }

  // Moves all of `other` to the end of this queue. O(1).
  void Splice(RunQueue& other) {
    if (other.empty()) return;
    other.head_.run_next_->run_prev_ = head_.run_prev_;
    head_.run_prev_->run_next_ = other.head_.run_next_;
    other.head_.run_prev_->run_next_ = &head_;
    head_.run_prev_ = other.head_.run_prev_;
    other.head_.run_next_ = other.head_.run_prev_ = &other.head_;
  }

 private:
  void Clear() {
    while (Pop() != nullptr) {
    }
  }

  RunLink head_;
};

// Where coroutines resume: an event loop, seen from the layers below it. One thread runs it.
class Executor {
 public:
  // Runs it later in this pass of the loop, before output is flushed. Loop thread only.
  virtual void Schedule(Runnable& runnable) = 0;
  // Runs it on the loop, from any thread. False when the loop is gone or stopping: then it never
  // runs.
  virtual bool Post(Runnable& runnable) = 0;
  virtual bool OnThread() const = 0;
  // The clock as read at the start of this pass. Loop thread only.
  virtual TimePoint Now() = 0;

 protected:
  ~Executor() = default;
};

}  // namespace weft::internal
