#include "weft/channel.h"

#include "client/channel_core.h"

namespace weft {

Channel::Channel(std::string_view target, const ChannelOptions& options)
    : core_(std::make_shared<internal::ChannelCore>(target, nullptr, options)) {}

Channel::Channel(internal::InProcessHost& server, const ChannelOptions& options)
    : core_(std::make_shared<internal::ChannelCore>(std::string_view(), &server, options)) {}

Channel::Channel(Channel&&) noexcept = default;

Channel::~Channel() {
  if (core_ != nullptr) core_->Shutdown();
}

}  // namespace weft
