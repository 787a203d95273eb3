#pragma once

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

// The least that a coroutine trap needs; on purpose not Weft's Task, which notices some of them.
template <typename T>
class MiniTask {
 public:
  class promise_type {
   public:
    class Final {
     public:
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> handle) noexcept {
        return handle.promise().awaiter;
      }
      void await_resume() noexcept {}
    };

    MiniTask get_return_object() {
      return MiniTask(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void unhandled_exception() { std::terminate(); }
    void return_value(T result) { value = std::move(result); }

    T value{};
    std::coroutine_handle<> awaiter = std::noop_coroutine();
  };

  explicit MiniTask(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  MiniTask(MiniTask&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~MiniTask() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
    handle_.promise().awaiter = awaiter;
    return handle_;
  }
  T await_resume() { return std::move(handle_.promise().value); }

  // Runs it from plain code; false when it did not end.
  bool Run(T& result) {
    handle_.resume();
    if (!handle_.done()) return false;
    result = handle_.promise().value;
    return true;
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

// Counts the lives of its copies: they must even out.
class Life {
 public:
  Life() { ++live; }
  Life(const Life&) { ++live; }
  Life& operator=(const Life&) = default;
  ~Life() { --live; }
  static inline int live = 0;
};

// Exit status of a trap program: 0 when the coroutine gave `expected` and every object died once.
template <typename T>
int Verdict(MiniTask<T> (*coroutine)(), T expected) {
  T result{};
  bool ended = false;
  {
    MiniTask<T> task = coroutine();
    ended = task.Run(result);
    if (!ended) {
      std::puts("the coroutine did not end");
      std::fflush(stdout);
      std::_Exit(1);
    }
  }
  if (result != expected) std::puts("wrong result");
  if (Life::live != 0) std::printf("%d objects too many alive\n", Life::live);
  return result == expected && Life::live == 0 ? 0 : 1;
}
