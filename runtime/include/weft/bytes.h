// Layer: buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace google::protobuf {
class MessageLite;
}

namespace weft {

namespace internal {
class BufferOwner;
class BytesParts;
}  // namespace internal

// A message as raw bytes: an ordered list of pieces of shared memory, none of them empty. Bytes
// that are in it never change; to copy or cut it copies references, never bytes. Pieces are a
// caller's memory, a region of a file (weft/mapped_file.h), or, in what was received, parts of the
// memory that was read into: keeping a small part of it alive for long keeps a little more than
// that.
//
// What a server sends of it counts in its memory budget until the peer has taken it: a caller's
// memory once for each call that sends it; static bytes and files don't count.
//
// One thread at a time; copies of it may be used by others.
class Bytes {
 public:
  class Iterator;

  Bytes() = default;
  // Takes the string over.
  explicit Bytes(std::string bytes);
  // Of a copy.
  static Bytes Copy(std::string_view bytes);
  // Of bytes that live as long as the process.
  static Bytes Static(std::string_view bytes);
  // Of a caller's bytes, which must stay and not change until `release` is called: once, when
  // nothing needs them any more, on whatever thread that happens (at once for no bytes). It may run
  // inside the framework: it may free memory or post to a loop, but not throw, nor make, use or
  // drop calls.
  static Bytes Of(std::string_view bytes, absl::AnyInvocable<void() &&> release);
  // A message in its serialized form. Fails for one that lacks required fields or is larger than
  // protobuf can hold.
  static absl::StatusOr<Bytes> Serialize(const google::protobuf::MessageLite& message);
  // A `bytes`, `string` or message field as it stands in a serialized message: tag, length and
  // `contents` by reference. Fields one after another are a message.
  static Bytes Field(std::uint32_t number, Bytes contents);

  Bytes(const Bytes& other);
  Bytes& operator=(const Bytes& other);
  Bytes(Bytes&& other) noexcept { Swap(other); }
  Bytes& operator=(Bytes&& other) noexcept;
  ~Bytes();

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The pieces, as string_views. A piece of a mapped file must not be looked at when somebody may
  // shorten the file: that raises SIGBUS. CopyTo and Parse are safe.
  Iterator begin() const;
  Iterator end() const;
  std::size_t piece_count() const { return count_; }

  // Copies to.size() bytes from `offset` on, which must lie inside. OUT_OF_RANGE when a mapped file
  // has been shortened.
  absl::Status CopyTo(std::size_t offset, std::span<char> to) const;
  // A copy of all of it; zeros for what a mapped file has lost.
  std::string ToString() const;
  // Replaces what the message holds with what is parsed.
  absl::Status Parse(google::protobuf::MessageLite& message) const;

  // `count` bytes from `offset` on, which must lie inside.
  Bytes Sub(std::size_t offset, std::size_t count) const;
  // Puts the other's pieces behind its own.
  void Append(Bytes other);
  // Empties it; keeps room for as many pieces, within bounds.
  void Clear();
  void Swap(Bytes& other) noexcept;

 private:
  friend class internal::BytesParts;

  struct Piece {
    internal::BufferOwner* owner;  // with a reference; null: static bytes
    const char* bytes;
    std::size_t size;
  };
  static constexpr std::uint32_t kInlinePieces = 2;

  Piece* pieces() { return more_ ? more_.get() : inline_; }
  const Piece* pieces() const { return more_ ? more_.get() : inline_; }
  // Takes the piece's reference over.
  void Push(Piece piece);

  std::size_t size_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t capacity_ = kInlinePieces;
  std::unique_ptr<Piece[]> more_;  // once it has outgrown inline_
  Piece inline_[kInlinePieces] = {};
};

// Over the pieces. Valid until the Bytes changes.
class Bytes::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = std::string_view;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = std::string_view;

  Iterator() = default;
  std::string_view operator*() const { return {at_->bytes, at_->size}; }
  Iterator& operator++() { return ++at_, *this; }
  Iterator operator++(int) { return Iterator(at_++); }
  bool operator==(const Iterator&) const = default;

 private:
  friend class Bytes;
  explicit Iterator(const Piece* at) : at_(at) {}
  const Piece* at_ = nullptr;
};

inline Bytes::Iterator Bytes::begin() const { return Iterator(pieces()); }
inline Bytes::Iterator Bytes::end() const { return Iterator(pieces() + count_); }

}  // namespace weft
