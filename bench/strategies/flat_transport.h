#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "coro/executor.h"
#include "io/transport.h"

namespace weft::internal {
class LoopCore;
}

namespace bench {

// What transports of this server have done, all together.
struct OutputCounts {
  std::uint64_t writes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t copied = 0;  // by the flat strategy, on top of what Weft's lists copied
};

// Writes as flat designs do: every part is copied into one contiguous buffer, which keeps its
// capacity, and the buffer is given to the kernel with one call. Takes whatever it is offered; what
// the socket does not take stays in the buffer, and no more is taken until it is gone. Lifetimes
// and thread as of any transport.
class FlatTransport final : public weft::internal::Transport,
                            private weft::internal::Transport::Events,
                            private weft::internal::Runnable {
 public:
  FlatTransport(weft::internal::LoopCore& loop, std::unique_ptr<weft::internal::Transport> socket,
                OutputCounts& counts);
  ~FlatTransport() override = default;

  void Start(weft::internal::Transport::Events& events) override;
  weft::internal::IoResult ReadSome(std::span<const iovec> into) override;
  weft::internal::IoResult WritevSome(std::span<const iovec> from) override;
  void WatchReads(bool on) override { socket_->WatchReads(on); }
  void WatchWrites(bool on) override;
  void ShutdownWrites() override;
  void Close() override;
  void Abort() override;
  const std::string& peer() const override { return socket_->peer(); }

 private:
  void OnReadable() override { events_->OnReadable(); }
  void OnWritable() override;
  // The parts that were held back for more of the same list, at the end of the pass.
  void Run() override { Send(); }
  std::size_t unsent() const { return buffer_.size() - sent_; }
  // False once the socket has failed.
  bool Send();

  weft::internal::LoopCore& loop_;
  const std::unique_ptr<weft::internal::Transport> socket_;
  OutputCounts& counts_;
  weft::internal::Transport::Events* events_ = nullptr;
  std::vector<char> buffer_;
  std::size_t sent_ = 0;  // of the buffer
  int error_ = 0;
  bool watching_ = false;  // until the socket takes the rest
  bool wanted_ = false;    // by the connection
  bool shut_ = false;      // the connection's last word is in the buffer
};

// A socket whose writes are counted, to compare with.
class CountedTransport final : public weft::internal::Transport {
 public:
  CountedTransport(std::unique_ptr<weft::internal::Transport> socket, OutputCounts& counts)
      : socket_(std::move(socket)), counts_(counts) {}

  void Start(Events& events) override { socket_->Start(events); }
  weft::internal::IoResult ReadSome(std::span<const iovec> into) override {
    return socket_->ReadSome(into);
  }
  weft::internal::IoResult WritevSome(std::span<const iovec> from) override {
    const weft::internal::IoResult result = socket_->WritevSome(from);
    ++counts_.writes;
    counts_.bytes += result.bytes;
    return result;
  }
  void WatchReads(bool on) override { socket_->WatchReads(on); }
  void WatchWrites(bool on) override { socket_->WatchWrites(on); }
  void ShutdownWrites() override { socket_->ShutdownWrites(); }
  void Close() override { socket_->Close(); }
  void Abort() override { socket_->Abort(); }
  const std::string& peer() const override { return socket_->peer(); }

 private:
  const std::unique_ptr<weft::internal::Transport> socket_;
  OutputCounts& counts_;
};

}  // namespace bench
