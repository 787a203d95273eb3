#include "server/message_slot.h"

#include <utility>

#include "google/protobuf/message_lite.h"

#include "buffer/limits.h"

namespace weft::internal {

MessageTarget MessageSlot::Fill() {
  if (raw()) {
    if (bytes_ == nullptr) bytes_ = std::make_unique<Bytes>();
  } else if (message_ == nullptr) {
    message_ = stash_->Take();
  }
  return target();
}

std::size_t MessageSlot::size() const {
  return raw() ? bytes_->size() : message_->message().ByteSizeLong();
}

OwnerRef MessageSlot::Take(std::size_t size, ChunkPool& pool) {
  message_->NoteSize(size);
  message_->SetCharge(pool.ChargeFor(message_->bytes()));
  return OwnerRef::Adopt(message_.release());
}

void MessageSlot::Hold(std::size_t size, ChunkPool& pool) {
  if (message_ == nullptr || size <= kUncountedMessageSize || charged() > 0) return;
  message_->CountBytes(size);
  if (message_->bytes() >= kAliasThreshold) {
    message_->SetCharge(pool.ChargeFor(message_->bytes()));
  }
}

void MessageSlot::Recycle(std::size_t size) {
  if (bytes_ != nullptr) bytes_->Clear();
  if (message_ == nullptr) return;
  if (message_->charged() > 0) message_->SetCharge(ChunkPool::Charge());
  message_->NoteSize(size);
  if (message_->bytes() > kKeptMessageSize) {
    stash_->PutBack(std::move(message_));
  } else {
    message_->message().Clear();
  }
}

}  // namespace weft::internal
