#pragma once

#include <string>

#include "io/fd_watch.h"
#include "io/owned_fd.h"
#include "io/transport.h"

namespace weft::internal {

class LoopCore;

// A connected TCP or Unix stream socket. As Transport says; outlives its loop in silence.
class SocketTransport final : public Transport {
 public:
  // `fd` must be connected and non-blocking. `peer` is what peer() says: SocketAddress::ToString.
  SocketTransport(LoopCore& loop, OwnedFd fd, std::string peer);
  ~SocketTransport() override { Close(); }

  void Start(Events& events) override;
  IoResult ReadSome(std::span<const iovec> into) override;
  IoResult WritevSome(std::span<const iovec> from) override;
  void WatchReads(bool on) override { watch_.WatchReads(on); }
  void WatchWrites(bool on) override { watch_.WatchWrites(on); }
  void ShutdownWrites() override;
  void Close() override;
  void Abort() override;
  const std::string& peer() const override { return peer_; }

  int fd() const { return fd_.get(); }

 private:
  LoopCore& loop_;
  OwnedFd fd_;
  FdWatch watch_;
  const std::string peer_;
};

// What every connected socket of ours gets: TCP_NODELAY and a short queue of unsent bytes in the
// kernel (kNotSentLowat), so that what is to be sent next is decided as late as possible. Does
// nothing on Unix sockets.
void TuneConnectedSocket(int fd, int family);

}  // namespace weft::internal
