#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "buffer/chunk_pool.h"
#include "buffer/slice.h"

namespace weft::internal {

// INTERFACE SKETCH (the buffer module's author completes it; these names and meanings are what others use).
// An ordered list of slices with its byte count. Used by one thread at a time; may be handed over whole.
class BufList {
 public:
  std::size_t size() const;   // bytes, O(1)
  bool empty() const;
  std::size_t slice_count() const;
  const Slice& slice(std::size_t index) const;   // index < slice_count()

  // Copies the bytes behind the tail, into the room left in the chunk that this list opened, then new chunks.
  void Append(ChunkPool& pool, std::string_view bytes);
  // Shares: the slice becomes an item of its own.
  void AppendRef(Slice slice);
  // Moves all of other's items behind the tail.
  void AppendAll(BufList&& other);
  // A contiguous writable run of n bytes behind the tail; only Commit(m), m <= n, makes the first m part of the
  // list. Nothing else may touch the list in between.
  char* Reserve(ChunkPool& pool, std::size_t n);
  void Commit(std::size_t n);
  // As Reserve, but at least 1 and whatever the open chunk has left (or a new chunk of `hint` bytes).
  std::span<char> ReserveSome(ChunkPool& pool, std::size_t hint);
  // Moves the first n bytes (n <= size()) to the end of `to` without copying them.
  void SplitFront(std::size_t n, BufList& to);
  // Drops the first n bytes, n <= size().
  void Consume(std::size_t n);
  // Copies the first n bytes out without consuming them.
  void PeekFront(std::size_t n, char* to) const;
  // Fills iov with the front of the list; returns how many entries were used.
  std::size_t FillIov(std::span<iovec> iov) const;
  // Empties the list, keeps its capacity.
  void Clear();
};

}  // namespace weft::internal
