#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "buffer/chunk_pool.h"
#include "buffer/owner.h"

namespace google::protobuf {
class MessageLite;
}

namespace weft::internal {

class MessageStash;

// A message that is cleared and used again with its capacity. Whoever uses it has it to himself,
// until slices alias its fields: then they hold it, and with the last of them it goes back to its
// stash, on whatever thread that happens.
class PooledMessage final : public BufferOwner {
 public:
  PooledMessage(std::shared_ptr<MessageStash> stash,
                std::unique_ptr<google::protobuf::MessageLite> message);
  ~PooledMessage() override;

  google::protobuf::MessageLite& message() const { return *message_; }
  // What it keeps of memory, as it was last looked at.
  std::size_t bytes() const { return bytes_; }
  // It is used up, but not cleared, and takes `size` bytes on the wire: its memory may have grown.
  void NoteSize(std::size_t size);
  // The same, and what is known from earlier uses won't do.
  void CountBytes(std::size_t size);
  // Until slices have let go of it, or another is set.
  void SetCharge(ChunkPool::Charge charge) { charge_ = std::move(charge); }
  std::size_t charged() const { return charge_.bytes(); }

 private:
  friend class MessageStash;
  void Release() noexcept override;

  const std::shared_ptr<MessageStash> stash_;
  const std::unique_ptr<google::protobuf::MessageLite> message_;
  std::size_t bytes_ = 0;
  std::size_t largest_ = 0;  // on the wire
  unsigned uses_ = 0;        // since its memory was looked at
  ChunkPool::Charge charge_;
};

// The idle messages of one type on one loop that no idle call keeps: large ones, and those whose
// bytes were still being written when their call was over. Bounded in bytes together with the other
// stashes of the loop. Any thread.
class MessageStash final : public std::enable_shared_from_this<MessageStash> {
 public:
  // Bytes in all stashes of a loop.
  using Total = std::atomic<std::size_t>;

  // `prototype`: as MethodInfo's.
  MessageStash(const google::protobuf::MessageLite& (*prototype)(), std::shared_ptr<Total> total)
      : prototype_(prototype), total_(std::move(total)) {}
  ~MessageStash();

  // One that was put back, the last first, or a new one.
  std::unique_ptr<PooledMessage> Take();
  // Clears it and keeps it, if there is room.
  void PutBack(std::unique_ptr<PooledMessage> message);
  // Destroys those that were not needed since the last Trim; returns the bytes of the others.
  std::size_t Trim();
  // Keeps nothing any more. The last call of its owner's.
  void Close();

 private:
  const google::protobuf::MessageLite& (*const prototype_)();
  const std::shared_ptr<Total> total_;

  std::mutex mutex_;
  std::vector<std::unique_ptr<PooledMessage>> idle_;
  std::size_t idle_bytes_ = 0;
  std::size_t low_ = 0;  // the fewest idle since the last Trim
  bool closed_ = false;
};

}  // namespace weft::internal
