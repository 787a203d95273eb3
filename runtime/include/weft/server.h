// Layer: server.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "weft/clock.h"
#include "weft/flush_policy.h"
#include "weft/internal/in_process.h"
#include "weft/memory_budget.h"

namespace weft {

class EventLoop;
class Service;
namespace internal {
class ServerCore;
}

// How a server behaves. The defaults are gRPC's where it has one. Setters take anything: Start and
// Run answer INVALID_ARGUMENT for a value that is out of its range and name the option.
class ServerOptions {
 public:
  ServerOptions() = default;

  // Event loops, each on a thread of its own, up to 1,024. Default (and 0): one per core that the
  // process may use, by its CPU affinity and its cgroups' quotas.
  ServerOptions& set_loops(int loops) { return loops_ = loops, *this; }
  // Serves on this loop, which the user runs and which must outlive the server, instead of on loops
  // of the server's own. May be said several times. Start comes before the loops run, or on the
  // thread of the only one. A loop should run until Shutdown has returned: where it ends before,
  // its calls are cancelled, and blocking handlers that still run are waited for by the destructor.
  ServerOptions& add_loop(EventLoop& loop) { return given_loops_.push_back(&loop), *this; }
  // Threads for blocking handlers, started when first needed, and how many calls may wait for one;
  // beyond it calls are answered RESOURCE_EXHAUSTED. Default: 4 per core (and for 0), 1,024.
  ServerOptions& set_workers(int threads) { return workers_ = threads, *this; }
  ServerOptions& set_worker_queue(std::size_t calls) { return worker_queue_ = calls, *this; }
  // The largest message that is accepted, in bytes, and the largest that is sent; 1 or more.
  // Default: 4 MiB, unlimited.
  ServerOptions& set_receive_limit(std::size_t bytes) { return receive_limit_ = bytes, *this; }
  ServerOptions& set_send_limit(std::size_t bytes) { return send_limit_ = bytes, *this; }
  // Streams that one connection may have open; 1 or more. Default: 1,000.
  ServerOptions& set_max_concurrent_streams(std::size_t n) { return max_streams_ = n, *this; }
  // Of the bytes sent on a connection while less urgent calls wait, these get this share, so that
  // they are slowed but never starved: 0 (strict order) to 0.5. Default: 0.05.
  ServerOptions& set_priority_floor(double share) { return priority_floor_ = share, *this; }
  // Whether what clients say of their calls' priorities (RFC 9218) counts, where the handler says
  // nothing. Default: yes.
  ServerOptions& set_honor_client_priority(bool honor) {
    return honor_client_priority_ = honor, *this;
  }
  // When replies are written; a method's own policy (weft/options.proto) goes before it. Default:
  // FlushPolicy::EachPass().
  ServerOptions& set_flush_policy(FlushPolicy policy) { return flush_policy_ = policy, *this; }
  // What the server may hold for its calls, in bytes, on all loops together: heads of requests
  // above 1 KiB, request bodies that handlers have not read, requests of which only one comes until
  // their handlers are done, replies that clients have not taken. Raw replies (weft::Bytes) count
  // in full each time that they are sent, but for static bytes and regions of files. What handlers
  // have of their own does not count: the messages that they read from a stream, for one. But Bytes
  // of a raw request are the memory that it was read into, and count until the last of them is
  // gone: copy what is to stay. From half of it on, connections that hold more than their share get
  // no new credit for request bodies, and their new calls are answered UNAVAILABLE; at the whole of
  // it that goes for all, and connections that hold 16 KiB of it or more, and on which less than
  // that has moved for 20 s although the client could take or send it, are closed one after the
  // other, with a warning in the log (never those from within the process). Calls whose handlers
  // have begun go on, so add to it the calls that run at once times their largest reply. At
  // least 256 KiB. Default (and 0): half of the memory that the process may use, by the machine and
  // its cgroups.
  ServerOptions& set_memory_budget(std::size_t bytes) {
    shared_memory_budget_.reset();
    return memory_budget_ = bytes, *this;
  }
  // The same together with the other servers that are given this budget.
  ServerOptions& set_memory_budget(const MemoryBudget& shared) {
    return shared_memory_budget_ = shared, *this;
  }
  // Connections, 1 or more; one above it is closed at once. Default: unlimited.
  ServerOptions& set_max_connections(std::size_t n) { return max_connections_ = n, *this; }
  // For a new connection to say which protocol it speaks, and for an HTTP/1.1 request's head to
  // arrive; the latter is also the longest pause in an HTTP/1.1 request's body. Both above 0.
  // Default: 20 s, 20 s.
  ServerOptions& set_handshake_timeout(Duration t) { return handshake_timeout_ = t, *this; }
  ServerOptions& set_header_timeout(Duration t) { return header_timeout_ = t, *this; }
  // A connection without a call is closed after this, which is above 0. Default: never.
  ServerOptions& set_idle_timeout(Duration t) { return idle_timeout_ = t, *this; }
  // How long Run waits for calls to end after SIGTERM; 0 or more. Default: 30 s.
  ServerOptions& set_drain_timeout(Duration t) { return drain_timeout_ = t, *this; }
  // Puts the text of an exception that escapes a handler into the status; it is always logged.
  // Default: no.
  ServerOptions& set_expose_exceptions(bool expose) { return expose_exceptions_ = expose, *this; }

