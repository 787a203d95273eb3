#include "io/socket_transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "buffer/limits.h"
#include "io/loop_core.h"

namespace weft::internal {

SocketTransport::SocketTransport(LoopCore& loop, OwnedFd fd, std::string peer)
    : loop_(loop), fd_(std::move(fd)), peer_(std::move(peer)) {}

void SocketTransport::Start(Events& events) {
  watch_.Start(loop_, fd_.get(), events);
  watch_.WatchReads(true);
}

IoResult SocketTransport::ReadSome(std::span<const iovec> into) {
  if (!fd_.valid()) return IoResult::Error(EBADF);
  const int count = static_cast<int>(std::min<std::size_t>(into.size(), IOV_MAX));
  while (true) {
    // The kernel takes one buffer cheaper than a list of one.
    const ssize_t n = count == 1 ? ::recv(fd_.get(), into[0].iov_base, into[0].iov_len, 0)
                                 : ::readv(fd_.get(), into.data(), count);
    if (n > 0) return IoResult::Bytes(static_cast<std::size_t>(n));
    if (n == 0) return IoResult::Eof();
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return IoResult::WouldBlock();
    return IoResult::Error(errno);
  }
}

IoResult SocketTransport::WritevSome(std::span<const iovec> from) {
  if (!fd_.valid()) return IoResult::Error(EBADF);
  // Not writev: that raises SIGPIPE, and a library must not change the process's signal handling.
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(from.data());  // sendmsg doesn't write to it
  message.msg_iovlen = std::min<std::size_t>(from.size(), IOV_MAX);
  while (true) {
    const ssize_t n = from.size() == 1
                          ? ::send(fd_.get(), from[0].iov_base, from[0].iov_len, kFlags)
                          : ::sendmsg(fd_.get(), &message, kFlags);
    if (n > 0) return IoResult::Bytes(static_cast<std::size_t>(n));
    if (n == 0) return IoResult::WouldBlock();
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return IoResult::WouldBlock();
    return IoResult::Error(errno);
  }
}

void SocketTransport::ShutdownWrites() {
  if (fd_.valid()) ::shutdown(fd_.get(), SHUT_WR);
}

void SocketTransport::Abort() {
  // Closing then sends a reset. Where the option can't be set, the socket is gone already.
  const linger now{.l_onoff = 1, .l_linger = 0};
  if (fd_.get() >= 0) (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  Close();
}

void SocketTransport::Close() {
  watch_.Stop();
  fd_.Reset();
}

void TuneConnectedSocket(int fd, int family) {
  if (family != AF_INET && family != AF_INET6) return;
  // Either may fail on a socket that the peer has reset by now; the next read tells.
  const int on = 1;
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const int lowat = static_cast<int>(kNotSentLowat);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
}

}  // namespace weft::internal
