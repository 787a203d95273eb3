#include "server/message_stash.h"

#include <algorithm>
#include <utility>

#include "google/protobuf/message.h"

#include "buffer/limits.h"

namespace weft::internal {
namespace {

// A type without reflection does not tell: then about what it takes on the wire.
std::size_t MemoryOf(const google::protobuf::MessageLite& message, std::size_t size) {
  const auto* full = dynamic_cast<const google::protobuf::Message*>(&message);
  return full != nullptr ? full->SpaceUsedLong() : size;
}

}  // namespace

PooledMessage::PooledMessage(std::shared_ptr<MessageStash> stash,
                             std::unique_ptr<google::protobuf::MessageLite> message)
    : BufferOwner(Kind::kMessage), stash_(std::move(stash)), message_(std::move(message)) {}

PooledMessage::~PooledMessage() = default;

void PooledMessage::NoteSize(std::size_t size) {
  if (size <= kUncountedMessageSize) {
    bytes_ = std::max(bytes_, size);
    return;
  }
  if (size > largest_ || ++uses_ >= kMessageRecount) CountBytes(size);
}

void PooledMessage::CountBytes(std::size_t size) {
  uses_ = 0;
  largest_ = std::max(largest_, size);
  bytes_ = std::max(MemoryOf(*message_, size), size);
}

void PooledMessage::Release() noexcept {
  Reset();
  charge_ = ChunkPool::Charge();
  // The stash may live by this message alone.
  const std::shared_ptr<MessageStash> stash = stash_;
  stash->PutBack(std::unique_ptr<PooledMessage>(this));
}

MessageStash::~MessageStash() = default;

std::unique_ptr<PooledMessage> MessageStash::Take() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<PooledMessage> message = std::move(idle_.back());
      idle_.pop_back();
      low_ = std::min(low_, idle_.size());
      idle_bytes_ -= message->bytes();
      total_->fetch_sub(message->bytes(), std::memory_order_relaxed);
      return message;
    }
  }
  return std::make_unique<PooledMessage>(
      shared_from_this(), std::unique_ptr<google::protobuf::MessageLite>(prototype_().New()));
}

void MessageStash::PutBack(std::unique_ptr<PooledMessage> message) {
  message->message().Clear();
  const std::size_t bytes = message->bytes();
  std::lock_guard lock(mutex_);
  if (closed_ || idle_.size() >= kKeptCalls) return;
  if (total_->fetch_add(bytes, std::memory_order_relaxed) + bytes > kKeptLargeMessages) {
    total_->fetch_sub(bytes, std::memory_order_relaxed);
    return;
  }
  idle_bytes_ += bytes;
  idle_.push_back(std::move(message));
}

std::size_t MessageStash::Trim() {
  std::vector<std::unique_ptr<PooledMessage>> unneeded;
  std::lock_guard lock(mutex_);
  const auto end = idle_.begin() + static_cast<std::ptrdiff_t>(low_);
  for (auto at = idle_.begin(); at != end; ++at) {
    idle_bytes_ -= (*at)->bytes();
    total_->fetch_sub((*at)->bytes(), std::memory_order_relaxed);
    unneeded.push_back(std::move(*at));  // destroyed without the mutex
  }
  idle_.erase(idle_.begin(), end);
  low_ = idle_.size();
  return idle_bytes_;
}

void MessageStash::Close() {
  std::vector<std::unique_ptr<PooledMessage>> dropped;
  std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(idle_);
  total_->fetch_sub(std::exchange(idle_bytes_, 0), std::memory_order_relaxed);
}

}  // namespace weft::internal
