#include "weft/bytes.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/message_lite.h"

#include "base/check.h"
#include "buffer/buf_list_ops.h"
#include "buffer/bytes_parts.h"
#include "buffer/external_buffer.h"
#include "buffer/file_mapping.h"
#include "buffer/limits.h"
#include "buffer/proto_stream.h"

namespace weft {

using internal::BytesParts;
using internal::Check;
using internal::Slice;

namespace {

// Tag and length of a field: two varints (protobuf's encoding guide).
std::string FieldHead(std::uint32_t number, std::size_t size) {
  constexpr std::uint32_t kLengthDelimited = 2;
  std::string head;
  for (std::uint64_t value : {std::uint64_t{number} << 3 | kLengthDelimited, std::uint64_t{size}}) {
    for (; value >= 0x80; value >>= 7) head.push_back(static_cast<char>(value | 0x80));
    head.push_back(static_cast<char>(value));
  }
  return head;
}

// Chunks count as they are; files and static bytes are not memory of the call's.
bool InUncountedMemory(const Slice& slice) {
  using Kind = internal::BufferOwner::Kind;
  return slice.owner() != nullptr &&
         (slice.owner()->kind() == Kind::kExternal || slice.owner()->kind() == Kind::kMessage);
}

}  // namespace

Bytes::Bytes(std::string bytes) {
  BytesParts::Push(internal::SliceOfString(std::move(bytes)), *this);
}

Bytes Bytes::Copy(std::string_view bytes) { return BytesParts::Of(internal::SliceOfCopy(bytes)); }

Bytes Bytes::Static(std::string_view bytes) { return BytesParts::Of(Slice::Static(bytes)); }

Bytes Bytes::Of(std::string_view bytes, absl::AnyInvocable<void() &&> release) {
  return BytesParts::Of(internal::SliceOfBytes(bytes, std::move(release)));
}

absl::StatusOr<Bytes> Bytes::Serialize(const google::protobuf::MessageLite& message) {
  if (!message.IsInitialized()) {
    return absl::InternalError(
        absl::StrCat("can't serialize a ", message.GetTypeName(),
                     ": these required fields are not set: ", message.InitializationErrorString()));
  }
  const std::size_t size = message.ByteSizeLong();
  if (size > internal::kProtobufSizeLimit) {
    return absl::ResourceExhaustedError(
        absl::StrCat("can't serialize a ", message.GetTypeName(), " of ", size,
                     " bytes: protobuf's limit is 2 GiB; send it in parts"));
  }
  std::string bytes(size, '\0');
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(bytes.data()));
  return Bytes(std::move(bytes));
}

Bytes Bytes::Field(std::uint32_t number, Bytes contents) {
  constexpr std::uint32_t kLargestFieldNumber = (1u << 29) - 1;
  Check(number >= 1 && number <= kLargestFieldNumber, "Bytes::Field: not a field's number");
  Bytes field = Copy(FieldHead(number, contents.size()));
  field.Append(std::move(contents));
  return field;
}

Bytes::Bytes(const Bytes& other) {
  for (std::uint32_t i = 0; i < other.count_; ++i) {
    BytesParts::Push(BytesParts::SliceOf(other.pieces()[i]), *this);
  }
}

Bytes& Bytes::operator=(const Bytes& other) {
  if (this != &other) {
    Bytes copy(other);
    Swap(copy);
  }
  return *this;
}

Bytes& Bytes::operator=(Bytes&& other) noexcept {
  if (this != &other) {
    Bytes taken(std::move(other));
    Swap(taken);
  }
  return *this;
}

Bytes::~Bytes() { Clear(); }

absl::Status Bytes::CopyTo(std::size_t offset, std::span<char> to) const {
  Check(offset <= size_ && to.size() <= size_ - offset, "Bytes::CopyTo: beyond the end");
  absl::Status status;
  for (const Piece* piece = pieces(); !to.empty(); ++piece) {
    if (offset >= piece->size) {
      offset -= piece->size;
      continue;
    }
    const std::span<char> part = to.first(std::min(to.size(), piece->size - offset));
    const Slice slice = BytesParts::SliceOf(*piece);
    if (!slice.mapped()) {
      std::memcpy(part.data(), slice.data() + offset, part.size());
    } else if (absl::Status read = internal::ReadMapped(slice, offset, part); !read.ok()) {
      std::memset(part.data(), 0, part.size());
      status.Update(read);
    }
    to = to.subspan(part.size());
    offset = 0;
  }
  return status;
}

