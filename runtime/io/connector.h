#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "coro/executor.h"
#include "io/address.h"
#include "io/fd_watch.h"
#include "io/owned_fd.h"
#include "io/timer_wheel.h"

namespace weft::internal {

class LoopCore;

// One try to reach a peer that has several addresses, after RFC 8305: the families by turns, a new
// attempt every 250 ms or as soon as the last one has failed, the first to succeed wins. Owned by a
// subchannel; destroying it cancels. Loop thread only.
class Connector final : private TimerNode, private Runnable {
 public:
  // A connected socket (non-blocking, close-on-exec, tuned) and whom it reached; or UNAVAILABLE
  // with every address that was tried and why it failed. Called once, never inside Start; may
  // destroy the connector.
  using Callback = absl::AnyInvocable<void(absl::StatusOr<OwnedFd> fd, const SocketAddress& peer)>;

  static constexpr Duration kAttemptDelay = std::chrono::milliseconds(250);

  explicit Connector(LoopCore& loop);
  ~Connector() override;

  // Once. `addresses` in order of preference; `deadline` is for all attempts together.
  void Start(std::vector<SocketAddress> addresses, TimePoint deadline, Callback done);

 private:
  class Attempt;

  void OnTimer() override;
  void Run() override;
  void StartNext();
  // By an attempt, whose socket has an answer: 0 or an errno. The attempt is destroyed.
  void Answered(Attempt& attempt, int error);
  void Fail(const SocketAddress& address, std::string_view why);
  void Finish(absl::StatusOr<OwnedFd> fd, const SocketAddress& peer);

  LoopCore& loop_;
  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;
  TimePoint start_{};
  TimePoint deadline_ = kNever;
  TimePoint next_at_ = kNever;
  Callback done_;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  std::string failures_;
};

// The families by turns, beginning with that of the first address; within a family the order stays.
std::vector<SocketAddress> InterleaveFamilies(std::vector<SocketAddress> addresses);

}  // namespace weft::internal
