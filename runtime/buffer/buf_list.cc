#include "buffer/buf_list.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "buffer/file_mapping.h"

namespace weft::internal {
namespace {

static_assert((kInlineSlices & (kInlineSlices - 1)) == 0);

// The next chunk of a list that has `size` bytes: it grows with the list, so that a small message
// takes a small chunk and a large one few.
std::size_t NextChunkSize(std::size_t size) {
  if (size < kChunkSizes[0]) return kChunkSizes[0];
  if (size < kChunkSizes[1]) return kChunkSizes[1];
  if (size < kFlushQuantum) return kChunkSizes[2];
  return kChunkSizes[3];
}

}  // namespace

BufList& BufList::operator=(BufList&& other) noexcept {
  if (this != &other) {
    Clear();
    Swap(other);
  }
  return *this;
}

std::size_t BufList::unmapped_size() const {
  std::size_t bytes = size_;
  for (std::size_t i = 0; had_mapped_ && i < count_; ++i) {
    if (slice(i).mapped()) bytes -= slice(i).size();
  }
  return bytes;
}

void BufList::Append(ChunkPool& pool, std::string_view bytes) {
  while (!bytes.empty()) {
    if (room() < bytes.size() && (room() == 0 || bytes.size() <= kInlineCopyLimit)) {
      Open(pool, std::min(bytes.size(), kLargestChunk));
    }
    const std::size_t n = std::min(bytes.size(), room());
    std::memcpy(write_, bytes.data(), n);
    Commit(n);
    bytes.remove_prefix(n);
  }
}

void BufList::AppendRef(Slice slice) {
  if (slice.empty()) return;
  size_ += slice.size();
  had_mapped_ |= slice.mapped();
  BufferOwner* const owner = slice.owner();
  if (count_ > 0 && owner != nullptr && owner->kind() == BufferOwner::Kind::kChunk) {
    Slice& last = at(count_ - 1);
    if (last.owner() == owner && last.data() + last.size() == slice.data()) {
      last.Extend(slice.size());
      return;
    }
  }
  Push(std::move(slice));
}

void BufList::AppendAll(BufList&& other) {
  Check(this != &other, "a BufList can't be appended to itself");
  if (empty()) {
    Swap(other);
    other.Clear();
    return;
  }
  had_mapped_ |= other.had_mapped_;
  while (other.count_ > 0) Push(other.PopFront());
  size_ += std::exchange(other.size_, 0);
  if (room() < other.room()) {
    open_ = std::move(other.open_);
    write_ = std::exchange(other.write_, nullptr);
    end_ = std::exchange(other.end_, nullptr);
  }
  other.LetGo();
}

std::span<char> BufList::ReserveSome(ChunkPool& pool, std::size_t hint) {
  if (room() == 0) Open(pool, std::clamp<std::size_t>(hint, 1, kLargestChunk));
  return {write_, room()};
}

void BufList::SplitFront(std::size_t n, BufList& to) {
  Check(n <= size_ && this != &to, "BufList::SplitFront: beyond the end, or to itself");
  size_ -= n;
  to.size_ += n;
  to.had_mapped_ |= had_mapped_ && n > 0;
  while (n > 0) {
    Slice& first = at(0);
    if (first.size() > n) {
      to.Push(first.Sub(0, n));
      first.RemovePrefix(n);
      break;
    }
    n -= first.size();
    to.Push(PopFront());
  }
  if (size_ == 0) LetGo();
}

void BufList::Consume(std::size_t n) {
  Check(n <= size_, "BufList::Consume: beyond the end");
  while (size_ > 0) {
    Slice& first = at(0);
    if (first.size() > n) [[likely]] {
      first.RemovePrefix(n);
      size_ -= n;
      return;
    }
    n -= first.size();
    size_ -= first.size();
    const Slice gone = PopFront();
  }
  LetGo();
}

bool BufList::PeekFront(std::size_t n, char* to) const {
  Check(n <= size_, "BufList::PeekFront: beyond the end");
  bool all_read = true;
  for (std::size_t i = 0; n > 0; ++i) {
    const Slice& item = slice(i);
    const std::size_t part = std::min(n, item.size());
    if (!item.mapped()) {
      std::memcpy(to, item.data(), part);
    } else if (!ReadMapped(item, 0, {to, part}).ok()) {
      std::memset(to, 0, part);
      all_read = false;
    }
    to += part;
    n -= part;
  }
  return all_read;
}

std::size_t BufList::FillIov(std::span<iovec> iov) const {
  const std::size_t n = std::min(iov.size(), count_);
  for (std::size_t i = 0; i < n; ++i) {
    const Slice& item = slice(i);
    iov[i] = {const_cast<char*>(item.data()), item.size()};
  }
  return n;
}

void BufList::Swap(BufList& other) noexcept {
  std::swap(size_, other.size_);
  std::swap(had_mapped_, other.had_mapped_);
  std::swap(head_, other.head_);
  std::swap(count_, other.count_);
  std::swap(mask_, other.mask_);
  ring_.swap(other.ring_);
  std::swap(open_, other.open_);
  std::swap(write_, other.write_);
  std::swap(end_, other.end_);
  inline_.swap(other.inline_);
}

void BufList::Push(Slice slice) {
  if (count_ > mask_) [[unlikely]]
    Grow();
  at(count_) = std::move(slice);
  ++count_;
}

Slice BufList::PopFront() {
  Slice first = std::move(at(0));
  head_ = (head_ + 1) & mask_;
  --count_;
  return first;
}

void BufList::Grow() {
  const std::size_t capacity = 2 * (mask_ + 1);
  auto ring = std::make_unique<Slice[]>(capacity);
  for (std::size_t i = 0; i < count_; ++i) ring[i] = std::move(at(i));
  ring_ = std::move(ring);
  head_ = 0;
  mask_ = capacity - 1;
}

void BufList::Open(ChunkPool& pool, std::size_t size) {
  open_ = pool.Acquire(std::max(size, NextChunkSize(size_)));
  write_ = open_->data();
  end_ = write_ + open_->capacity();
}

void BufList::LetGo() {
  open_ = ChunkRef();
  write_ = end_ = nullptr;
  had_mapped_ = false;
  if (mask_ >= kKeptRingSlices) {
    ring_.reset();
    mask_ = kInlineSlices - 1;
  }
  head_ = 0;
}

}  // namespace weft::internal
