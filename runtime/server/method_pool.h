#pragma once

#include "base/object_pool.h"
#include "server/call_environment.h"
#include "weft/service.h"

namespace weft::internal {

class ServerCall;

// The calls of one method on one loop, for reuse. Owned by the shard, which trims it; loop thread
// only.
class MethodPool {
 public:
  MethodPool(const Method& method, Service& service, CallEnvironment& environment);
  MethodPool(const MethodPool&) = delete;
  ~MethodPool();

  ServerCall& Acquire();
  void Release(ServerCall& call);
  // Gives back the calls that were not needed since the last Trim.
  void Trim();
  std::size_t idle() const { return calls_.idle(); }

  const Method& method() const { return method_; }
  Service& service() const { return service_; }

 private:
  const Method& method_;
  Service& service_;
  CallEnvironment& environment_;
  ObjectPool<ServerCall> calls_;
};

}  // namespace weft::internal
