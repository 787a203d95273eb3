// Layer: transport.
#pragma once

namespace weft {
class EventLoop;
}

namespace weft::internal {

class InProcessEndpoint;

// What a channel in the same process can connect to: a weft::Server.
class InProcessHost {
 public:
  // The endpoint on `prefer` when the host runs on that loop, else that with the fewest
  // connections; null when the host does not run. Any thread.
  virtual InProcessEndpoint* PickEndpoint(const EventLoop* prefer) = 0;

 protected:
  ~InProcessHost() = default;
};

}  // namespace weft::internal
