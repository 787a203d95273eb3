#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/client_connection.h"
#include "transport/in_process.h"

namespace weft::internal {

class ChannelCore;

// A ClientConnection to a server in this process.
class InProcessConnection final : public ClientConnection, private InProcessSide::Owner {
 public:
  InProcessConnection(ChannelCore& channel, LoopCore& loop, InProcessEndpoint& server,
                      Events& events);

  bool can_open() const override { return side_->can_open(); }
  HttpStream& OpenStream(HttpStreamEvents& events, std::string_view path,
                         std::optional<Priority> priority) override;
  void Drain() override { side_->Drain(); }
  void Close(const absl::Status& why) override { side_->Close(why); }
  const std::string& peer() const override { return peer_; }
  std::string_view user_agent() const override;

 private:
  void OnUp() override { events_.OnUp(*this); }
  void OnGoingAway() override { events_.OnGoingAway(*this); }
  void OnCapacity() override { events_.OnCapacity(*this); }
  void OnSideClosed(const absl::Status& why) override;

  ChannelCore& channel_;
  Events& events_;
  const std::string peer_ = "inproc";
  const std::unique_ptr<InProcessSide> side_;
};

}  // namespace weft::internal
