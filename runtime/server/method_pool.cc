#include "server/method_pool.h"

#include "buffer/limits.h"
#include "server/server_call.h"

namespace weft::internal {

MethodPool::MethodPool(const Method& method, Service& service, CallEnvironment& environment)
    : method_(method), service_(service), environment_(environment) {}

MethodPool::~MethodPool() = default;

ServerCall& MethodPool::Acquire() {
  if (idle_.empty()) return *new ServerCall(*this, environment_);
  ServerCall* call = idle_.back().release();
  idle_.pop_back();
  return *call;
}

void MethodPool::Release(ServerCall& call) {
  std::unique_ptr<ServerCall> owned(&call);
  if (idle_.size() < kKeptCalls) idle_.push_back(std::move(owned));
}

}  // namespace weft::internal