  int loops() const { return loops_; }
  const std::vector<EventLoop*>& given_loops() const { return given_loops_; }
  int workers() const { return workers_; }
  std::size_t worker_queue() const { return worker_queue_; }
  std::size_t receive_limit() const { return receive_limit_; }
  std::size_t send_limit() const { return send_limit_; }
  std::size_t max_concurrent_streams() const { return max_streams_; }
  double priority_floor() const { return priority_floor_; }
  bool honor_client_priority() const { return honor_client_priority_; }
  FlushPolicy flush_policy() const { return flush_policy_; }
  std::size_t memory_budget() const { return memory_budget_; }
  const std::optional<MemoryBudget>& shared_memory_budget() const { return shared_memory_budget_; }
  std::size_t max_connections() const { return max_connections_; }
  Duration handshake_timeout() const { return handshake_timeout_; }
  Duration header_timeout() const { return header_timeout_; }
  Duration idle_timeout() const { return idle_timeout_; }
  Duration drain_timeout() const { return drain_timeout_; }
  bool expose_exceptions() const { return expose_exceptions_; }

 private:
  int loops_ = 0;  // 0: by the machine
  std::vector<EventLoop*> given_loops_;
  int workers_ = 0;  // 0: by the machine
  std::size_t worker_queue_ = 1024;
  std::size_t receive_limit_ = std::size_t{4} << 20;
  std::size_t send_limit_ = static_cast<std::size_t>(-1);
  std::size_t max_streams_ = 1000;
  double priority_floor_ = 0.05;
  bool honor_client_priority_ = true;
  FlushPolicy flush_policy_;
  std::size_t memory_budget_ = 0;                     // 0: by the machine
  std::optional<MemoryBudget> shared_memory_budget_;  // goes before it
  std::size_t max_connections_ = static_cast<std::size_t>(-1);
  Duration handshake_timeout_ = std::chrono::seconds(20);
  Duration header_timeout_ = std::chrono::seconds(20);
  Duration idle_timeout_ = Duration::max();
  Duration drain_timeout_ = std::chrono::seconds(30);
  bool expose_exceptions_ = false;
};

// Serves services on one or more ports: gRPC over HTTP/2, JSON over HTTP/1.1 and HTTP/2, told apart
// by the first bytes.
//
// Set up by one thread: Register, Listen, then Start or Run. Shutdown may be called from any thread
// that runs none of the server's loops.
class Server final : public internal::InProcessHost {
 public:
  Server();
  explicit Server(const ServerOptions& options);
  // Shuts down without a grace period, then waits for handlers to return. Aborts inside a pass of
  // one of the server's loops, which would wait for itself.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // `service` must outlive the server. Before Start.
  void Register(Service& service);

  // Listens on "host:port", "[::]:port", "unix:/path" or "unix-abstract:name"; port 0 takes a free
  // one. May be called more than once. Errors say what is in the way.
  absl::Status Listen(std::string_view address);
  // Listens on a socket that is bound and listening already; takes it over.
  absl::Status ListenOn(int descriptor);
  // The port of the first TCP address that Listen was given; 0 if there is none.
  int port() const;

  // Starts the loops' threads and returns. FAILED_PRECONDITION when there is nothing to serve or it
  // runs already, INVALID_ARGUMENT when an option is out of its range or the shared memory budget
  // is of 0 bytes, RESOURCE_EXHAUSTED when there are not descriptors enough for the loops.
  absl::Status Start();
  // Start, then wait for SIGTERM, SIGINT or a Shutdown from another thread; a signal drains. OK at
  // once when Shutdown came before. A server that listens nowhere serves the channels of its own
  // process.
  absl::Status Run();
  // Stops accepting, tells the clients (GOAWAY), lets the calls end, cancels those that have not by
  // then, and returns when every handler has. DEADLINE_EXCEEDED names the methods of handlers that
  // still run two seconds after they were cancelled. A server that was not started never will be:
  // a later Start gives FAILED_PRECONDITION.
  absl::Status Shutdown(Duration grace);

  // For weft::Channel.
  internal::InProcessEndpoint* PickEndpoint(const EventLoop* prefer) override;

 private:
  std::shared_ptr<internal::ServerCore> core_;
};

}  // namespace weft
