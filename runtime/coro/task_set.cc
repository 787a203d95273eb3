#include "coro/task_set.h"

#include <exception>
#include <string>
#include <utility>

#include "base/log.h"
#include "weft/internal/task_root.h"

namespace weft::internal {

class TaskSet::Spawned final : public TaskRoot<void>, public ListHook<TaskSet> {
 public:
  explicit Spawned(TaskSet& set) : set_(set) {}
  ~Spawned() { --set_.size_; }

  static void* operator new(std::size_t size) { return AllocateFrame(size); }
  static void operator delete(void* memory) { FreeFrame(memory); }

 private:
  void OnDone() override {
    try {
      Take();
    } catch (const std::exception& e) {
      LogException(e.what());
    } catch (...) {
      LogException("not a std::exception");
    }
    delete this;
  }
  void OnStuck() override { delete this; }

  void LogException(std::string_view what) {
    std::string line = "a spawned task";
    if (!name().empty()) line.append(" (").append(name()).append(")");
    line.append(" ended with an exception: ").append(what);
    Log(LogLevel::kError, line);
  }

  TaskSet& set_;
};

TaskSet::~TaskSet() {
  ending_ = true;
  scope_.Cancel();
  while (Spawned* task = tasks_.PopFront()) delete task;
}

void TaskSet::Spawn(Task<void> task, std::string_view name) {
  if (ending_) return;
  auto* spawned = new Spawned(*this);
  ++size_;
  tasks_.PushBack(*spawned);
  spawned->Start(std::move(task), &scope_, name);
}

}  // namespace weft::internal
