#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "io/address.h"
#include "io/fd_watch.h"
#include "io/liveness.h"
#include "io/owned_fd.h"
#include "io/timer_wheel.h"

namespace weft::internal {

class LoopCore;

// A listening socket. Accepts in batches on its loop and hands each connection on: non-blocking,
// close-on-exec and tuned (TuneConnectedSocket). When the process runs out of descriptors it stops
// accepting for a moment and says so once; waiting connections stay in the kernel's queue. Owned by
// the server; loop thread only.
class Listener final : private Transport::Events {
 public:
  // May destroy the listener.
  using AcceptFn = absl::AnyInvocable<void(OwnedFd fd, const SocketAddress& peer)>;

  class Options {
   public:
    // A defaulted one can't stand in a default argument of the class around it.
    // NOLINTNEXTLINE(modernize-use-equals-default)
    Options() {}
    Options& set_backlog(int backlog) {
      backlog_ = backlog;
      return *this;
    }
    // Lets several processes or listeners share the port; the kernel splits the connections,
    // unevenly.
    Options& set_reuse_port(bool on) {
      reuse_port_ = on;
      return *this;
    }
    int backlog() const { return backlog_; }
    bool reuse_port() const { return reuse_port_; }

   private:
    int backlog_ = 4096;  // the kernel cuts it to net.core.somaxconn
    bool reuse_port_ = false;
  };

  // Binds and listens at once; accepts from Start on. `address` is "host:port" (the host in
  // numbers, or a name that is looked up here and now), "[::]:port" (both families), "*:port" (the
  // same, or IPv4 where IPv6 is off), "unix:/path", "unix-abstract:name", also with "ipv4:",
  // "ipv6:", "dns:///" in front. Port 0 takes any free port. A socket file that nobody listens on
  // any more is replaced. Any thread.
  static absl::StatusOr<std::unique_ptr<Listener>> Listen(std::string_view address,
                                                          const Options& options = Options());
  // Takes over a socket that listens already (from a supervisor, say). Any thread.
  static absl::StatusOr<std::unique_ptr<Listener>> Adopt(OwnedFd fd);
  ~Listener();

  void Start(LoopCore& loop, AcceptFn accept);
  // Stops listening; the kernel refuses connections from here on. Removes a socket file that this
  // listener made.
  void Close();

  // 0 for Unix sockets.
  int port() const { return address_.port(); }
  const SocketAddress& address() const { return address_; }

 private:
  // After a pause for lack of descriptors.
  class Retry final : public TimerNode {
   public:
    explicit Retry(Listener& listener) : listener_(listener) {}
    void OnTimer() override { listener_.watch_.WatchReads(true); }

   private:
    Listener& listener_;
  };

  Listener(OwnedFd fd, bool owns_path);

  void OnReadable() override;
  void OnWritable() override {}
  void PauseAccepting(int error);

  OwnedFd fd_;
  const SocketAddress address_;
  // The socket file as it was made: another process may have put its own there since.
  bool owns_path_;
  dev_t path_device_ = 0;
  ino_t path_inode_ = 0;

  LoopCore* loop_ = nullptr;  // once started
  AcceptFn accept_;
  FdWatch watch_;
  Retry retry_;
  bool starved_ = false;  // has said so
  Liveness liveness_;
};

}  // namespace weft::internal
