#include "weft/stub.h"

#include "client/channel_core.h"
#include "weft/channel.h"

namespace weft {

StubBase::StubBase(const Channel& channel) : channel_(channel.core_) {}

internal::CallHandle StubBase::StartWithRequest(const MethodInfo& method, ClientContext* context,
                                                const internal::MessageInput& request) const {
  return internal::CallHandle(channel_->StartCall(method, context, &request));
}

internal::CallHandle StubBase::StartStream(const MethodInfo& method, ClientContext* context) const {
  return internal::CallHandle(channel_->StartCall(method, context, nullptr));
}

}  // namespace weft
