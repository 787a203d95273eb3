#include "buffer/external_buffer.h"

#include <cstring>
#include <new>
#include <utility>

namespace weft::internal {
namespace {

class StringOwner final : public BufferOwner {
 public:
  explicit StringOwner(std::string bytes)
      : BufferOwner(Kind::kExternal), bytes_(std::move(bytes)) {}
  std::string_view bytes() const { return bytes_; }

 private:
  void Release() noexcept override { delete this; }

  const std::string bytes_;
};

class BytesOwner final : public BufferOwner {
 public:
  explicit BytesOwner(absl::AnyInvocable<void() &&> release)
      : BufferOwner(Kind::kExternal), release_(std::move(release)) {}

 private:
  void Release() noexcept override {
    std::move(release_)();
    delete this;
  }

  absl::AnyInvocable<void() &&> release_;
};

// The bytes stand behind it in the same block.
class CopyOwner final : public BufferOwner {
 public:
  static Slice Make(std::string_view bytes) {
    void* const block = ::operator new(sizeof(CopyOwner) + bytes.size());
    auto* const owner = new (block) CopyOwner();
    char* const copy = reinterpret_cast<char*>(owner + 1);
    std::memcpy(copy, bytes.data(), bytes.size());
    return Slice(OwnerRef::Adopt(owner), {copy, bytes.size()});
  }

 private:
  CopyOwner() : BufferOwner(Kind::kExternal) {}
  void Release() noexcept override {
    this->~CopyOwner();
    ::operator delete(this);
  }
};

// It stands in a chunk, which goes with it.
class ChargedOwner final : public BufferOwner {
 public:
  static Slice Make(Slice slice, ChunkPool& pool) {
    const std::string_view bytes = slice.view();
    ChunkRef place = pool.Acquire(sizeof(ChargedOwner));
    void* const at = place->data();
    auto* const owner = new (at)
        ChargedOwner(std::move(place), pool.ChargeFor(bytes.size()), std::move(slice).TakeOwner());
    return Slice(OwnerRef::Adopt(owner), bytes);
  }

 private:
  ChargedOwner(ChunkRef place, ChunkPool::Charge charge, OwnerRef charged)
      : BufferOwner(Kind::kExternal),
        place_(std::move(place)),
        charge_(std::move(charge)),
        charged_(std::move(charged)) {}
  void Release() noexcept override {
    const ChunkRef place = std::move(place_);
    this->~ChargedOwner();
  }

  ChunkRef place_;
  const ChunkPool::Charge charge_;
  const OwnerRef charged_;
};

}  // namespace

Slice SliceOfString(std::string bytes) {
  if (bytes.empty()) return Slice();
  auto* const owner = new StringOwner(std::move(bytes));
  return Slice(OwnerRef::Adopt(owner), owner->bytes());
}

Slice SliceOfCopy(std::string_view bytes) {
  return bytes.empty() ? Slice() : CopyOwner::Make(bytes);
}

Slice SliceOfBytes(std::string_view bytes, absl::AnyInvocable<void() &&> release) {
  if (bytes.empty()) {
    std::move(release)();
    return Slice();
  }
  return Slice(OwnerRef::Adopt(new BytesOwner(std::move(release))), bytes);
}

Slice ChargedSlice(Slice slice, ChunkPool& pool) {
  return ChargedOwner::Make(std::move(slice), pool);
}

}  // namespace weft::internal
