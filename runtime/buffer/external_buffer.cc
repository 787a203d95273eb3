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

}  // namespace weft::internal
