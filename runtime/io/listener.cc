#include "io/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "base/check.h"
#include "base/log.h"
#include "io/errno_text.h"
#include "io/loop_core.h"
#include "io/socket_transport.h"

namespace weft::internal {
namespace {

// One event accepts at most so many, so that a storm of connections doesn't starve those that are
// open.
constexpr int kAcceptBatch = 64;
constexpr Duration kStarvedPause = std::chrono::milliseconds(100);

absl::Status ListenError(std::string_view address, int error) {
  std::string_view hint;
  switch (error) {
    case EADDRINUSE:
      hint = "another process listens there";
      break;
    case EACCES:
    case EPERM:
      hint = "ports below 1024 need CAP_NET_BIND_SERVICE, a socket file a writable directory";
      break;
    case EADDRNOTAVAIL:
      hint = "no network interface of this machine has that address";
      break;
    case ENOENT:
    case ENOTDIR:
      hint = "the directory of the socket file must exist";
      break;
    case EMFILE:
    case ENFILE:
      hint = "raise the limit of open files";
      break;
    default:
      break;
  }
  std::string text =
      absl::StrCat("cannot listen on ", absl::string_view(address.data(), address.size()), ": ",
                   ErrnoText(error));
  if (!hint.empty()) absl::StrAppend(&text, "; ", absl::string_view(hint.data(), hint.size()));
  // absl takes an address that isn't this machine's for one that is in use.
  const absl::StatusCode code =
      error == EADDRNOTAVAIL ? absl::StatusCode::kInvalidArgument : absl::ErrnoToStatusCode(error);
  return absl::Status(code, text);
}

// True when it is a socket file that refuses connections: what a process that died left behind.
bool IsStaleSocketFile(const SocketAddress& address) {
  const std::string path(address.path());
  struct stat info{};
  if (path.empty() || ::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  OwnedFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return probe.valid() && ::connect(probe.get(), address.raw(), address.size()) != 0 &&
         errno == ECONNREFUSED;
}

// A bound and listening socket, or an errno.
int OpenListening(const SocketAddress& address, const Listener::Options& options, OwnedFd& out) {
  OwnedFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno;
  const int on = 1;
  const int off = 0;
  if (address.family() != AF_UNIX) {
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (options.reuse_port() &&
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) {
      return errno;
    }
  }
  if (address.family() == AF_INET6) {
    (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  }
  if (::bind(fd.get(), address.raw(), address.size()) != 0) {
    const int error = errno;
    if (error != EADDRINUSE || !IsStaleSocketFile(address)) return error;
    ::unlink(std::string(address.path()).c_str());
    if (::bind(fd.get(), address.raw(), address.size()) != 0) return errno;
  }
  if (::listen(fd.get(), options.backlog()) != 0) return errno;
  out = std::move(fd);
  return 0;
}

// A look-up that may block: listening is set-up, not service.
absl::StatusOr<std::vector<SocketAddress>> LookUpLocal(std::string_view text,
                                                       const HostPort& where) {
  std::vector<SocketAddress> addresses = LocalhostAddresses(where.host(), where.port());
  if (!addresses.empty()) return addresses;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(where.host().c_str(), std::to_string(where.port()).c_str(), &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot listen on ", absl::string_view(text.data(), text.size()), ": unknown host \"",
        where.host(), "\": ", error == EAI_SYSTEM ? ErrnoText(errno) : ::gai_strerror(error)));
  }
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    addresses.emplace_back(entry->ai_addr, entry->ai_addrlen);
  }
  ::freeaddrinfo(found);
  return addresses;
}

absl::StatusOr<std::vector<SocketAddress>> ListenAddresses(std::string_view text) {
  std::string_view rest = text;
  for (std::string_view prefix : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (rest.starts_with(prefix)) {
      rest.remove_prefix(prefix.size());
      break;
    }
  }
  std::vector<SocketAddress> addresses;
  if (rest.starts_with("unix:") || rest.starts_with("unix-abstract:")) {
    absl::StatusOr<Target> target = Target::Parse(rest);
    if (!target.ok()) return target.status();
    return target->addresses();
  }
  absl::StatusOr<HostPort> where = HostPort::Parse(rest, /*default_port=*/-1);
  if (!where.ok()) return where.status();
  if (where->host() == "*") {
    addresses.push_back(*SocketAddress::Numeric("::", where->port()));
    addresses.push_back(*SocketAddress::Numeric("0.0.0.0", where->port()));
    return addresses;
  }
  absl::StatusOr<SocketAddress> numeric = SocketAddress::Numeric(where->host(), where->port());
  if (numeric.ok()) {
    addresses.push_back(*numeric);
    return addresses;
  }
  if (where->host().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on \"", absl::string_view(text.data(), text.size()),
                     "\": it has no host; all interfaces are *:port"));
  }
  return LookUpLocal(text, *where);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Listen(std::string_view address,
                                                           const Options& options) {
  absl::StatusOr<std::vector<SocketAddress>> candidates = ListenAddresses(address);
  if (!candidates.ok()) return candidates.status();
  int error = EADDRNOTAVAIL;
  for (const SocketAddress& candidate : *candidates) {
    OwnedFd fd;
    error = OpenListening(candidate, options, fd);
    if (error == 0) {
      return std::unique_ptr<Listener>(new Listener(std::move(fd), /*owns_path=*/true));
    }
    // Only what this machine doesn't have leads on to the next; a port in use must show.
    if (error != EAFNOSUPPORT && error != EADDRNOTAVAIL) break;
  }
  return ListenError(address, error);
}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Adopt(OwnedFd fd) {
  int listening = 0;
  socklen_t size = sizeof(listening);
  const std::string name = absl::StrCat("descriptor ", fd.get());
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) {
    return ListenError(name, errno);
  }
  if (listening == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on ", name, ": it is a socket that doesn't listen"));
  }
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) {
    return ListenError(name, errno);
  }
  return std::unique_ptr<Listener>(new Listener(std::move(fd), /*owns_path=*/false));
}

