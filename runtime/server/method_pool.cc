#include "server/method_pool.h"

#include <memory>

#include "buffer/limits.h"
#include "server/server_call.h"

namespace weft::internal {

MethodPool::MethodPool(const Method& method, Service& service, CallEnvironment& environment)
    : method_(method), service_(service), environment_(environment), calls_(kKeptCalls) {}

MethodPool::~MethodPool() = default;

ServerCall& MethodPool::Acquire() {
  return *calls_.Acquire([this] { return std::make_unique<ServerCall>(*this, environment_); })
              .release();
}

void MethodPool::Release(ServerCall& call) {
  calls_.Release(std::unique_ptr<ServerCall>(&call));
  environment_.trimmer.CallReleased();
}

bool MethodPool::Trim() {
  calls_.Trim();
  return calls_.idle() > 0;
}

void PoolTrimmer::OnTimer() {
  bool any_idle = false;
  for (const std::unique_ptr<MethodPool>& pool : pools_) any_idle |= pool->Trim();
  if (any_idle) loop_.timers().Arm(*this, loop_.Now() + kPoolTrimInterval);
}

}  // namespace weft::internal
