#include "io/connector.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "base/check.h"
#include "io/errno_text.h"
#include "io/loop_core.h"
#include "io/socket_transport.h"

namespace weft::internal {

// A socket that connects.
class Connector::Attempt final : private Transport::Events {
 public:
  Attempt(Connector& connector, const SocketAddress& address)
      : connector_(connector), address_(address) {}

  // 0 when connected already, EINPROGRESS when the answer comes later, or what went wrong.
  int Start() {
    fd_ = OwnedFd(::socket(address_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_.valid()) return errno;
    if (::connect(fd_.get(), address_.raw(), address_.size()) == 0) return 0;
    if (errno == EINTR) return EINPROGRESS;
    return errno;
  }
  void Watch(LoopCore& loop) {
    watch_.Start(loop, fd_.get(), *this);
    watch_.WatchWrites(true);
  }
  OwnedFd Take() {
    watch_.Stop();
    return std::move(fd_);
  }
  int fd() const { return fd_.get(); }
  const SocketAddress& address() const { return address_; }

 private:
  void OnReadable() override {}
  void OnWritable() override {
    int error = 0;
    socklen_t size = sizeof(error);
    if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    connector_.Answered(*this, error);
  }

  Connector& connector_;
  const SocketAddress address_;
  OwnedFd fd_;
  FdWatch watch_;
};

std::vector<SocketAddress> InterleaveFamilies(std::vector<SocketAddress> addresses) {
  if (addresses.empty()) return addresses;
  const int first_family = addresses.front().family();
  std::vector<SocketAddress> others;
  std::vector<SocketAddress> firsts;
  for (const SocketAddress& address : addresses) {
    (address.family() == first_family ? firsts : others).push_back(address);
  }
  std::vector<SocketAddress> mixed;
  for (std::size_t i = 0; i < std::max(firsts.size(), others.size()); ++i) {
    if (i < firsts.size()) mixed.push_back(firsts[i]);
    if (i < others.size()) mixed.push_back(others[i]);
  }
  return mixed;
}

Connector::Connector(LoopCore& loop) : loop_(loop) {}
Connector::~Connector() = default;

void Connector::Start(std::vector<SocketAddress> addresses, TimePoint deadline, Callback done) {
  Check(!done_, "a Connector was started twice");
  addresses_ = InterleaveFamilies(std::move(addresses));
  deadline_ = deadline;
  done_ = std::move(done);
  start_ = loop_.Now();
  loop_.Schedule(*this);
}

void Connector::Run() {
  if (addresses_.empty()) {
    Finish(absl::UnavailableError("cannot connect: there is no address"), SocketAddress());
    return;
  }
  StartNext();
}

void Connector::StartNext() {
  while (next_ < addresses_.size()) {
    auto attempt = std::make_unique<Attempt>(*this, addresses_[next_++]);
    const int error = attempt->Start();
    if (error == 0) {
      TuneConnectedSocket(attempt->fd(), attempt->address().family());
      const SocketAddress peer = attempt->address();
      Finish(attempt->Take(), peer);
      return;
    }
    if (error == EINPROGRESS) {
      attempt->Watch(loop_);
      attempts_.push_back(std::move(attempt));
      next_at_ = next_ < addresses_.size() ? loop_.Now() + kAttemptDelay : kNever;
      loop_.timers().Arm(*this, std::min(next_at_, deadline_));
      return;
    }
    // A Unix socket says EAGAIN when its listener's queue is full.
    Fail(attempt->address(), error == EAGAIN && attempt->address().family() == AF_UNIX
                                 ? "its listen queue is full (EAGAIN)"
                                 : ErrnoText(error));
  }
  if (!attempts_.empty()) {
    loop_.timers().Arm(*this, deadline_);
    return;
  }
  Finish(absl::UnavailableError(absl::StrCat("cannot connect to ", failures_)), SocketAddress());
}

void Connector::Answered(Attempt& attempt, int error) {
  const auto found = std::find_if(attempts_.begin(), attempts_.end(),
                                  [&](const auto& each) { return each.get() == &attempt; });
  const std::unique_ptr<Attempt> ended = std::move(*found);
  attempts_.erase(found);
  // A port of the range for outgoing connections may be connected with itself when nobody listens
  // there.
  if (error == 0 && ended->address().family() != AF_UNIX &&
      SocketAddress::Local(ended->fd()) == SocketAddress::Peer(ended->fd())) {
    error = ECONNREFUSED;
  }
  if (error == 0) {
    TuneConnectedSocket(ended->fd(), ended->address().family());
    const SocketAddress peer = ended->address();
    Finish(ended->Take(), peer);
    return;
  }
  Fail(ended->address(), ErrnoText(error));
  StartNext();
}

void Connector::OnTimer() {
  const TimePoint now = loop_.Now();
  if (now < deadline_) {
    StartNext();
    return;
  }
  for (const auto& attempt : attempts_) {
    Fail(attempt->address(),
         absl::StrCat("no answer within ", absl::FormatDuration(absl::FromChrono(now - start_))));
  }
  Finish(absl::UnavailableError(absl::StrCat("cannot connect to ", failures_)), SocketAddress());
}

void Connector::Fail(const SocketAddress& address, std::string_view why) {
  absl::StrAppend(&failures_, failures_.empty() ? "" : "; ", address.ToString(), ": ",
                  absl::string_view(why.data(), why.size()));
}

void Connector::Finish(absl::StatusOr<OwnedFd> fd, const SocketAddress& peer) {
  Disarm();
  CancelRun();
  attempts_.clear();
  Callback done = std::exchange(done_, nullptr);
  done(std::move(fd), peer);
}

}  // namespace weft::internal
