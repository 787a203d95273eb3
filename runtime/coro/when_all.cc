#include "weft/internal/when_all_state.h"

namespace weft::internal {

// The waiting coroutine can't end any more, and so neither can the chain that it belongs to.
void WhenAllState::Stuck() {
  if (RootBase* root = continuation_.root()) root->TellStuck();
}

}  // namespace weft::internal
