#include "buffer/external_buffer.h"

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
  BytesOwner(void (*release)(void*), void* context)
      : BufferOwner(Kind::kExternal), release_(release), context_(context) {}

 private:
  void Release() noexcept override {
    release_(context_);
    delete this;
  }

  void (*const release_)(void*);
  void* const context_;
};

}  // namespace

Slice SliceOfString(std::string bytes) {
  if (bytes.empty()) return Slice();
  auto* const owner = new StringOwner(std::move(bytes));
  return Slice(OwnerRef::Adopt(owner), owner->bytes());
}

Slice SliceOfBytes(std::string_view bytes, void (*release)(void* context), void* context) {
  if (bytes.empty()) {
    release(context);
    return Slice();
  }
  return Slice(OwnerRef::Adopt(new BytesOwner(release, context)), bytes);
}

}  // namespace weft::internal
