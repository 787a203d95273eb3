#include "weft/mock.h"

#include "base/check.h"
#include "weft/service.h"

namespace weft {

MockHost::MockHost(Service& service) : server_(ServerOptions().set_loops(1)), channel_(server_) {
  if (service.methods().empty()) return;  // nothing to call
  server_.Register(service);
  internal::Check(server_.Start().ok(), "a mock's server could not be started");
}

}  // namespace weft
