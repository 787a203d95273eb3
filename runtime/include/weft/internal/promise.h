// Layer: coro.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weft/internal/runnable.h"
#include "weft/internal/thread_context.h"

namespace weft::internal {

// The start of a chain of tasks: a task that plain code has started, and those that it awaits.
// Owned by that plain code. At most one coroutine of the chain runs or waits at a time. Loop thread
// only.
class RootBase : public Runnable {
 public:
  CancelScope* scope() const { return scope_; }
  // Says in logs whose coroutine this is.
  std::string_view name() const { return name_; }

  // A part of this task that runs as a chain of its own is stuck, and so is this one.
  void TellStuck() { OnStuck(); }

 protected:
  RootBase() = default;
  virtual ~RootBase() = default;

  // The task has ended. Called from plain code on the thread of the loop, possibly inside Start;
  // may destroy the root or start its next task.
  virtual void OnDone() = 0;
  // A coroutine of the chain was miscompiled: it will never end. Called like OnDone.
  virtual void OnStuck() = 0;

  void Bind(ThreadContext* context, CancelScope* scope, std::string_view name) {
    executor_ = context == nullptr ? nullptr : context->executor;
    scope_ = scope;
    name_ = name;
    finished_ = false;
  }

 private:
  friend class PromiseBase;
  friend void Resume(std::coroutine_handle<> handle, PromiseBase* promise) noexcept;
  friend void ReportStuck(PromiseBase& promise);

  // Goes on with what was put off until the next turn of the loop.
  void Run() final;

  Executor* executor_ = nullptr;
  CancelScope* scope_ = nullptr;
  std::string_view name_;
  std::coroutine_handle<> yielded_;
  PromiseBase* yielded_promise_ = nullptr;
  bool finished_ = false;
};

// Resumes `handle`, whose promise is `promise` (null for one that is not Weft's), with the thread's
// context set for it, and tells its root when the chain has ended or was found to be stuck.
void Resume(std::coroutine_handle<> handle, PromiseBase* promise) noexcept;

// How many tasks may complete one after the other before the loop gets a turn. Where sibling calls
// are not optimised (sanitizer builds), each of them costs two stack frames.
inline constexpr std::uint32_t kMaxInlineCompletions = 64;

// The part of a task's promise that does not depend on its type.
class PromiseBase {
 public:
  PromiseBase() = default;
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;

  static void* operator new(std::size_t size) { return AllocateFrame(size); }
  static void operator delete(void* frame, std::size_t) noexcept { FreeFrame(frame); }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  CancelScope* scope() const { return root_ == nullptr ? nullptr : root_->scope(); }
  RootBase* root() const { return root_; }
  bool stuck() const { return stuck_; }

  // The coroutine of this promise goes on.
  void Enter() {
    ThreadContext* context = CurrentThreadContext();
    if (context != nullptr && context->running != this) {
      context->running = this;
      context->scope = scope();
    }
  }

  // It suspends.
  static void Leave() {
    ThreadContext* context = CurrentThreadContext();
    if (context != nullptr) {
      context->running = nullptr;
      context->scope = nullptr;
    }
  }

  void SetRoot(RootBase* root) { root_ = root; }

  // `parent` waits for this coroutine, which starts now.
  template <typename P>
  void StartFor(std::coroutine_handle<P> parent) {
    continuation_ = parent;
    if constexpr (std::is_base_of_v<PromiseBase, P>) {
      parent_ = &parent.promise();
      root_ = parent_->root_;
    }
    if (ThreadContext* context = CurrentThreadContext()) context->running = this;
  }

  // It has ended: the one to run next.
  std::coroutine_handle<> Finish() noexcept {
    if (parent_ == nullptr) return FinishChain();
    ThreadContext* context = CurrentThreadContext();
    if (context != nullptr) {
      if (++context->inline_completions >= kMaxInlineCompletions) return GiveLoopATurn(*context);
      context->running = parent_;
    }
    return continuation_;
  }

 protected:
  ~PromiseBase() = default;

  enum class Outcome : std::uint8_t { kNone, kValue, kException };
  Outcome outcome_ = Outcome::kNone;

 private:
  friend void ReportStuck(PromiseBase& promise);

  std::coroutine_handle<> FinishChain() noexcept;
  std::coroutine_handle<> GiveLoopATurn(ThreadContext& context) noexcept;

  bool stuck_ = false;
  std::coroutine_handle<> continuation_;
  PromiseBase* parent_ = nullptr;
  RootBase* root_ = nullptr;
};

// A suspended coroutine, as the awaiters of Weft keep it. The coroutine may be destroyed meanwhile
// by its owner: the awaiter, which dies with it, drops this then. Loop thread only.
class Continuation {
 public:
  Continuation() = default;
  template <typename P>
  explicit Continuation(std::coroutine_handle<P> handle) : handle_(handle) {
    if constexpr (std::is_base_of_v<PromiseBase, P>) {
      promise_ = &handle.promise();
      scope_ = promise_->scope();
    } else if (ThreadContext* context = CurrentThreadContext()) {
      scope_ = context->scope;
    }
  }

  explicit operator bool() const { return handle_ != nullptr; }
  // The scope that the coroutine runs under; may be null.
  CancelScope* scope() const { return scope_; }
  RootBase* root() const { return promise_ == nullptr ? nullptr : promise_->root(); }

  // Runs the coroutine until it suspends or ends. It may destroy the object that holds this
  // continuation.
  void Resume() {
    PromiseBase* promise = promise_;
    internal::Resume(std::exchange(handle_, nullptr), promise);
  }

 private:
  std::coroutine_handle<> handle_;
  PromiseBase* promise_ = nullptr;
  CancelScope* scope_ = nullptr;
};

// Wraps what a task awaits, so that the task's promise knows whether its coroutine runs or waits.
template <typename Awaiter>
class TrackedAwait {
 public:
  template <typename Awaitable, typename GetAwaiter>
  TrackedAwait(Awaitable&& awaitable, PromiseBase& promise, GetAwaiter get_awaiter)
      : awaiter_(get_awaiter(std::forward<Awaitable>(awaitable))), promise_(promise) {}

  bool await_ready() noexcept(noexcept(std::declval<Awaiter&>().await_ready())) {
    return static_cast<bool>(awaiter_.await_ready());
  }
  template <typename P>
  auto await_suspend(std::coroutine_handle<P> handle) {
    // Before: afterwards the coroutine may run already, or this may be gone.
    PromiseBase::Leave();
    return awaiter_.await_suspend(handle);
  }
  decltype(auto) await_resume() {
    promise_.Enter();
    return awaiter_.await_resume();
  }

 private:
  Awaiter awaiter_;
  PromiseBase& promise_;
};

template <typename A>
concept HasMemberCoAwait = requires(A&& a) { static_cast<A&&>(a).operator co_await(); };
template <typename A>
concept HasFreeCoAwait = requires(A&& a) { operator co_await(static_cast<A&&>(a)); };

}  // namespace weft::internal
