// Layer: coro.
#pragma once

#include <utility>

#include "weft/internal/task_root.h"
#include "weft/task.h"

namespace weft {
namespace internal {

// Lends a plain thread to one task: the place where its awaits resume. Lives on that thread's
// stack.
class BlockingExecutor;

class BlockingRunner {
 public:
  // Dies when this thread is an event loop's.
  BlockingRunner();
  BlockingRunner(const BlockingRunner&) = delete;
  BlockingRunner& operator=(const BlockingRunner&) = delete;
  ~BlockingRunner();

  // Sleeps and resumes coroutines until `done`.
  void RunUntil(const bool& done) const;
  // For the task: ends with that of the code that blocks, if there is one.
  CancelScope& scope() const;

 private:
  BlockingExecutor* executor_;
};

[[noreturn]] void DieOfStuckBlockOn();

template <typename T>
class BlockOnRoot final : public TaskRoot<T> {
 public:
  bool done = false;

 private:
  void OnDone() override { done = true; }
  void OnStuck() override { DieOfStuckBlockOn(); }
};

}  // namespace internal

// Runs `task` on this thread, which sleeps while the task waits, and returns its value or rethrows
// its exception. For plain threads (main, tests, blocking handlers): dies on the thread of an event
// loop, which must never block. Calls that the task makes come back to this thread, and in a
// blocking handler keep to the deadline and the end of its call; timers need a loop and can't be
// awaited here.
template <typename T>
T BlockOn(Task<T> task) {
  const internal::BlockingRunner runner;
  internal::BlockOnRoot<T> root;
  root.Start(std::move(task), &runner.scope(), "weft::BlockOn");
  runner.RunUntil(root.done);
  return root.Take();
}

}  // namespace weft
