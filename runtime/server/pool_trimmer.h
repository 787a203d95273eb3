#pragma once

#include <memory>
#include <vector>

#include "buffer/limits.h"
#include "io/loop_core.h"
#include "weft/internal/timer_node.h"

namespace weft::internal {

class MethodPool;

// Trims the pools of one loop's methods, once in a while as long as something lies idle in one of
// them; a server without calls is not woken. Owned by the shard; loop thread only.
class PoolTrimmer final : public TimerNode {
 public:
  PoolTrimmer(LoopCore& loop, const std::vector<std::unique_ptr<MethodPool>>& pools)
      : loop_(loop), pools_(pools) {}

  void CallReleased() {
    if (!armed()) [[unlikely]]
      loop_.timers().Arm(*this, loop_.Now() + kPoolTrimInterval);
  }

 private:
  void OnTimer() override;

  LoopCore& loop_;
  const std::vector<std::unique_ptr<MethodPool>>& pools_;
};

}  // namespace weft::internal
