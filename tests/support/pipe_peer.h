#pragma once

#include <gtest/gtest.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "io/transport.h"
#include "tests/support/frames.h"

namespace weft::testing {

// The other end of an HTTP/2 connection: a test writes frames on it by hand and sees where in what
// comes a stream's frames stand. PINGs are answered. Lives on the loop of its transport.
class PipePeer final : private internal::Transport::Events {
 public:
  // `skipped`: bytes before the first frame, the preface of a client.
  explicit PipePeer(std::unique_ptr<internal::Transport> transport, std::size_t skipped = 0)
      : transport_(std::move(transport)), skipped_(skipped), walked_(skipped), asked_(skipped) {
    transport_->Start(*this);
  }
  ~PipePeer() { transport_->Close(); }

  // Whether it leaves unread what comes.
  void Pause(bool pause) { transport_->WatchReads(!pause); }
  // Little enough to be taken at once.
  void Send(std::string bytes) {
    const iovec all{bytes.data(), bytes.size()};
    const internal::IoResult sent = transport_->WritevSome({&all, 1});
    ASSERT_EQ(sent.kind, internal::IoResult::Kind::kBytes);
    ASSERT_EQ(sent.bytes, bytes.size());
  }

  // Where the first frame of `stream` begins, and the end of the frame that ends it; npos before
  // both have come. To be asked for streams in the order in which their frames come.
  std::pair<std::size_t, std::size_t> Frames(std::uint32_t stream) {
    std::size_t begin = std::string::npos;
    for (std::size_t at = walked_; at + 9 <= wire_.size();) {
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(wire_[at + i]); };
      const std::size_t end =
          at + 9 + (std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2));
      const std::uint32_t id = std::uint32_t{byte(7)} << 8 | byte(8);
      if (end > wire_.size()) break;
      if (id == stream && begin == std::string::npos) begin = at;
      if (begin == std::string::npos) walked_ = end;
      if (id == stream && (byte(4) & 1) != 0) return {begin, end};
      at = end;
    }
    return {std::string::npos, std::string::npos};
  }
  // In the stream's DATA frames, of those that have come whole.
  std::size_t DataBytes(std::uint32_t stream) const {
    std::size_t bytes = 0;
    for (std::size_t at = skipped_; at + 9 <= wire_.size();) {
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(wire_[at + i]); };
      const std::size_t size = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
      const std::uint32_t id = std::uint32_t{byte(7)} << 8 | byte(8);
      if (at + 9 + size > wire_.size()) break;
      if (byte(3) == 0 && id == stream) bytes += size;
      at += 9 + size;
    }
    return bytes;
  }

 private:
  void OnReadable() override {
    std::array<char, std::size_t{16} * 1024> bytes;
    const iovec into{bytes.data(), bytes.size()};
    const internal::IoResult read = transport_->ReadSome({&into, 1});
    if (read.kind == internal::IoResult::Kind::kBytes) wire_.append(bytes.data(), read.bytes);
    AnswerPings();
  }
  void AnswerPings() {
    while (asked_ + 9 <= wire_.size()) {
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(wire_[asked_ + i]); };
      const std::size_t end =
          asked_ + 9 + (std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2));
      if (end > wire_.size()) return;
      if (byte(3) == 6 && (byte(4) & 1) == 0) {
        Send(RawFrame(6, /*flags: ACK=*/1, 0, std::string_view(wire_).substr(asked_ + 9, 8)));
      }
      asked_ = end;
    }
  }
  void OnWritable() override {}

  const std::unique_ptr<internal::Transport> transport_;
  std::string wire_;
  const std::size_t skipped_;
  std::size_t walked_;  // by Frames
  std::size_t asked_;   // by AnswerPings
};

}  // namespace weft::testing
