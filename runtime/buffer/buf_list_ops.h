#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "buffer/buf_list.h"

namespace weft::internal {

// Verbs on a BufList that need nothing but its interface.

// Puts a payload at the end of an output list: up to kInlineCopyLimit bytes are copied next to what
// stands there, a larger slice or a mapped one (which user space must not read) is referenced.
void AppendCoalesced(BufList& out, ChunkPool& pool, Slice payload);

// Puts a part of an unfinished message at the end of an inbound list: a small slice that would pin
// a large chunk is copied.
void AppendInbound(BufList& in, ChunkPool& pool, Slice part);

// Puts a second reference to the last n bytes (n <= from.size()) at the end of `to`.
void ShareBack(const BufList& from, std::size_t n, BufList& to);

// The bytes of the first slice; none when the list is empty or user space may not read them. Valid
// until the list changes.
inline std::string_view FrontView(const BufList& list) {
  if (list.empty() || list.slice(0).mapped()) return {};
  return list.slice(0).view();
}

// The kernel has refused to read what stands in the first `count` slices: puts zeros in the place
// of the first mapped slice whose file has shrunk, or that can't be read for another reason.
// Returns how many bytes before the list's end the zeros begin; nothing, and the list stays as it
// is, when no mapped slice is lost.
std::optional<std::size_t> ReplaceLost(BufList& list, std::size_t count);

// A copy of all bytes, for messages and tests; an unreadable mapped part is zeros.
std::string Flatten(const BufList& list);

}  // namespace weft::internal
