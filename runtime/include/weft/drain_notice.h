// Layer: server.
#pragma once

#include <utility>

#include "absl/functional/any_invocable.h"

#include "weft/internal/intrusive_list.h"

namespace weft {

class ServerContext;
namespace internal {
class Shard;
}

// Tells a coroutine handler that its server has begun to shut down and waits for the calls to end.
// For streams that have no end of their own, such as a watch: without it they run until they are
// cancelled.
//
//   weft::Event wake;
//   weft::DrainNotice notice(context, [&wake] { wake.Set(); });
//
// Made and destroyed by the handler, on its loop.
class DrainNotice final : public internal::ListHook<> {
 public:
  // `callback` runs on the loop, once: at once if the server drains already, never if the notice
  // dies first.
  DrainNotice(ServerContext& context, absl::AnyInvocable<void()> callback);

  bool given() const { return given_; }

 private:
  friend class internal::Shard;
  void Give() {
    given_ = true;
    callback_();
  }

  absl::AnyInvocable<void()> callback_;
  bool given_ = false;
};

}  // namespace weft
