#include "weft/internal/cancel_scope.h"

namespace weft::internal {

void CancelScope::Cancel() {
  if (cancelled_) return;
  cancelled_ = true;
  // From a list of its own: a callback may destroy or reset this scope.
  IntrusiveList<CancelNode, CancelNode> nodes;
  nodes.Splice(nodes_);
  while (CancelNode* node = nodes.PopFront()) node->OnCancelled();
}

void CancelScope::NestIn(CancelScope& parent) {
  LowerDeadline(parent.deadline_);
  if (!parent.Link(*this)) Cancel();
}

void CancelScope::Reset() {
  Unlink();
  while (nodes_.PopFront() != nullptr) {
  }
  deadline_ = kNever;
  cancelled_ = false;
}

}  // namespace weft::internal
