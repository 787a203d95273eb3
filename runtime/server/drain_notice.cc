#include "weft/drain_notice.h"

#include "server/server_call.h"

namespace weft {

DrainNotice::DrainNotice(ServerContext& context, absl::AnyInvocable<void()> callback)
    : callback_(std::move(callback)) {
  internal::CallEnvironment& environment = context.call_.environment();
  if (environment.draining) {
    Give();
  } else {
    environment.drain_notices.PushBack(*this);
  }
}

}  // namespace weft
