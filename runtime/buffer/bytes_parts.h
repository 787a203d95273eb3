#pragma once

#include <cstddef>

#include "buffer/buf_list.h"
#include "buffer/slice.h"
#include "weft/bytes.h"

namespace weft::internal {

// The way between Bytes and lists of slices.
class BytesParts {
 public:
  static Bytes Of(Slice slice);
  // Replaces what `to` holds with the first n bytes of the list (n <= list.size()), which is not
  // changed.
  static void Share(const BufList& list, std::size_t n, Bytes& to);
  // Puts the bytes at the end of a list of output: pieces of up to kInlineCopyLimit are copied;
  // larger ones that are neither a file's nor static nor chunks are charged to the pool while the
  // list, or who takes from it, has them.
  static void Append(const Bytes& bytes, ChunkPool& pool, BufList& list);

 private:
  friend class ::weft::Bytes;
  static void Push(Slice slice, Bytes& to);
  // A reference of its own.
  static Slice SliceOf(const Bytes::Piece& piece);
};

}  // namespace weft::internal
