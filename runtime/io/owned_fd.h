#pragma once

#include <unistd.h>

#include <utility>

namespace weft::internal {

// A file descriptor with one owner, closed in the end. Any one thread at a time.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Take() { return std::exchange(fd_, -1); }
  void Reset() {
    // EINTR is no reason to repeat: Linux has released the number by then.
    if (fd_ >= 0) ::close(Take());
  }

 private:
  int fd_ = -1;
};

}  // namespace weft::internal
