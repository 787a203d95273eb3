#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/check.h"
#include "buffer/chunk_pool.h"
#include "buffer/limits.h"
#include "buffer/slice.h"

namespace weft::internal {

// An ordered list of slices with its byte count. Used by one thread at a time; may be handed over
// whole. Holds no empty slice. While it has bytes it also keeps the chunk that was last opened for
// copies, into which further copies go; an empty list holds no chunk. Owners are let go when the
// list is already in its new state, so a release function may look at it.
class BufList {
 public:
  BufList() = default;
  BufList(BufList&& other) noexcept { Swap(other); }
  // What this list had is dropped; `other` is left empty.
  BufList& operator=(BufList&& other) noexcept;
  ~BufList() = default;

  std::size_t size() const { return size_; }
  // Without regions of mapped files, which are the page cache's.
  std::size_t unmapped_size() const;
  bool empty() const { return size_ == 0; }
  // Slices of a mapped file have been put into it since it was empty.
  bool had_mapped() const { return had_mapped_; }
  std::size_t slice_count() const { return count_; }
  // index < slice_count().
  const Slice& slice(std::size_t index) const { return items()[(head_ + index) & mask_]; }

  // Copies the bytes behind the tail, into the room left in the open chunk, then into new ones. Up
  // to kInlineCopyLimit bytes are never split.
  void Append(ChunkPool& pool, std::string_view bytes);
  // Shares: the slice becomes an item of its own, unless it goes on where the last one ends in the
  // same chunk.
  void AppendRef(Slice slice);
  // Moves all of other's items behind the tail.
  void AppendAll(BufList&& other);

  // A contiguous writable run of n bytes behind the tail; only Commit(m), m <= n, makes the first m
  // part of the list. Nothing else may touch the list in between.
  char* Reserve(ChunkPool& pool, std::size_t n) {
    if (room() < n) [[unlikely]]
      Open(pool, n);
    return write_;
  }
  // As Reserve, but whatever the open chunk has left, at least 1 byte; none left: a new chunk for
  // `hint` bytes.
  std::span<char> ReserveSome(ChunkPool& pool, std::size_t hint);
  void Commit(std::size_t n);
  // What Reserve gives without a new chunk.
  std::size_t room() const { return static_cast<std::size_t>(end_ - write_); }

  // Moves the first n bytes (n <= size()) to the end of `to` without copying them. `to` is another
  // list.
  void SplitFront(std::size_t n, BufList& to);
  // Drops the first n bytes, n <= size().
  void Consume(std::size_t n);
  // Copies the first n bytes (n <= size()) out without consuming them. False when a part of them
  // lies in a mapped file that can't be read any more: zeros stand for it.
  bool PeekFront(std::size_t n, char* to) const;
  // Fills iov with the front of the list; returns how many entries were used.
  std::size_t FillIov(std::span<iovec> iov) const;
  // Empties the list, keeps its capacity up to kKeptRingSlices.
  void Clear() {
    if (size_ > 0 || open_) Consume(size_);
  }
  void Swap(BufList& other) noexcept;

 private:
  Slice* items() { return ring_ ? ring_.get() : inline_.data(); }
  const Slice* items() const { return ring_ ? ring_.get() : inline_.data(); }
  Slice& at(std::size_t index) { return items()[(head_ + index) & mask_]; }

  void Push(Slice slice);
  Slice PopFront();
  void Grow();
  void Open(ChunkPool& pool, std::size_t size);
  // The list has become empty.
  void LetGo();

  std::size_t size_ = 0;
  bool had_mapped_ = false;
  // A ring of slices: capacity mask_ + 1, a power of two.
  std::size_t head_ = 0;
  std::size_t count_ = 0;
  std::size_t mask_ = kInlineSlices - 1;
  std::unique_ptr<Slice[]> ring_;  // once it has outgrown inline_
  // [write_, end_) is free for copies in open_.
  ChunkRef open_;
  char* write_ = nullptr;
  char* end_ = nullptr;
  std::array<Slice, kInlineSlices> inline_;
};

inline void BufList::Commit(std::size_t n) {
  Check(n <= room(), "BufList::Commit: more than was reserved");
  if (n > 0) {
    Slice* const last = count_ > 0 ? &at(count_ - 1) : nullptr;
    if (last != nullptr && last->data() + last->size() == write_ && last->owner() == open_.get()) {
      last->Extend(n);
    } else {
      Push(Slice(open_.Share(), {write_, n}));
    }
    open_->CountWritten(n);
    write_ += n;
    size_ += n;
  }
  if (size_ == 0) LetGo();
}

}  // namespace weft::internal
