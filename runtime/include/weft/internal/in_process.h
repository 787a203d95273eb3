// Layer: transport.
#pragma once

#include <memory>
#include <mutex>

namespace weft {
class EventLoop;
}

namespace weft::internal {

class InProcessEndpoint;

// What a channel in the same process can connect to: a weft::Server.
class InProcessHost {
 public:
  // How others keep a host that may be destroyed: under the lock it is there, or null. Any thread.
  struct Link {
    std::mutex mutex;
    InProcessHost* host = nullptr;
  };
  InProcessHost() : link_(std::make_shared<Link>()) { link_->host = this; }
  InProcessHost(const InProcessHost&) = delete;
  InProcessHost& operator=(const InProcessHost&) = delete;

  const std::shared_ptr<Link>& link() const { return link_; }
  // The endpoint on `prefer` when the host runs on that loop, else that with the fewest
  // connections; null when the host does not run. Any thread.
  virtual InProcessEndpoint* PickEndpoint(const EventLoop* prefer) = 0;

 protected:
  ~InProcessHost() { Sever(); }
  // Nobody finds the host from here on. To be said by the destructors of those who derive, while
  // PickEndpoint can still be called.
  void Sever() {
    std::lock_guard lock(link_->mutex);
    link_->host = nullptr;
  }

 private:
  const std::shared_ptr<Link> link_;
};

}  // namespace weft::internal
