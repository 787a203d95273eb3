// Layer: coro.
#pragma once

#include <coroutine>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include "weft/internal/promise.h"

namespace weft {

template <typename T>
class Task;

namespace internal {

template <typename T>
class TaskAwaiter;
template <typename T>
class TaskRoot;

[[noreturn]] void DieOfEmptyTask();
void LeakStuckFrame(std::coroutine_handle<> handle) noexcept;

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <typename P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> handle) const noexcept {
    return handle.promise().Finish();
  }
  void await_resume() const noexcept {}
};

template <typename T>
class PromiseCommon : public PromiseBase {
 public:
  FinalAwaiter final_suspend() const noexcept { return {}; }

  template <typename U>
  TaskAwaiter<U> await_transform(Task<U>&& task) {
    return TaskAwaiter<U>(std::move(task));
  }
  // A task is awaited once: say co_await std::move(task).
  template <typename U>
  void await_transform(Task<U>& task) = delete;

  template <typename A>
  auto await_transform(A&& awaitable) {
    if constexpr (HasMemberCoAwait<A>) {
      auto get = [](A&& a) -> decltype(auto) { return std::forward<A>(a).operator co_await(); };
      return TrackedAwait<decltype(get(std::forward<A>(awaitable)))>(std::forward<A>(awaitable),
                                                                     *this, get);
    } else if constexpr (HasFreeCoAwait<A>) {
      auto get = [](A&& a) -> decltype(auto) { return operator co_await(std::forward<A>(a)); };
      return TrackedAwait<decltype(get(std::forward<A>(awaitable)))>(std::forward<A>(awaitable),
                                                                     *this, get);
    } else {
      // The awaiter itself: it outlives this await, as a named object or a temporary of the
      // expression.
      auto get = [](A&& a) -> A&& { return std::forward<A>(a); };
      return TrackedAwait<A&&>(std::forward<A>(awaitable), *this, get);
    }
  }
};

template <typename T>
class Promise final : public PromiseCommon<T> {
 public:
  Promise() noexcept {}
  ~Promise() {
    if (this->outcome_ == PromiseBase::Outcome::kValue) value_.~T();
    if (this->outcome_ == PromiseBase::Outcome::kException) exception_.~exception_ptr();
  }

  Task<T> get_return_object() noexcept;

  template <typename U = T>
    requires std::is_convertible_v<U&&, T>
  void return_value(U&& value) {
    ::new (static_cast<void*>(std::addressof(value_))) T(std::forward<U>(value));
    this->outcome_ = PromiseBase::Outcome::kValue;
  }
  void unhandled_exception() noexcept {
    ::new (static_cast<void*>(std::addressof(exception_)))
        std::exception_ptr(std::current_exception());
    this->outcome_ = PromiseBase::Outcome::kException;
  }

  T Take() {
    if (this->outcome_ == PromiseBase::Outcome::kException) std::rethrow_exception(exception_);
    return std::move(value_);
  }

 private:
  union {
    T value_;
    std::exception_ptr exception_;
  };
};

template <>
class Promise<void> final : public PromiseCommon<void> {
 public:
  Task<void> get_return_object() noexcept;

  void return_void() noexcept {}
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }
  void Take() {
    if (exception_ != nullptr) std::rethrow_exception(exception_);
  }

 private:
  std::exception_ptr exception_;
};

}  // namespace internal

// The result type of a coroutine. Lazy: it starts when it is awaited, resumes its awaiter directly
// when it ends, and hands over its value or its exception. Owned by whoever holds it: dropping it
// destroys the coroutine, at whatever point it is suspended. A task belongs to one thread at a
// time, from its start to that of its loop.
//
//   weft::Task<int> Twice(int n) { co_return 2 * n; }
//   int four = co_await Twice(2);
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::Promise<T>;

  Task() = default;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      Destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() { Destroy(); }

  // False when it has been moved from.
  explicit operator bool() const { return handle_ != nullptr; }

  // For coroutines that are not Weft's; a task that awaits a task goes through await_transform.
  internal::TaskAwaiter<T> operator co_await() && {
    return internal::TaskAwaiter<T>(std::move(*this));
  }

 private:
  friend internal::Promise<T>;
  friend internal::TaskAwaiter<T>;
  friend internal::TaskRoot<T>;

  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

  void Destroy() noexcept {
    if (handle_ == nullptr) return;
    std::coroutine_handle<promise_type> handle = std::exchange(handle_, nullptr);
    if (handle.promise().stuck()) [[unlikely]] {
      internal::LeakStuckFrame(handle);
    } else {
      handle.destroy();
    }
  }

  std::coroutine_handle<promise_type> handle_;
};

namespace internal {

// Takes the task over, so that a second await finds it empty.
template <typename T>
class TaskAwaiter {
 public:
  explicit TaskAwaiter(Task<T>&& task) : task_(std::move(task)) {
    if (!task_) [[unlikely]]
      DieOfEmptyTask();
  }

  bool await_ready() const noexcept { return false; }
  template <typename P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> parent) const noexcept {
    task_.handle_.promise().StartFor(parent);
    return task_.handle_;
  }
  T await_resume() const { return task_.handle_.promise().Take(); }

 private:
  Task<T> task_;
};

template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace internal
}  // namespace weft
