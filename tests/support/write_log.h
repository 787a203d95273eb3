#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/transport.h"

namespace weft::testing {

// A transport in front of another that keeps what each write took. `log` must outlive it; thread
// and lifetimes as of any transport.
class WriteLogTransport final : public internal::Transport {
 public:
  WriteLogTransport(std::unique_ptr<internal::Transport> inner, std::vector<std::string>& log)
      : inner_(std::move(inner)), log_(log) {}

  void Start(Events& events) override { inner_->Start(events); }
  internal::IoResult ReadSome(std::span<const iovec> into) override {
    return inner_->ReadSome(into);
  }
  internal::IoResult WritevSome(std::span<const iovec> from) override {
    const internal::IoResult result = inner_->WritevSome(from);
    if (result.kind != internal::IoResult::Kind::kBytes) return result;
    std::string bytes;
    for (const iovec& part : from) bytes.append(static_cast<char*>(part.iov_base), part.iov_len);
    bytes.resize(result.bytes);
    log_.push_back(std::move(bytes));
    return result;
  }
  void WatchReads(bool on) override { inner_->WatchReads(on); }
  void WatchWrites(bool on) override { inner_->WatchWrites(on); }
  void ShutdownWrites() override { inner_->ShutdownWrites(); }
  void Close() override { inner_->Close(); }
  void Abort() override { inner_->Abort(); }
  const std::string& peer() const override { return inner_->peer(); }

 private:
  const std::unique_ptr<internal::Transport> inner_;
  std::vector<std::string>& log_;
};

}  // namespace weft::testing
