#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "server/call_environment.h"
#include "weft/service.h"

namespace weft::internal {

class ServerCall;

// The calls of one method on one loop, for reuse. Owned by the shard; loop thread only.
class MethodPool {
 public:
  MethodPool(const Method& method, Service& service, CallEnvironment& environment);
  MethodPool(const MethodPool&) = delete;
  ~MethodPool();

  ServerCall& Acquire();
  void Release(ServerCall& call);

  const Method& method() const { return method_; }
  Service& service() const { return service_; }

 private:
  const Method& method_;
  Service& service_;
  CallEnvironment& environment_;
  std::vector<std::unique_ptr<ServerCall>> idle_;
};

}  // namespace weft::internal
