// Layer: coro.
#pragma once

#include "weft/clock.h"
#include "weft/internal/intrusive_list.h"

namespace weft::internal {

// Something that ends early when its scope is cancelled: a wait, a child call, a nested scope.
// Unlinks itself when destroyed. Loop thread only.
class CancelNode : public ListHook<CancelNode> {
 public:
  // Called once, already unlinked. May unlink, link or destroy any node or scope, itself included.
  virtual void OnCancelled() = 0;

 protected:
  ~CancelNode() = default;
};

// The cancellation and the deadline of one call (or spawned task) and of all that it waits for. The
// owner keeps it alive longer than the coroutines that run under it. Reusable after Reset. Loop
// thread only.
class CancelScope final : private CancelNode {
 public:
  CancelScope() = default;
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

  IntrusiveList<CancelNode, CancelNode> nodes_;
  TimePoint deadline_ = kNever;
  bool cancelled_ = false;
};

}  // namespace weft::internal
