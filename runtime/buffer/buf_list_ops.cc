#include "buffer/buf_list_ops.h"

#include <algorithm>
#include <utility>

#include "buffer/file_mapping.h"
#include "buffer/limits.h"

namespace weft::internal {
namespace {

constexpr char kZeros[16 * kKiB] = {};

}  // namespace

void AppendCoalesced(BufList& out, ChunkPool& pool, Slice payload) {
  if (payload.size() <= kInlineCopyLimit && !payload.mapped()) {
    out.Append(pool, payload.view());
  } else {
    out.AppendRef(std::move(payload));
  }
}

void AppendInbound(BufList& in, ChunkPool& pool, Slice part) {
  const BufferOwner* const owner = part.owner();
  std::size_t capacity = 0;
  if (owner != nullptr && owner->kind() == BufferOwner::Kind::kChunk) {
    capacity = static_cast<const Chunk*>(owner)->capacity();
  }
  const bool small = part.size() <= kInboundCopyLimit || part.size() * kMostPinned <= capacity;
  if (capacity > kPinnableChunk && small) {
    in.Append(pool, part.view());
  } else {
    in.AppendRef(std::move(part));
  }
}

void ShareBack(const BufList& from, std::size_t n, BufList& to) {
  std::size_t index = from.slice_count();
  std::size_t shared = 0;
  while (shared < n) shared += from.slice(--index).size();
  std::size_t skipped = shared - n;
  for (; index < from.slice_count(); ++index) {
    const Slice& item = from.slice(index);
    to.AppendRef(item.Sub(skipped, item.size() - skipped));
    skipped = 0;
  }
}

std::optional<std::size_t> ReplaceLost(BufList& list, std::size_t count) {
  count = std::min(count, list.slice_count());
  const auto is_lost = [&list](std::size_t i) {
    const Slice& slice = list.slice(i);
    return slice.mapped() && (!IsIntact(slice) || !IsReadable(slice));
  };
  std::size_t lost = 0;
  while (lost < count && !is_lost(lost)) ++lost;
  if (lost == count) return std::nullopt;
  BufList rebuilt;
  for (std::size_t i = 0; i < lost; ++i) list.SplitFront(list.slice(0).size(), rebuilt);
  const std::size_t from_end = list.size();
  std::size_t size = list.slice(0).size();
  list.Consume(size);
  while (size > 0) {
    const std::size_t n = std::min(size, sizeof kZeros);
    rebuilt.AppendRef(Slice::Static({kZeros, n}));
    size -= n;
  }
  rebuilt.AppendAll(std::move(list));
  list = std::move(rebuilt);
  return from_end;
}

std::string Flatten(const BufList& list) {
  std::string bytes(list.size(), '\0');
  list.PeekFront(list.size(), bytes.data());
  return bytes;
}

}  // namespace weft::internal
