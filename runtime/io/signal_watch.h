#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>

#include "absl/functional/any_invocable.h"

#include "io/fd_watch.h"
#include "io/owned_fd.h"

namespace weft::internal {

class LoopCore;

// Turns signals into events while it lives; before and after, they do what they did. Several may
// watch at once, up to kMostWatches, and each is told. The handler only sets a bit and wakes an
// eventfd, on whatever thread the kernel chose; masks stay as they are. Made and destroyed on any
// thread.
class SignalWatch final : private Transport::Events {
 public:
  static constexpr int kMostWatches = 16;

  // Dies when there are too many watches or no descriptors left.
  SignalWatch(std::initializer_list<int> signals);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

  // Either: sleeps until a signal comes, and gives its number; 0 when Wake was called. One thread.
  int Wait();
  // Makes one Wait return 0. Any thread.
  void Wake();

  // Or: calls `told` on the loop for each signal. Loop thread; stops with the watch, which must go
  // before the loop.
  void Start(LoopCore& loop, absl::AnyInvocable<void(int)> told);

 private:
  void OnReadable() override;
  void OnWritable() override {}
  // A signal that has come, or 0.
  int Take();

  const OwnedFd wake_;
  const std::uint64_t signals_;  // a bit for each
  int slot_ = -1;
  std::atomic<bool> woken_{false};
  absl::AnyInvocable<void(int)> told_;
  FdWatch watch_;
};

}  // namespace weft::internal
