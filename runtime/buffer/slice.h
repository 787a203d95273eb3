#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "buffer/owner.h"

namespace weft::internal {

// A run of bytes and the reference that keeps them alive (none for static bytes). Immutable.
class Slice {
 public:
  Slice() = default;
  Slice(OwnerRef owner, std::string_view bytes)
      : owner_(std::move(owner)), data_(bytes.data()), size_(bytes.size()) {}
  // Bytes that live as long as the process.
  static Slice Static(std::string_view bytes) { return Slice(OwnerRef(), bytes); }

  Slice(Slice&& other) noexcept
      : owner_(std::move(other.owner_)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Slice& operator=(Slice&& other) noexcept {
    owner_ = std::move(other.owner_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  Slice(const Slice&) = default;
  Slice& operator=(const Slice&) = default;

  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }
  BufferOwner* owner() const { return owner_.get(); }
  // Leaves the slice without bytes.
  OwnerRef TakeOwner() && {
    data_ = nullptr;
    size_ = 0;
    return std::move(owner_);
  }
  bool mapped() const {
    return owner_.get() != nullptr && owner_.get()->kind() == BufferOwner::Kind::kMapped;
  }

  // `count` bytes from offset `from` on, sharing the owner. The range must lie inside.
  Slice Sub(std::size_t from, std::size_t count) const {
    return Slice(owner_, view().substr(from, count));
  }
  // Cuts the first n bytes off; n <= size().
  void RemovePrefix(std::size_t n) {
    data_ += n;
    size_ -= n;
  }
  void RemoveSuffix(std::size_t n) { size_ -= n; }

 private:
  friend class BufList;
  // Takes in the n bytes behind it, which must belong to the same owner.
  void Extend(std::size_t n) { size_ += n; }

  OwnerRef owner_;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace weft::internal