Listener::Listener(OwnedFd fd, bool owns_path)
    : fd_(std::move(fd)),
      address_(SocketAddress::Local(fd_.get())),
      owns_path_(owns_path && !address_.path().empty()),
      retry_(*this) {
  struct stat info{};
  if (owns_path_ && ::stat(std::string(address_.path()).c_str(), &info) == 0) {
    path_device_ = info.st_dev;
    path_inode_ = info.st_ino;
  }
}

Listener::~Listener() { Close(); }

void Listener::Start(LoopCore& loop, AcceptFn accept) {
  Check(loop_ == nullptr, "a Listener was started twice");
  loop_ = &loop;
  accept_ = std::move(accept);
  watch_.Start(loop, fd_.get(), *this);
  watch_.WatchReads(true);
}

void Listener::Close() {
  if (!fd_.valid()) return;
  retry_.Disarm();
  watch_.Stop();
  fd_.Reset();
  if (!owns_path_) return;
  const std::string path(address_.path());
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && info.st_dev == path_device_ &&
      info.st_ino == path_inode_) {
    ::unlink(path.c_str());
  }
}

void Listener::OnReadable() {
  const Liveness::Watch watch(liveness_);
  for (int i = 0; i < kAcceptBatch && fd_.valid(); ++i) {
    sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    OwnedFd fd(::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      const int error = errno;
      if (error == EAGAIN || error == EWOULDBLOCK) break;
      if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
        PauseAccepting(error);
        break;
      }
      continue;  // EINTR, or an error of the connection that was to be accepted: it is gone
    }
    starved_ = false;
    TuneConnectedSocket(fd.get(), address_.family());
    accept_(std::move(fd), SocketAddress(reinterpret_cast<const sockaddr*>(&peer), size));
    if (!watch.alive()) return;
  }
}

void Listener::PauseAccepting(int error) {
  watch_.WatchReads(false);
  loop_->timers().Arm(retry_, loop_->Now() + kStarvedPause);
  if (std::exchange(starved_, true)) return;
  Log(LogLevel::kError,
      absl::StrCat("cannot accept connections on ", address_.ToString(), ": ", ErrnoText(error),
                   "; trying again every 100 ms (is the limit of open files too low?)"));
}

}  // namespace weft::internal
