#pragma once

#include <cstddef>
#include <string_view>

#include "base/intrusive_list.h"
#include "weft/internal/cancel_scope.h"
#include "weft/task.h"

namespace weft::internal {

// Tasks that nobody awaits, as Spawn starts them: owned by the loop that they run on. A task that
// throws is logged. The owner destroys the set on the loop's thread while the loop still exists.
// Loop thread only.
class TaskSet {
 public:
  TaskSet() = default;
  TaskSet(const TaskSet&) = delete;
  TaskSet& operator=(const TaskSet&) = delete;
  // Cancels what the tasks wait for and destroys them wherever they are suspended.
  ~TaskSet();

  // Runs `task` until it first suspends. `name` is for logs and must live as long as the task. A
  // task that is spawned while the set ends is dropped unstarted.
  void Spawn(Task<void> task, std::string_view name = {});

  // Ends every wait of the tasks: they run to their end as the loop goes on. New ones start
  // cancelled.
  void Cancel() { scope_.Cancel(); }

  std::size_t size() const { return size_; }

 private:
  class Spawned;

  CancelScope scope_;
  bool ending_ = false;
  std::size_t size_ = 0;
  IntrusiveList<Spawned, TaskSet> tasks_;
};

}  // namespace weft::internal
