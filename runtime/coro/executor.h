#pragma once

#include "weft/clock.h"

namespace weft::internal {

// Something to run once. Intrusive: scheduling allocates nothing. Must stay alive until it has run; a node is in at
// most one queue at a time.
class Runnable {
 public:
  virtual void Run() = 0;

 protected:
  ~Runnable() = default;

 private:
  friend class RunQueue;
  Runnable* next_ = nullptr;
};

// A FIFO of runnables through their own links. One thread.
class RunQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  void Push(Runnable& runnable) {
    runnable.next_ = nullptr;
    (head_ == nullptr ? head_ : tail_->next_) = &runnable;
    tail_ = &runnable;
  }
  Runnable* Pop() {
    Runnable* first = head_;
    if (first != nullptr) head_ = first->next_;
    return first;
  }

 private:
  Runnable* head_ = nullptr;
  Runnable* tail_ = nullptr;
};

// A one-shot timer node; lives inside the object that it wakes. Loop thread only.
class TimerNode;

// Where coroutines resume: an event loop, seen from the layers below it. One thread runs it.
class Executor {
 public:
  // Runs it later in this pass of the loop, before output is flushed. Loop thread only.
  virtual void Schedule(Runnable& runnable) = 0;
  // Runs it on the loop, from any thread. False when the loop is gone or stopping: then it never runs.
  virtual bool Post(Runnable& runnable) = 0;
  virtual bool OnThread() const = 0;
  // The clock as read at the start of this pass. Loop thread only.
  virtual TimePoint Now() = 0;

 protected:
  ~Executor() = default;
};

}  // namespace weft::internal
