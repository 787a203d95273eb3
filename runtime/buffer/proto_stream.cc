#include "buffer/proto_stream.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

#include "base/check.h"
#include "buffer/buf_list_ops.h"
#include "buffer/file_mapping.h"

namespace weft::internal {

using google::protobuf::MessageLite;
using google::protobuf::io::ArrayInputStream;
using google::protobuf::io::CodedOutputStream;

namespace {

constexpr std::size_t kMappedPiece = 16 * kKiB;

absl::Status CheckSize(const MessageLite& message, std::size_t size) {
  if (size <= kProtobufSizeLimit) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("can't serialize a ", message.GetTypeName(), " of ", size,
                   " bytes: protobuf's limit is 2 GiB; send it in parts"));
}

absl::Status SerializeContiguous(const MessageLite& message, std::size_t size, BufList& list,
                                 ChunkPool& pool, std::string_view prefix) {
  char* const run = list.Reserve(pool, prefix.size() + size);
  std::copy(prefix.begin(), prefix.end(), run);
  SerializeAt(message, size, run + prefix.size());
  list.Commit(prefix.size() + size);
  return absl::OkStatus();
}

absl::Status SerializeAcross(const MessageLite& message, std::size_t size, OwnerRef owner,
                             BufList& list, ChunkPool& pool, std::string_view prefix) {
  const bool alias = owner.get() != nullptr;
  // The prefix's chunk takes the beginning of the message too.
  if (!alias && list.room() < prefix.size()) {
    list.Reserve(pool, std::min(prefix.size() + size, kLargestChunk));
  }
  list.Append(pool, prefix);
  const std::size_t before = list.size();
  {
    BufListWriter writer(list, pool, size, std::move(owner));
    CodedOutputStream out(&writer);
    out.EnableAliasing(alias);
    message.SerializeWithCachedSizes(&out);
  }
  Check(list.size() == before + size, "a message changed while it was serialized");
  return absl::OkStatus();
}

absl::Status CannotParse(bool parsed, const MessageLite& message, std::size_t size) {
  return absl::InternalError(
      parsed ? absl::StrCat("a ", message.GetTypeName(), " of ", size,
                            " bytes lacks required fields: ", message.InitializationErrorString())
             : absl::StrCat("can't parse a ", message.GetTypeName(), " of ", size,
                            " bytes: malformed protobuf, or a string field that is not UTF-8"));
}

// The partial forms of protobuf's parse functions are used: the full ones would write a line to
// stderr for every message without its required fields.
absl::Status ParseResult(bool parsed, const MessageLite& message, std::size_t size) {
  if (parsed && message.IsInitialized()) [[likely]]
    return absl::OkStatus();
  return CannotParse(parsed, message, size);
}

}  // namespace

BufListReader::BufListReader(const BufList& list, std::size_t limit)
    : list_(list), limit_(limit), left_(limit) {
  Check(limit <= list.size(), "BufListReader: beyond the end of the list");
}

bool BufListReader::Next(const void** data, int* size) {
  if (left_ == 0 || !ok_) return false;
  const Slice* item = &list_.slice(index_);
  if (offset_ == item->size()) {
    item = &list_.slice(++index_);
    offset_ = 0;
  }
  std::size_t n = std::min({item->size() - offset_, left_, std::size_t{INT_MAX}});
  if (!item->mapped()) [[likely]] {
    *data = item->data() + offset_;
  } else {
    n = std::min(n, kMappedPiece);
    if (!scratch_) scratch_ = std::make_unique<char[]>(kMappedPiece);
    ok_ = ReadMapped(*item, offset_, {scratch_.get(), n}).ok();
    if (!ok_) return false;
    *data = scratch_.get();
  }
  *size = static_cast<int>(n);
  offset_ += n;
  left_ -= n;
  return true;
}

// Only bytes of the last Next may come back, and these lie in the slice at index_.
void BufListReader::BackUp(int count) {
  const auto n = static_cast<std::size_t>(count);
  Check(n <= offset_, "BufListReader::BackUp: more than Next gave");
  offset_ -= n;
  left_ += n;
}

bool BufListReader::Skip(int count) {
  auto n = static_cast<std::size_t>(count);
  const bool enough = n <= left_;
  n = std::min(n, left_);
  left_ -= n;
  while (n > 0) {
    const std::size_t rest = list_.slice(index_).size() - offset_;
    if (n <= rest) {
      offset_ += n;
      break;
    }
    n -= rest;
    ++index_;
    offset_ = 0;
  }
  return enough;
}

