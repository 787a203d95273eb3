#pragma once

#include <utility>

#include "buffer/owner.h"

namespace weft::internal {

// Keeps a message alive while slices alias its large fields. It is a part of the object that holds
// the message (a pooled reply, say), and tells that object through `release` when the last slice
// and the holder's own reference are gone, on whatever thread that happens; the object may destroy
// itself from there or be used again at once: the owner has one reference again.
class MessageOwner final : public BufferOwner {
 public:
  using ReleaseFunction = void (*)(void* object);

  MessageOwner(void* object, ReleaseFunction release)
      : BufferOwner(Kind::kMessage), object_(object), release_(release) {}
  // The holder destroys it, when it was released or never shared.
  ~MessageOwner() override = default;

 private:
  void Release() noexcept override {
    Reset();
    release_(object_);
  }

  void* const object_;
  const ReleaseFunction release_;
};

// A message that was moved in, on the heap; it goes with its last reference.
template <typename T>
class HeldMessage final : public BufferOwner {
 public:
  explicit HeldMessage(T&& message) : BufferOwner(Kind::kMessage), message_(std::move(message)) {}
  const T& message() const { return message_; }

 private:
  ~HeldMessage() override = default;
  void Release() noexcept override { delete this; }

  const T message_;
};

}  // namespace weft::internal
