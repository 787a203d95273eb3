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

void MethodPool::Trim() { calls_.Trim(); }

void MethodPool::Release(ServerCall& call) { calls_.Release(std::unique_ptr<ServerCall>(&call)); }

}  // namespace weft::internal
