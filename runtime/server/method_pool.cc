#include "server/method_pool.h"

#include <memory>

#include "buffer/limits.h"
#include "server/server_call.h"

namespace weft::internal {

namespace {

std::shared_ptr<MessageStash> Stash(const google::protobuf::MessageLite& (*prototype)(),
                                    const CallEnvironment& environment) {
  if (prototype == nullptr) return nullptr;
  return std::make_shared<MessageStash>(prototype, environment.stashed_bytes);
}

}  // namespace

MethodPool::MethodPool(const Method& method, Service& service, CallEnvironment& environment)
    : method_(method),
      service_(service),
      environment_(environment),
      requests_(Stash(method.info->request, environment)),
      replies_(Stash(method.info->reply, environment)),
      calls_(kKeptCalls) {}

MethodPool::~MethodPool() {
  for (const std::shared_ptr<MessageStash>& stash : {requests_, replies_}) {
    if (stash != nullptr) stash->Close();
  }
}

ServerCall& MethodPool::Acquire() {
  return *calls_.Acquire([this] { return std::make_unique<ServerCall>(*this, environment_); })
              .release();
}

std::size_t MethodPool::Trim() {
  calls_.Trim();
  std::size_t left = calls_.idle();
  for (MessageStash* stash : {requests_.get(), replies_.get()}) {
    if (stash != nullptr) left += stash->Trim();
  }
  return left;
}

void MethodPool::Release(ServerCall& call) { calls_.Release(std::unique_ptr<ServerCall>(&call)); }

}  // namespace weft::internal
