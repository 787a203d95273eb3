// Layer: coro.
#pragma once

#include <memory>

#include "weft/clock.h"
#include "weft/internal/intrusive_list.h"

namespace weft::internal {

// What a scope that spans two threads shares with the nodes linked in it.
struct CancelGuard;

// A node's share of it, apart from the node since its scope sets it.
class CancelGuardLink {
 private:
  friend class CancelNode;
  friend class CancelScope;
  std::shared_ptr<CancelGuard> guard_;  // while linked in a scope that spans two threads
};

// Something that ends early when its scope is cancelled: a wait, a child call, a nested scope.
// Unlinks itself when destroyed. Loop thread only, unless its scope says otherwise.
class CancelNode : public ListHook<CancelNode>, public CancelGuardLink {
 public:
  // Called once, already unlinked. May unlink, link or destroy any node or scope, itself included.
  virtual void OnCancelled() = 0;

  // Does nothing when not linked. When it returns, OnCancelled is not running on another thread and
  // never will be.
  void Unlink() {
    if (guard_ != nullptr) [[unlikely]]
      UnlinkGuarded();
    else
      ListHook::Unlink();
  }

 protected:
  CancelNode() = default;
  // Too late for a node in a scope that spans two threads: whoever derives unlinks it before.
  ~CancelNode() { Unlink(); }

 private:
  void UnlinkGuarded();
};

// The cancellation and the deadline of one call (or spawned task) and of all that it waits for. The
// owner keeps it alive longer than the coroutines that run under it. Reusable after Reset. Loop
// thread only, unless it was made to span two threads.
class CancelScope final : private CancelNode {
 public:
  // For a blocking handler: its worker thread links and unlinks while the loop cancels. OnCancelled
  // then runs on the loop's thread, so no scope may nest in it; BlockOn passes it on to its own.
  // Still one owner: Cancel and Reset are the loop's.
  struct SpansTwoThreads {};

  CancelScope() = default;
  explicit CancelScope(SpansTwoThreads);
  ~CancelScope() = default;

  bool cancelled() const { return cancelled_; }
  // kNever when there is none. The owner watches the clock and calls Cancel; waits only need to
  // know it.
  TimePoint deadline() const { return deadline_; }
  // Keeps the earlier of the present deadline and this one.
  void LowerDeadline(TimePoint deadline) {
    if (deadline < deadline_) deadline_ = deadline;
  }

  // Ends every linked node, in the order of linking; those that are linked meanwhile are refused.
  // Does nothing the second time. The scope may be reset or destroyed by what it calls.
  void Cancel();

  // False, and not linked, when the scope is cancelled already: then the caller ends its wait
  // itself.
  [[nodiscard]] bool Link(CancelNode& node) {
    if (span_ != nullptr) [[unlikely]]
      return LinkGuarded(node);
    if (cancelled_) return false;
    nodes_.PushBack(node);
    return true;
  }

  // Takes on the deadline and the cancellation of `parent`, present and future; `parent` may die
  // first. At most one parent until Reset.
  void NestIn(CancelScope& parent);

  // As new. Nodes that are still linked are let go without a call.
  void Reset();

 private:
  void OnCancelled() override { Cancel(); }
  bool LinkGuarded(CancelNode& node);
  void CancelGuarded();

  const std::shared_ptr<CancelGuard> span_;  // null: one thread
  IntrusiveList<CancelNode, CancelNode> nodes_;
  TimePoint deadline_ = kNever;
  bool cancelled_ = false;
};

}  // namespace weft::internal
