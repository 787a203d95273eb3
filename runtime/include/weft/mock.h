// Layer: services.
#pragma once

#include "weft/channel.h"
#include "weft/server.h"

namespace weft {

class Service;

// What stands behind a generated MockStub: a server in this process that has the mock as its one
// service, and a channel to it. Owned by the mock, whose last member it is. Calls arrive on worker
// threads.
class MockHost final {
 public:
  explicit MockHost(Service& service);
  MockHost(const MockHost&) = delete;

  const Channel& channel() const { return channel_; }

 private:
  Server server_;
  Channel channel_;  // goes first
};

}  // namespace weft
