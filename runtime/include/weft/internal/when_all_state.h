// Layer: coro.
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weft/internal/task_root.h"

namespace weft::internal {

// Counts the tasks of a WhenAll and resumes the one who waits for them. Part of its awaiter.
class WhenAllState {
 public:
  WhenAllState() = default;
  WhenAllState(const WhenAllState&) = delete;
  WhenAllState& operator=(const WhenAllState&) = delete;

  // One more than the tasks, so that it can't end before all were started.
  template <typename P>
  void Begin(std::coroutine_handle<P> handle, std::size_t tasks) {
    continuation_ = Continuation(handle);
    left_ = tasks + 1;
  }
  // True when all have ended by now: then there is nothing to wait for.
  bool AllStarted() { return --left_ == 0; }

  CancelScope* scope() const { return continuation_.scope(); }
  std::string_view name() const {
    return continuation_.root() == nullptr ? std::string_view() : continuation_.root()->name();
  }

  // The last one resumes the waiting coroutine, which may destroy this.
  void OneDone() {
    if (--left_ == 0) continuation_.Resume();
  }
  void Stuck();

 private:
  Continuation continuation_;
  std::size_t left_ = 0;
};

template <typename T>
class WhenAllChild final : public TaskRoot<T> {
 public:
  void Begin(WhenAllState& state, Task<T> task) {
    state_ = &state;
    this->Start(std::move(task), state.scope(), state.name());
  }

 private:
  void OnDone() override { state_->OneDone(); }
  void OnStuck() override { state_->Stuck(); }

  WhenAllState* state_ = nullptr;
};

}  // namespace weft::internal