BufListWriter::BufListWriter(BufList& list, ChunkPool& pool, std::size_t expected, OwnerRef owner)
    : list_(list),
      pool_(pool),
      before_(list.size()),
      expected_(expected),
      owner_(std::move(owner)) {}

bool BufListWriter::Next(void** data, int* size) {
  Finish();
  const std::size_t written = list_.size() - before_;
  std::size_t hint = expected_ > written ? expected_ - written : kSmallestChunk;
  // How much of what is expected will be copied is not known: chunks as the list grows.
  if (AllowsAliasing()) hint = kSmallestChunk;
  std::span<char> segment = list_.ReserveSome(pool_, hint);
  if (AllowsAliasing()) segment = segment.first(std::min(segment.size(), kAliasThreshold));
  *data = segment.data();
  *size = static_cast<int>(std::min(segment.size(), std::size_t{INT_MAX}));
  uncommitted_ = static_cast<std::size_t>(*size);
  return true;
}

void BufListWriter::BackUp(int count) {
  const auto n = static_cast<std::size_t>(count);
  Check(n <= uncommitted_, "BufListWriter::BackUp: more than Next gave");
  uncommitted_ -= n;
  Finish();
}

std::int64_t BufListWriter::ByteCount() const {
  return static_cast<std::int64_t>(list_.size() - before_ + uncommitted_);
}

bool BufListWriter::WriteAliasedRaw(const void* data, int size) {
  Finish();
  const std::string_view bytes(static_cast<const char*>(data), static_cast<std::size_t>(size));
  if (bytes.size() >= kAliasThreshold && AllowsAliasing()) {
    list_.AppendRef(Slice(owner_, bytes));
  } else {
    list_.Append(pool_, bytes);
  }
  return true;
}

void BufListWriter::Finish() {
  if (uncommitted_ > 0) list_.Commit(std::exchange(uncommitted_, 0));
}

void SerializeAt(const MessageLite& message, std::size_t size, char* to) {
  auto* const begin = reinterpret_cast<std::uint8_t*>(to);
  // As SerializeWithCachedSizesToArray, which asks the message for its size once more: a tenth of
  // what a small one costs.
  google::protobuf::io::EpsCopyOutputStream out(begin, static_cast<int>(size),
                                                /*deterministic=*/false);
  const std::uint8_t* const end = message._InternalSerialize(begin, &out);
  Check(end == begin + size, "a message changed while it was serialized");
}

absl::Status SerializeInto(const MessageLite& message, std::size_t size, BufList& list,
                           ChunkPool& pool, std::string_view prefix) {
  const std::size_t total = prefix.size() + size;
  if (total <= kContiguousMessageLimit) [[likely]] {
    return SerializeContiguous(message, size, list, pool, prefix);
  }
  if (absl::Status fits = CheckSize(message, size); !fits.ok()) return fits;
  if (total <= list.room()) return SerializeContiguous(message, size, list, pool, prefix);
  return SerializeAcross(message, size, OwnerRef(), list, pool, prefix);
}

absl::Status SerializeAliasing(const MessageLite& message, std::size_t size, OwnerRef owner,
                               BufList& list, ChunkPool& pool, std::string_view prefix) {
  // No field of a smaller message can reach the threshold.
  if (size < kAliasThreshold) return SerializeContiguous(message, size, list, pool, prefix);
  if (absl::Status fits = CheckSize(message, size); !fits.ok()) return fits;
  return SerializeAcross(message, size, std::move(owner), list, pool, prefix);
}

absl::Status ParseFrom(std::string_view bytes, MessageLite& message) {
  if (bytes.size() > kProtobufSizeLimit) return CannotParse(false, message, bytes.size());
  const bool parsed = message.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return ParseResult(parsed, message, bytes.size());
}

absl::Status ParseFrom(const BufList& list, std::size_t n, MessageLite& message) {
  if (n > kProtobufSizeLimit) return CannotParse(false, message, n);
  const int size = static_cast<int>(n);
  const std::string_view front = FrontView(list);
  if (front.size() == n) return ParseFrom(front, message);
  if (front.size() > n) {
    // protobuf looks 16 bytes ahead: at the end of what it is given it goes on in a copy of the
    // last bytes, which a message that others follow need not pay for.
    ArrayInputStream run(front.data(),
                         static_cast<int>(std::min<std::size_t>(front.size(), INT_MAX)));
    return ParseResult(message.ParsePartialFromBoundedZeroCopyStream(&run, size), message, n);
  }
  BufListReader reader(list, n);
  const bool parsed = message.ParsePartialFromZeroCopyStream(&reader);
  return ParseResult(parsed && reader.ok(), message, n);
}

}  // namespace weft::internal
