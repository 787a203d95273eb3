#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "base/intrusive_list.h"
#include "http/stream.h"

namespace weft::internal {

// A connection that calls are made over, of whatever kind. Owned by its shard; loop thread only.
class ClientConnection : public ListHook<> {
 public:
  // What the shard hears of it. May not destroy the connection from inside, but for OnDown.
  class Events {
   public:
    // Calls can be made.
    virtual void OnUp(ClientConnection& connection) = 0;
    // It takes no new calls; those that are open run on.
    virtual void OnGoingAway(ClientConnection& connection) = 0;
    // There is room for a call again.
    virtual void OnCapacity(ClientConnection& connection) = 0;
    // It is over; all calls have heard of it. The connection may be destroyed.
    virtual void OnDown(ClientConnection& connection, const absl::Status& why) = 0;

   protected:
    ~Events() = default;
  };

  virtual ~ClientConnection() = default;

  virtual bool can_open() const = 0;
  // Only when can_open(). The request's head is to be filled and sent by the caller. A priority
  // that is given is said to the server.
  virtual HttpStream& OpenStream(HttpStreamEvents& events, std::string_view path,
                                 std::optional<Priority> priority) = 0;
  // Lets the open calls end, then goes down.
  virtual void Drain() = 0;
  // Goes down soon.
  virtual void Close(const absl::Status& why) = 0;
  virtual const std::string& peer() const = 0;
  // Static for as long as the channel lives.
  virtual std::string_view user_agent() const = 0;
};

}  // namespace weft::internal
