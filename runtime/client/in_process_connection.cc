#include "client/in_process_connection.h"

#include "client/channel_core.h"

namespace weft::internal {

InProcessConnection::InProcessConnection(ChannelCore& channel, LoopCore& loop,
                                         InProcessEndpoint& server, Events& events)
    : channel_(channel), events_(events), side_(InProcessSide::Connect(loop, server, *this)) {}

HttpStream& InProcessConnection::OpenStream(HttpStreamEvents& events, std::string_view path,
                                            std::optional<Priority>) {
  return side_->OpenStream(events, channel_.authority(), path);
}

std::string_view InProcessConnection::user_agent() const { return channel_.user_agent(); }

void InProcessConnection::OnSideClosed(const absl::Status& why) {
  events_.OnDown(*this, why.ok() ? absl::UnavailableError(
                                       "the connection was closed by the server in this process")
                                 : why);  // may destroy this
}

}  // namespace weft::internal
