#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "coro/executor.h"
#include "io/liveness.h"
#include "io/transport.h"

namespace weft::internal {

class LoopCore;

// One end of a pair that lives in memory: a bounded pipe each way. For tests that must behave the
// same every time. Readiness comes through the loop, in a later pass, as from a socket; each end
// belongs to its own loop's thread, the two loops may differ. A closed end reads as EOF at the
// other, after what was written.
class MemoryTransport final : public Transport, private Runnable {
 public:
  static constexpr std::size_t kDefaultCapacity = std::size_t{64} * 1024;
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();
  using Pair = std::pair<std::unique_ptr<MemoryTransport>, std::unique_ptr<MemoryTransport>>;

  static Pair MakePair(LoopCore& first, LoopCore& second, std::size_t capacity = kDefaultCapacity);
  ~MemoryTransport() override;

  void Start(Events& events) override;
  IoResult ReadSome(std::span<const iovec> into) override;
  IoResult WritevSome(std::span<const iovec> from) override;
  void WatchReads(bool on) override;
  void WatchWrites(bool on) override;
  void ShutdownWrites() override;
  void Close() override;
  // Reads and writes of the other end fail with ECONNRESET.
  void Abort() override;
  const std::string& peer() const override { return peer_; }

  // How many bytes this end may write from now on; then a write would block until there is a new
  // budget.
  void SetWriteBudget(std::size_t bytes);

 private:
  struct Shared;
  struct Side;

  MemoryTransport(const LoopCore& loop, std::shared_ptr<Shared> shared, int side);

  Side& mine() const;
  Side& other() const;
  void Run() override;
  void CloseWith(bool abort);

  const std::shared_ptr<Shared> shared_;
  const int side_;
  const std::string peer_;
  Events* events_ = nullptr;
  Liveness liveness_;
};

}  // namespace weft::internal
