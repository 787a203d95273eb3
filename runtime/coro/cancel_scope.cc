#include "weft/internal/cancel_scope.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"

namespace weft::internal {

// Guards the list and the flag of its scope. Held by the nodes too, since one may be unlinked when
// the scope is gone.
struct CancelGuard {
  std::mutex mutex;
  std::condition_variable told;
  // Whose OnCancelled runs, and on which thread. The node may be gone already: only for comparing.
  const CancelNode* telling = nullptr;
  std::thread::id teller;
};

void CancelNode::UnlinkGuarded() {
  const std::shared_ptr<CancelGuard> guard = std::exchange(guard_, nullptr);
  std::unique_lock lock(guard->mutex);
  if (guard->teller != std::this_thread::get_id()) {
    guard->told.wait(lock, [&] { return guard->telling != this; });
  }
  ListHook::Unlink();
}

CancelScope::CancelScope(SpansTwoThreads) : span_(std::make_shared<CancelGuard>()) {}

bool CancelScope::LinkGuarded(CancelNode& node) {
  std::lock_guard lock(span_->mutex);
  if (cancelled_) return false;
  node.guard_ = span_;
  nodes_.PushBack(node);
  return true;
}

void CancelScope::Cancel() {
  if (span_ != nullptr) {
    CancelGuarded();
    return;
  }
  if (cancelled_) return;
  cancelled_ = true;
  // From a list of its own: a callback may destroy or reset this scope.
  IntrusiveList<CancelNode, CancelNode> nodes;
  nodes.Splice(nodes_);
  while (CancelNode* node = nodes.PopFront()) node->OnCancelled();
}

void CancelScope::CancelGuarded() {
  const std::shared_ptr<CancelGuard> guard = span_;
  std::unique_lock lock(guard->mutex);
  if (cancelled_) return;
  cancelled_ = true;
  guard->teller = std::this_thread::get_id();
  IntrusiveList<CancelNode, CancelNode> nodes;
  nodes.Splice(nodes_);
  while (CancelNode* node = nodes.PopFront()) {
    guard->telling = node;
    lock.unlock();
    node->OnCancelled();
    lock.lock();
    guard->telling = nullptr;
    guard->told.notify_all();
  }
  guard->teller = {};
}

void CancelScope::NestIn(CancelScope& parent) {
  Check(span_ == nullptr && parent.span_ == nullptr,
        "a cancel scope that spans two threads can neither nest nor be nested in");
  LowerDeadline(parent.deadline_);
  if (!parent.Link(*this)) Cancel();
}

void CancelScope::Reset() {
  Unlink();
  std::unique_lock<std::mutex> lock;
  if (span_ != nullptr) lock = std::unique_lock(span_->mutex);
  while (nodes_.PopFront() != nullptr) {
  }
  deadline_ = kNever;
  cancelled_ = false;
}

}  // namespace weft::internal
