#include "buffer/buf_list_ops.h"

#include <utility>

namespace weft::internal {

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

std::optional<std::string_view> PrefixView(const BufList& list, std::size_t n) {
  if (n == 0) return std::string_view();
  const Slice& first = list.slice(0);
  if (first.size() < n || first.mapped()) return std::nullopt;
  return first.view().substr(0, n);
}

std::string Flatten(const BufList& list) {
  std::string bytes(list.size(), '\0');
  list.PeekFront(list.size(), bytes.data());
  return bytes;
}

}  // namespace weft::internal
