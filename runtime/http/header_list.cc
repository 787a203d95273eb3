#include "http/header_list.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

namespace weft::internal {
namespace {

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 §6.5.2
constexpr std::size_t kFirstFields = 8;     // a request of gRPC has about 6, its reply 3

// Most texts of a head are a few bytes long, for which a call of memcpy costs more than the copy.
// Two loads and stores that may overlap cover each range of sizes.
void CopyText(char* to, std::string_view text) {
  const char* const from = text.data();
  const std::size_t n = text.size();
  const auto ends = [&]<std::size_t kPart>(std::integral_constant<std::size_t, kPart>) {
    std::memcpy(to, from, kPart);
    std::memcpy(to + n - kPart, from + n - kPart, kPart);
  };
  if (n > 32) {
    std::memcpy(to, from, n);
  } else if (n >= 16) {
    ends(std::integral_constant<std::size_t, 16>());
  } else if (n >= 8) {
    ends(std::integral_constant<std::size_t, 8>());
  } else if (n >= 4) {
    ends(std::integral_constant<std::size_t, 4>());
  } else if (n > 0) {
    to[0] = from[0];
    to[n / 2] = from[n / 2];
    to[n - 1] = from[n - 1];
  }
}

}  // namespace

void HeaderList::Make() {
  store_ = std::make_unique<Store>();
  store_->fields.reserve(kFirstFields);
}

void HeaderList::Push(std::string_view name, std::string_view value, bool sensitive) {
  Store& to = store();
  to.fields.push_back(HeaderField{name, value, sensitive});
  to.wire_size += name.size() + value.size() + kFieldOverhead;
}

void HeaderList::Add(std::string_view name, std::string_view value, bool sensitive) {
  char* text = AllocateText(name.size() + value.size());
  CopyText(text, name);
  CopyText(text + name.size(), value);
  Push({text, name.size()}, {text + name.size(), value.size()}, sensitive);
}

void HeaderList::AddStatic(std::string_view name, std::string_view value, bool sensitive) {
  Push(name, value, sensitive);
}

void HeaderList::AddStaticName(std::string_view name, std::string_view value, bool sensitive) {
  Push(name, StoreText(value), sensitive);
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
  Store& to = store();
  to.text_size += n;
  if (n <= to.block_size - to.block_used) [[likely]] {
    return to.block.get() + std::exchange(to.block_used, to.block_used + n);
  }
  return to.MoreText(n);
}

char* HeaderList::Store::MoreText(std::size_t n) {
  if (block == nullptr) {
    block_size = std::max(n, next_block_size);
    block = std::make_unique_for_overwrite<char[]>(block_size);
    block_used = n;
    return block.get();
  }
  // The full block steps aside and a larger one takes its place, unless this text is an outlier.
  const std::size_t size = std::max(n, 2 * block_size);
  auto fresh = std::make_unique_for_overwrite<char[]>(size);
  char* text = fresh.get();
  overflow.push_back(std::exchange(block, std::move(fresh)));
  block_size = size;
  block_used = n;
  return text;
}

std::string_view HeaderList::StoreText(std::string_view text) {
  char* copy = AllocateText(text.size());
  CopyText(copy, text);
  return {copy, text.size()};
}

std::string_view HeaderList::Find(std::string_view name) const {
  for (const HeaderField& field : *this) {
    if (field.name == name) {
      // A value that is there but empty must differ from none.
      return field.value.data() != nullptr ? field.value : std::string_view("");
    }
  }
  return {};
}

bool HeaderList::Has(std::string_view name) const { return Find(name).data() != nullptr; }

void HeaderList::Clear() {
  if (store_ == nullptr) return;
  Store& all = *store_;
  if (all.fields.empty() && all.text_size == 0) return;
  all.fields.clear();
  if (all.fields.capacity() > kMaxKeptFields) std::vector<HeaderField>().swap(all.fields);
  if (!all.overflow.empty() || all.block_size > kMaxKeptText) {
    all.next_block_size = std::min(std::bit_ceil(all.text_size), kMaxKeptText);
    std::vector<std::unique_ptr<char[]>>().swap(all.overflow);
    all.block.reset();
    all.block_size = 0;
  }
  all.block_used = 0;
  all.text_size = 0;
  all.wire_size = 0;
}

}  // namespace weft::internal