std::string Bytes::ToString() const {
  std::string copy(size_, '\0');
  CopyTo(0, copy).IgnoreError();  // zeros stand for what is lost
  return copy;
}

absl::Status Bytes::Parse(google::protobuf::MessageLite& message) const {
  internal::BufList list;
  for (std::uint32_t i = 0; i < count_; ++i) list.AppendRef(BytesParts::SliceOf(pieces()[i]));
  return internal::ParseFrom(list, list.size(), message);
}

Bytes Bytes::Sub(std::size_t offset, std::size_t count) const {
  Check(offset <= size_ && count <= size_ - offset, "Bytes::Sub: beyond the end");
  Bytes part;
  for (const Piece* piece = pieces(); count > 0; ++piece) {
    if (offset >= piece->size) {
      offset -= piece->size;
      continue;
    }
    const std::size_t n = std::min(count, piece->size - offset);
    BytesParts::Push(BytesParts::SliceOf({piece->owner, piece->bytes + offset, n}), part);
    count -= n;
    offset = 0;
  }
  return part;
}

void Bytes::Append(Bytes other) {
  if (empty()) {
    Swap(other);
    return;
  }
  for (std::uint32_t i = 0; i < other.count_; ++i) Push(other.pieces()[i]);
  other.count_ = 0;  // its references are ours
}

void Bytes::Clear() {
  size_ = 0;
  const std::uint32_t count = std::exchange(count_, 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (internal::BufferOwner* owner = pieces()[i].owner) owner->Unref();
  }
  if (capacity_ > internal::kKeptRingSlices) {
    more_.reset();
    capacity_ = kInlinePieces;
  }
}

void Bytes::Swap(Bytes& other) noexcept {
  std::swap(size_, other.size_);
  std::swap(count_, other.count_);
  std::swap(capacity_, other.capacity_);
  more_.swap(other.more_);
  std::swap(inline_, other.inline_);
}

void Bytes::Push(Piece piece) {
  if (count_ == capacity_) {
    const std::uint32_t capacity = 4 * capacity_;
    auto more = std::make_unique_for_overwrite<Piece[]>(capacity);
    std::copy_n(pieces(), count_, more.get());
    more_ = std::move(more);
    capacity_ = capacity;
  }
  pieces()[count_++] = piece;
  size_ += piece.size;
}

namespace internal {

Bytes BytesParts::Of(Slice slice) {
  Bytes bytes;
  Push(std::move(slice), bytes);
  return bytes;
}

void BytesParts::Share(const BufList& list, std::size_t n, Bytes& to) {
  to.Clear();
  for (std::size_t i = 0; n > 0; ++i) {
    const Slice& slice = list.slice(i);
    const std::size_t part = std::min(n, slice.size());
    Push(slice.Sub(0, part), to);
    n -= part;
  }
}

void BytesParts::Append(const Bytes& bytes, ChunkPool& pool, BufList& list) {
  for (std::uint32_t i = 0; i < bytes.count_; ++i) {
    Slice slice = SliceOf(bytes.pieces()[i]);
    if (slice.size() >= kAliasThreshold && InUncountedMemory(slice)) {
      slice = ChargedSlice(std::move(slice), pool);
    }
    AppendCoalesced(list, pool, std::move(slice));
  }
}

void BytesParts::Push(Slice slice, Bytes& to) {
  if (slice.empty()) return;
  const std::string_view view = slice.view();
  to.Push({std::move(slice).TakeOwner().Take(), view.data(), view.size()});
}

Slice BytesParts::SliceOf(const Bytes::Piece& piece) {
  return Slice(OwnerRef::Share(piece.owner), {piece.bytes, piece.size});
}

}  // namespace internal
}  // namespace weft
