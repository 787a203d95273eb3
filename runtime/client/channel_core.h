#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "base/object_pool.h"
#include "client/client_shard.h"
#include "io/address.h"
#include "io/dns.h"
#include "io/loop_thread.h"
#include "weft/channel.h"
#include "weft/internal/in_process.h"

namespace weft::internal {

// The inside of a weft::Channel: its shards, one a loop, and what they share. Shared by the
// channel, its stubs and its calls; after Shutdown it is an empty shell. Threads as weft::Channel
// says.
class ChannelCore final : public std::enable_shared_from_this<ChannelCore> {
 public:
  ChannelCore(std::string_view target, InProcessHost* server, const ChannelOptions& options);
  ChannelCore(const ChannelCore&) = delete;
  ~ChannelCore();

  // Starts a call that sends one message, or one that streams (`request` null). Any thread.
  ClientCall* StartCall(const MethodInfo& method, ClientContext* context,
                        const MessageInput* request);
  // Ends all calls, connections and the own thread. Dies on that thread.
  void Shutdown();

  // A call that nobody refers to any more. Any thread.
  void ReleaseCall(ClientCall& call, ClientShard& shard);
  // Gives back the calls of other threads that were not needed for a trim interval; returns how
  // many are still kept. Any thread.
  std::size_t TrimCalls(TimePoint now);

  const ChannelOptions& options() const { return options_; }
  // That a call was started says that it is there.
  const Target& target() const { return *target_; }
  std::string_view authority() const { return authority_; }
  std::string_view user_agent() const { return user_agent_; }
  DnsResolver& resolver() { return resolver_; }
  // Null: a peer over sockets.
  const std::shared_ptr<InProcessHost::Link>& in_process_server() const { return server_; }

 private:
  ClientShard& PickShard();
  std::unique_ptr<ClientCall> AcquireCall(ClientShard& shard);

  const ChannelOptions options_;
  const absl::StatusOr<Target> target_;
  const absl::Status fault_;  // why no call can be made, ever
  const std::shared_ptr<InProcessHost::Link> server_;
  std::string authority_;
  std::string user_agent_;
  DnsResolver resolver_;
  std::unique_ptr<LoopThread> own_thread_;  // null: the user runs the loops

  // The calls of users on other threads, for reuse. Before the shards: until a shard has left its
  // loop, that may trim them.
  std::mutex mutex_;
  ObjectPool<ClientCall> calls_;
  TimePoint last_trim_{};

  std::vector<std::unique_ptr<ClientShard>> shards_;
  std::atomic<bool> shut_down_{false};
};

}  // namespace weft::internal
