#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace weft::internal {

// Whatever keeps the bytes of a Slice alive: a chunk, a message, a caller's buffer, a mapped file.
// Counted; the count may be changed on any thread. A new owner starts with one reference.
class BufferOwner {
 public:
  enum class Kind : std::uint8_t {
    kChunk,
    kMessage,   // a protobuf message whose large fields are aliased
    kExternal,  // a caller's bytes with a release function
    kMapped,    // a mapped file: only the kernel may read the bytes, or user space by ReadAt
  };

  explicit BufferOwner(Kind kind) : kind_(kind) {}
  BufferOwner(const BufferOwner&) = delete;
  BufferOwner& operator=(const BufferOwner&) = delete;

  Kind kind() const { return kind_; }

  void Ref() { refs_.fetch_add(1, std::memory_order_relaxed); }
  // As Ref, by the one thread that has the caller's reference to itself: no locked instruction when
  // it is the only one.
  void RefBySoleUser() {
    if (unique()) {
      refs_.store(2, std::memory_order_relaxed);
    } else {
      Ref();
    }
  }
  void Unref() {
    // Nobody else can change a count of one, so the common last reference needs no locked
    // instruction.
    if (unique() || refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) Release();
  }
  // True when the caller's reference is the only one.
  bool unique() const { return refs_.load(std::memory_order_acquire) == 1; }

 protected:
  virtual ~BufferOwner() = default;
  // Called on the thread that dropped the last reference. The count means nothing from here on; an
  // owner that is reused calls Reset first.
  virtual void Release() noexcept = 0;
  void Reset() { refs_.store(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> refs_{1};
  const Kind kind_;
};

// A reference to an owner, or none.
class OwnerRef {
 public:
  OwnerRef() = default;
  // Takes over a reference that the caller holds.
  static OwnerRef Adopt(BufferOwner* owner) { return OwnerRef(owner); }
  // Adds a reference.
  static OwnerRef Share(BufferOwner* owner) {
    if (owner != nullptr) owner->Ref();
    return OwnerRef(owner);
  }
  OwnerRef(OwnerRef&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
  // The old reference is dropped now, not when `other` goes.
  OwnerRef& operator=(OwnerRef&& other) noexcept {
    BufferOwner* const old = std::exchange(owner_, std::exchange(other.owner_, nullptr));
    if (old != nullptr) old->Unref();
    return *this;
  }
  OwnerRef(const OwnerRef& other) : OwnerRef(Share(other.owner_)) {}
  OwnerRef& operator=(const OwnerRef& other) {
    OwnerRef copy(other);
    std::swap(owner_, copy.owner_);
    return *this;
  }
  ~OwnerRef() {
    if (owner_ != nullptr) owner_->Unref();
  }

  BufferOwner* get() const { return owner_; }
  BufferOwner* Take() { return std::exchange(owner_, nullptr); }

 private:
  explicit OwnerRef(BufferOwner* owner) : owner_(owner) {}
  BufferOwner* owner_ = nullptr;
};

}  // namespace weft::internal
