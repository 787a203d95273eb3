// Layer: coro.
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "weft/internal/when_all_state.h"
#include "weft/task.h"

namespace weft {
namespace internal {

template <typename T>
using WhenAllResult = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <typename T>
WhenAllResult<T> TakeResult(WhenAllChild<T>& child) {
  if constexpr (std::is_void_v<T>) {
    child.Take();
    return {};
  } else {
    return child.Take();
  }
}

template <typename... Ts>
class [[nodiscard]] WhenAllOfTuple {
 public:
  explicit WhenAllOfTuple(Task<Ts>&&... tasks) : tasks_(std::move(tasks)...) {}

  bool await_ready() const noexcept { return false; }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    state_.Begin(handle, sizeof...(Ts));
    Start(std::index_sequence_for<Ts...>());
    return !state_.AllStarted();
  }
  std::tuple<WhenAllResult<Ts>...> await_resume() {
    return std::apply(
        [](auto&... child) { return std::tuple<WhenAllResult<Ts>...>{TakeResult(child)...}; },
        children_);
  }

 private:
  template <std::size_t... kIndex>
  void Start(std::index_sequence<kIndex...>) {
    (std::get<kIndex>(children_).Begin(state_, std::move(std::get<kIndex>(tasks_))), ...);
  }

  WhenAllState state_;
  std::tuple<Task<Ts>...> tasks_;
  std::tuple<WhenAllChild<Ts>...> children_;
};

template <typename T>
class [[nodiscard]] WhenAllOfVector {
 public:
  explicit WhenAllOfVector(std::vector<Task<T>> tasks)
      : tasks_(std::move(tasks)), children_(std::make_unique<WhenAllChild<T>[]>(tasks_.size())) {}

  bool await_ready() const noexcept { return false; }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    state_.Begin(handle, tasks_.size());
    for (std::size_t i = 0; i < tasks_.size(); ++i)
      children_[i].Begin(state_, std::move(tasks_[i]));
    return !state_.AllStarted();
  }
  auto await_resume() {
    if constexpr (std::is_void_v<T>) {
      for (std::size_t i = 0; i < tasks_.size(); ++i) children_[i].Take();
    } else {
      std::vector<T> results;
      results.reserve(tasks_.size());
      for (std::size_t i = 0; i < tasks_.size(); ++i) results.push_back(children_[i].Take());
      return results;
    }
  }

 private:
  WhenAllState state_;
  std::vector<Task<T>> tasks_;
  std::unique_ptr<WhenAllChild<T>[]> children_;
};

}  // namespace internal

// Runs the tasks side by side on this loop, under the scope of the awaiting coroutine, and gives
// their results in the order of the arguments (std::monostate for void). All run to their end, even
// if one throws; then the exception of the first argument that threw is rethrown. Dropping the
// awaiting task drops them all.
//
//   std::tuple<A, B> both = co_await weft::WhenAll(GetA(), GetB());
template <typename... Ts>
internal::WhenAllOfTuple<Ts...> WhenAll(Task<Ts>... tasks) {
  return internal::WhenAllOfTuple<Ts...>(std::move(tasks)...);
}

// The same for any number of tasks of one type; gives a std::vector<T>, or nothing for void.
template <typename T>
internal::WhenAllOfVector<T> WhenAll(std::vector<Task<T>> tasks) {
  return internal::WhenAllOfVector<T>(std::move(tasks));
}

}  // namespace weft
