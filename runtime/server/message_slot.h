#pragma once

#include <cstddef>
#include <memory>

#include "buffer/chunk_pool.h"
#include "server/message_stash.h"
#include "weft/bytes.h"
#include "weft/internal/message_target.h"

namespace weft::internal {

// The request or the reply of a pooled call: a message, or raw bytes. Part of the call; its loop's
// thread only, or the handler's while that runs.
class MessageSlot {
 public:
  // Null: raw bytes.
  explicit MessageSlot(MessageStash* stash) : stash_(stash) {}

  bool raw() const { return stash_ == nullptr; }
  // Sees to it that there is something.
  MessageTarget Fill();
  // What Fill gave.
  MessageTarget target() const {
    return raw() ? MessageTarget(bytes_.get()) : MessageTarget(message_->message());
  }
  // What it takes on the wire.
  std::size_t size() const;
  // Gives the message, of `size` bytes on the wire, to the slices that alias it; its memory is
  // charged to the pool until the last of them goes. Not for raw bytes.
  OwnerRef Take(std::size_t size, ChunkPool& pool);
  // It will stay for a while with what was put into it, `size` bytes on the wire: unless that is
  // little, its memory is charged to the pool until Recycle. Raw bytes lie in chunks, which count
  // anyway.
  void Hold(std::size_t size, ChunkPool& pool);
  // By Hold.
  std::size_t charged() const { return message_ != nullptr ? message_->charged() : 0; }
  // Empties it for the next call. `size`: on the wire.
  void Recycle(std::size_t size);

 private:
  MessageStash* const stash_;  // outlives it
  std::unique_ptr<PooledMessage> message_;
  std::unique_ptr<Bytes> bytes_;
};

}  // namespace weft::internal
