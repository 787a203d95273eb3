#include "http/header_list.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace weft::internal {
namespace {

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 §6.5.2
constexpr std::size_t kFirstFields = 16;    // a request of gRPC has about 8, its reply 4

}  // namespace

HeaderList::HeaderList(HeaderList&& other) noexcept { Swap(other); }

HeaderList& HeaderList::operator=(HeaderList&& other) noexcept {
  if (this == &other) return *this;
  HeaderList taken(std::move(other));
  Swap(taken);
  return *this;
}

HeaderList::~HeaderList() { ReleaseForeign(); }

void HeaderList::Swap(HeaderList& other) noexcept {
  using std::swap;
  swap(fields_, other.fields_);
  swap(foreign_, other.foreign_);
  swap(block_, other.block_);
  swap(block_size_, other.block_size_);
  swap(block_used_, other.block_used_);
  swap(overflow_, other.overflow_);
  swap(text_size_, other.text_size_);
  swap(next_block_size_, other.next_block_size_);
  swap(wire_size_, other.wire_size_);
}

void HeaderList::Push(std::string_view name, std::string_view value, bool sensitive) {
  if (fields_.capacity() == 0) fields_.reserve(kFirstFields);
  fields_.push_back(HeaderField{name, value, sensitive});
  wire_size_ += name.size() + value.size() + kFieldOverhead;
}

void HeaderList::Add(std::string_view name, std::string_view value, bool sensitive) {
  char* text = AllocateText(name.size() + value.size());
  // An empty view may have a null data(), which memcpy must not be given.
  if (!name.empty()) std::memcpy(text, name.data(), name.size());
  if (!value.empty()) std::memcpy(text + name.size(), value.data(), value.size());
  Push({text, name.size()}, {text + name.size(), value.size()}, sensitive);
}

void HeaderList::AddStatic(std::string_view name, std::string_view value, bool sensitive) {
  Push(name, value, sensitive);
}

void HeaderList::AddStaticName(std::string_view name, std::string_view value, bool sensitive) {
  Push(name, StoreText(value), sensitive);
}

void HeaderList::AddForeign(std::string_view name, ForeignRef name_owner, std::string_view value,
                            ForeignRef value_owner, bool sensitive) {
  Push(name, value, sensitive);
  Keep(name_owner);
  Keep(value_owner);
}

void HeaderList::Keep(ForeignRef owner) {
  if (owner.object == nullptr) return;
  if (foreign_.capacity() == 0) foreign_.reserve(2 * kFirstFields);
  foreign_.push_back(owner);
}

void HeaderList::AddAll(const HeaderList& other) {
  const std::size_t count = other.size();  // `other` may be this list
  for (std::size_t i = 0; i < count; ++i) {
    const HeaderField field = other[i];
    Add(field.name, field.value, field.sensitive);
  }
}

void HeaderList::AddAllStatic(const HeaderList& other) {
  for (const HeaderField& field : other) Push(field.name, field.value, field.sensitive);
}

char* HeaderList::AllocateText(std::size_t n) {
  text_size_ += n;
  if (n <= block_size_ - block_used_ && block_ != nullptr) {
    return block_.get() + std::exchange(block_used_, block_used_ + n);
  }
  if (block_ == nullptr) {
    block_size_ = std::max(n, next_block_size_);
    block_ = std::make_unique_for_overwrite<char[]>(block_size_);
    block_used_ = n;
    return block_.get();
  }
  // The full block steps aside and a larger one takes its place, unless this text is an outlier.
  const std::size_t size = std::max(n, 2 * block_size_);
  auto fresh = std::make_unique_for_overwrite<char[]>(size);
  char* text = fresh.get();
  overflow_.push_back(std::exchange(block_, std::move(fresh)));
  block_size_ = size;
  block_used_ = n;
  return text;
}

std::string_view HeaderList::StoreText(std::string_view text) {
  char* copy = AllocateText(text.size());
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

std::string_view HeaderList::Find(std::string_view name) const {
  for (const HeaderField& field : fields_) {
    if (field.name == name) {
      // A value that is there but empty must differ from none.
      return field.value.data() != nullptr ? field.value : std::string_view("");
    }
  }
  return {};
}

bool HeaderList::Has(std::string_view name) const { return Find(name).data() != nullptr; }

void HeaderList::ReleaseForeign() {
  for (const ForeignRef& ref : foreign_) ref.release(ref.object);
}

void HeaderList::Clear() {
  if (fields_.empty() && foreign_.empty() && text_size_ == 0) return;
  ReleaseForeign();
  foreign_.clear();
  fields_.clear();
  if (fields_.capacity() > kMaxKeptFields) std::vector<HeaderField>().swap(fields_);
  if (foreign_.capacity() > 2 * kMaxKeptFields) std::vector<ForeignRef>().swap(foreign_);
  if (!overflow_.empty() || block_size_ > kMaxKeptText) {
    next_block_size_ = std::min(std::bit_ceil(text_size_), kMaxKeptText);
    std::vector<std::unique_ptr<char[]>>().swap(overflow_);
    block_.reset();
    block_size_ = 0;
  }
  block_used_ = 0;
  text_size_ = 0;
  wire_size_ = 0;
}

}  // namespace weft::internal
