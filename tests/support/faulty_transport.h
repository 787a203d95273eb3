#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "coro/executor.h"
#include "io/transport.h"

namespace weft::internal {
class LoopCore;
}  // namespace weft::internal

namespace weft::testing {

// A transport in front of another that does what networks do on a bad day: short reads and writes,
// a write that takes nothing, a reset or an end of the stream at an exact byte. Thread and
// lifetimes as of any transport.
class FaultyTransport final : public internal::Transport,
                              private internal::Transport::Events,
                              private internal::Runnable {
 public:
  static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

  struct Faults {
    Faults() = default;
    std::size_t max_read = kNever;       // bytes of one read
    std::size_t max_write = kNever;      // bytes of one write
    std::size_t zero_write_at = kNever;  // when so many bytes were written, one write takes nothing
    std::size_t reset_after =
        kNever;  // bytes read and written; then every call fails with ECONNRESET
    std::size_t eof_after = kNever;     // bytes read
    std::size_t unreadable_writes = 0;  // so many writes say EFAULT before one is done
  };

  FaultyTransport(internal::LoopCore& loop, std::unique_ptr<internal::Transport> inner,
                  const Faults& faults);
  ~FaultyTransport() override = default;

  void Start(internal::Transport::Events& events) override;
  internal::IoResult ReadSome(std::span<const iovec> into) override;
  internal::IoResult WritevSome(std::span<const iovec> from) override;
  void WatchReads(bool on) override;
  void WatchWrites(bool on) override { inner_->WatchWrites(on); }
  void ShutdownWrites() override { inner_->ShutdownWrites(); }
  void Close() override;
  void Abort() override;
  const std::string& peer() const override { return inner_->peer(); }

  internal::Transport& inner() { return *inner_; }
  std::size_t bytes_read() const { return read_; }
  std::size_t bytes_written() const { return written_; }

 private:
  void OnReadable() override { events_->OnReadable(); }
  void OnWritable() override { events_->OnWritable(); }
  void Run() override;
  // The inner transport knows nothing of the fault, so it won't say that there is one to be read.
  void Announce();
  bool reset() const { return read_ + written_ >= faults_.reset_after; }
  bool ended() const { return read_ >= faults_.eof_after; }

  internal::LoopCore& loop_;
  const std::unique_ptr<internal::Transport> inner_;
  const Faults faults_;
  internal::Transport::Events* events_ = nullptr;
  bool watch_reads_ = true;
  bool closed_ = false;
  bool zero_written_ = false;
  std::size_t unreadable_writes_ = 0;
  std::size_t read_ = 0;
  std::size_t written_ = 0;
};

}  // namespace weft::testing
