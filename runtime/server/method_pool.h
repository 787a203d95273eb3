#pragma once

#include <cstddef>
#include <memory>

#include "base/object_pool.h"
#include "server/call_environment.h"
#include "server/message_stash.h"
#include "weft/service.h"

namespace weft::internal {

class ServerCall;

// The calls of one method on one loop, with their messages, for reuse. Owned by the shard, which
// trims it; loop thread only.
class MethodPool {
 public:
  MethodPool(const Method& method, Service& service, CallEnvironment& environment);
  MethodPool(const MethodPool&) = delete;
  ~MethodPool();

  ServerCall& Acquire();
  void Release(ServerCall& call);
  // Gives back the calls and messages that were not needed since the last Trim; returns how many of
  // the former and how many bytes of the latter are left.
  std::size_t Trim();
  std::size_t idle() const { return calls_.idle(); }
  // Null where they are raw bytes.
  MessageStash* requests() const { return requests_.get(); }
  MessageStash* replies() const { return replies_.get(); }

  const Method& method() const { return method_; }
  Service& service() const { return service_; }

 private:
  const Method& method_;
  Service& service_;
  CallEnvironment& environment_;
  const std::shared_ptr<MessageStash> requests_;
  const std::shared_ptr<MessageStash> replies_;
  ObjectPool<ServerCall> calls_;
};

}  // namespace weft::internal
