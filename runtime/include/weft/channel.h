// Layer: client.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/clock.h"
#include "weft/flush_policy.h"

namespace weft {

class EventLoop;
namespace internal {
class ChannelCore;
class InProcessHost;
}  // namespace internal

// How a channel behaves. The defaults are gRPC's where it has one. Setters take anything: on a
// channel with a value that is out of its range every call fails with INTERNAL and a text that
// names the option.
class ChannelOptions {
 public:
  ChannelOptions() = default;

  // Runs the channel's connections on this loop, which the user runs (while nobody does, no call
  // ends, not even by its deadline), instead of on a thread of the channel's own. May be said
  // several times: a call from one of these loops stays on it, and those of any other thread all go
  // to the same one. When a loop ends, its calls end with UNAVAILABLE; it may be destroyed before
  // the channel, but not while another thread makes a call.
  ChannelOptions& add_loop(EventLoop& loop) { return loops_.push_back(&loop), *this; }
  // What the calls ask for as their authority. Default: the target's host and port.
  ChannelOptions& set_authority(std::string_view name) { return authority_ = name, *this; }
  // The largest message that is accepted, in bytes, and the largest that is sent; 1 or more.
  // Default: 4 MiB, unlimited.
  ChannelOptions& set_receive_limit(std::size_t bytes) { return receive_limit_ = bytes, *this; }
  ChannelOptions& set_send_limit(std::size_t bytes) { return send_limit_ = bytes, *this; }
  // How long one attempt to connect may take, and the pauses between failed ones: the first,
  // growing by 1.6 up to the longest, each +-20 %, counted from the start of the attempt. All above
  // 0, the longest not below the first and at most a year. Default: 20 s, 1 s, 120 s.
  ChannelOptions& set_connect_timeout(Duration t) { return connect_timeout_ = t, *this; }
  ChannelOptions& set_backoff(Duration first, Duration longest) {
    return first_backoff_ = first, longest_backoff_ = longest, *this;
  }
  // Of the bytes sent on a connection while less urgent calls wait, these get this share, so that
  // they are slowed but never starved: 0 (strict order) to 0.5. Default: 0.05.
  ChannelOptions& set_priority_floor(double share) { return priority_floor_ = share, *this; }
  // When requests are written; a method's own policy (weft/options.proto) goes before it. Default:
  // FlushPolicy::EachPass().
  ChannelOptions& set_flush_policy(FlushPolicy policy) { return flush_policy_ = policy, *this; }
  // Goes before Weft's own name in the user-agent.
  ChannelOptions& set_user_agent(std::string_view name) { return user_agent_ = name, *this; }

  const std::vector<EventLoop*>& loops() const { return loops_; }
  const std::string& authority() const { return authority_; }
  std::size_t receive_limit() const { return receive_limit_; }
  std::size_t send_limit() const { return send_limit_; }
  Duration connect_timeout() const { return connect_timeout_; }
  Duration first_backoff() const { return first_backoff_; }
  Duration longest_backoff() const { return longest_backoff_; }
  double priority_floor() const { return priority_floor_; }
  FlushPolicy flush_policy() const { return flush_policy_; }
  const std::string& user_agent() const { return user_agent_; }

 private:
  std::vector<EventLoop*> loops_;
  std::string authority_;
  std::size_t receive_limit_ = std::size_t{4} << 20;
  std::size_t send_limit_ = static_cast<std::size_t>(-1);
  Duration connect_timeout_ = std::chrono::seconds(20);
  Duration first_backoff_ = std::chrono::seconds(1);
  Duration longest_backoff_ = std::chrono::seconds(120);
  double priority_floor_ = 0.05;
  FlushPolicy flush_policy_;
  std::string user_agent_;
};

// A way to a server: connects when the first call needs it, keeps one connection a loop, connects
// anew with growing pauses when it was lost. Safe to use from any thread. Made without loops, it
// owns one thread.
//
// Destroying it cancels its calls; not on its own thread. Stubs that are left over answer
// UNAVAILABLE.
class Channel final {
 public:
  // "dns:///host:port", "host:port", "ipv4:1.2.3.4:80", "ipv6:[::1]:80", "unix:/path",
  // "unix-abstract:name". A target without a port means 443, as everywhere in gRPC; but that port
  // is for TLS, which Weft does not speak, so name the port. A target that can't be understood
  // makes every call fail at once, with INTERNAL (gRPC keeps INVALID_ARGUMENT for what servers say)
  // and a text that says so.
  explicit Channel(std::string_view target, const ChannelOptions& options = ChannelOptions());
  // To a weft::Server in this process: no sockets, no HTTP/2, the same calls. They fail with
  // UNAVAILABLE while it does not run and when it was destroyed.
  explicit Channel(internal::InProcessHost& server,
                   const ChannelOptions& options = ChannelOptions());
  Channel(Channel&&) noexcept;
  ~Channel();

 private:
  friend class StubBase;
  std::shared_ptr<internal::ChannelCore> core_;
};

}  // namespace weft
