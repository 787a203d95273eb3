#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "weft/internal/cancel_scope.h"
#include "weft/internal/task_root.h"

namespace weft::testing {

// Starts a task from a test and keeps its outcome. The task runs under `scope`.
template <typename T>
class TestRoot final : public internal::TaskRoot<T> {
 public:
  TestRoot() = default;
  explicit TestRoot(Task<T> task) { Begin(std::move(task)); }

  void Begin(Task<T> task) { this->Start(std::move(task), &scope, "test"); }

  internal::CancelScope scope;
  int done = 0;
  int stuck = 0;
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
  std::exception_ptr exception;

 private:
  void OnDone() override {
    ++done;
    try {
      if constexpr (std::is_void_v<T>) {
        this->Take();
        value.emplace();
      } else {
        value.emplace(this->Take());
      }
    } catch (...) {
      exception = std::current_exception();
    }
  }
  void OnStuck() override { ++stuck; }
};

}  // namespace weft::testing
