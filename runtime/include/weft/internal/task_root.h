// Layer: coro.
#pragma once

#include <string_view>
#include <utility>

#include "weft/task.h"

namespace weft::internal {

// Starts a task from plain code and learns of its end. Derive from it (OnDone, OnStuck) or embed an
// object that does; it allocates nothing and can be used again and again. Its owner destroys it, or
// calls Drop, on the loop's thread; that destroys a suspended task. Never drop a task from inside
// its own coroutine.
template <typename T>
class TaskRoot : public RootBase {
 public:
  // Runs `task` until it first suspends; when it ends at once, OnDone comes before this returns.
  // `scope` (may be null) must outlive the task, and so must the text of `name`.
  void Start(Task<T> task, CancelScope* scope, std::string_view name) {
    if (!task) [[unlikely]]
      DieOfEmptyTask();
    task_ = std::move(task);
    Bind(CurrentThreadContext(), scope, name);
    Promise<T>& promise = task_.handle_.promise();
    promise.SetRoot(this);
    Resume(task_.handle_, &promise);
  }

  // From Start until the result was taken or dropped.
  bool active() const { return static_cast<bool>(task_); }

  // The result, once: its exception is rethrown. Only after OnDone; frees the frame.
  T Take() {
    Task<T> task = std::move(task_);
    return task.handle_.promise().Take();
  }

  // Destroys the task, wherever it is suspended. Does nothing when there is none.
  void Drop() {
    CancelRun();
    task_ = Task<T>();
  }

 protected:
  TaskRoot() = default;
  ~TaskRoot() override = default;

 private:
  Task<T> task_;
};

}  // namespace weft::internal
