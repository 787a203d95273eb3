#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

#include "buffer/buf_list.h"

namespace weft::internal {

// The 5 bytes before each message (gRPC over HTTP/2, Length-Prefixed-Message): a flag and a
// big-endian length.
inline constexpr std::size_t kEnvelopePrefixSize = 5;
inline void WriteEnvelopePrefix(std::uint32_t message_size, char* to) {
  to[0] = 0;
  to[1] = static_cast<char>(message_size >> 24);
  to[2] = static_cast<char>(message_size >> 16);
  to[3] = static_cast<char>(message_size >> 8);
  to[4] = static_cast<char>(message_size);
}

// How a body is cut into messages.
enum class Framing : std::uint8_t {
  kEnvelope,   // any number of prefixed messages
  kWholeBody,  // the body is the message
};

// RESOURCE_EXHAUSTED for a message of `size` bytes that came, or is about to. `limit_option` names
// what set the limit.
absl::Status ReceivedTooLarge(std::uint64_t size, std::size_t limit, std::string_view limit_option);

// Puts the messages of one direction of a call together from the parts of its body. Message
// boundaries owe nothing to the boundaries of the parts. Keeps what has come by reference; checks
// each length before anything is kept for it. One thread at a time.
class MessageAssembler {
 public:
  // Back to the start of a body. Keeps capacity. `limit_option` names, for error texts, what set
  // the limit; it lives as long as this.
  void Reset(Framing framing, std::size_t receive_limit,
             std::string_view limit_option = "set_receive_limit");

  // If `part` is one whole message and nothing else has come, the message (a view into `part`),
  // which is then regarded as taken; else a view whose data() is null and nothing has changed.
  // Saves the list on the common path.
  std::string_view TakeWhole(const Slice& part);

  // Takes the next part of the body. Errors, after which the body is of no use: RESOURCE_EXHAUSTED
  // for a message over the limit, INTERNAL for a flag that is not 0 (no encoding has been agreed
  // on).
  absl::Status Push(ChunkPool& pool, Slice part);
  // The same for parts that are fit to be kept as they are.
  absl::Status PushAll(BufList&& parts);
  // The body has ended. INTERNAL when that was in the middle of a message.
  absl::Status End();

  bool ended() const { return ended_; }
  // A whole message is at the front of bytes().
  bool has_message() const { return prefix_known_ && bytes_.size() >= message_size_; }
  // A message has been begun, or is whole and not taken.
  bool mid_message() const { return prefix_known_ || !bytes_.empty(); }
  std::size_t message_size() const { return message_size_; }
  const BufList& bytes() const { return bytes_; }
  // Drops the message at the front and looks at the next prefix. Errors as Push's. has_message()
  // must hold.
  absl::Status PopMessage();
  // The same, and the message is moved to the end of `to`.
  absl::Status MoveMessage(BufList& to);
  // Forgets what has come and was not taken.
  void Clear();

 private:
  // `taken`: bytes at the front that are dropped first. With the prefix behind them, where both lie
  // in one slice as many small messages do.
  absl::Status NextMessage(std::size_t taken);
  absl::Status ReadPrefix(std::size_t taken);
  // A body that is one message, with `more` bytes of it.
  bool WouldExceed(std::size_t more) const {
    return framing_ == Framing::kWholeBody && bytes_.size() + more > receive_limit_;
  }
  absl::Status TooLarge(std::uint64_t size) const;

  BufList bytes_;
  std::size_t receive_limit_ = 0;
  std::string_view limit_option_;
  std::size_t message_size_ = 0;
  Framing framing_ = Framing::kEnvelope;
  bool prefix_known_ = false;
  bool ended_ = false;
};

}  // namespace weft::internal
