#include "rpc/message_assembler.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "base/absl_view.h"
#include "buffer/buf_list_ops.h"

namespace weft::internal {
namespace {

std::uint32_t LoadBigEndian32(const char* from) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(from);
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

absl::Status BadFlag(unsigned char flag) {
  if (flag == 1) {
    return absl::InternalError(
        "a message is flagged as compressed, but no grpc-encoding was agreed on for this call");
  }
  return absl::InternalError(
      absl::StrCat("a message has the flag byte ", static_cast<int>(flag),
                   "; 0 and 1 are the only ones: the body is not gRPC framing"));
}

absl::Status TooLargeBy(std::string_view qualifier, std::uint64_t size, std::size_t limit,
                        std::string_view limit_option) {
  return absl::ResourceExhaustedError(absl::StrCat(
      "a received message of ", Absl(qualifier), size, " bytes is larger than the limit of ", limit,
      " bytes (", Absl(limit_option), "); raise it, or send less at once"));
}

}  // namespace

void MessageAssembler::Reset(Framing framing, std::size_t receive_limit,
                             std::string_view limit_option) {
  bytes_.Clear();
  receive_limit_ = receive_limit;
  limit_option_ = limit_option;
  message_size_ = 0;
  framing_ = framing;
  prefix_known_ = false;
  ended_ = false;
}

std::string_view MessageAssembler::TakeWhole(const Slice& part) {
  if (framing_ != Framing::kEnvelope || mid_message() || part.size() < kEnvelopePrefixSize ||
      part.data()[0] != 0) {
    return {};
  }
  const std::size_t size = LoadBigEndian32(part.data() + 1);
  if (size != part.size() - kEnvelopePrefixSize || size > receive_limit_) return {};
  return part.view().substr(kEnvelopePrefixSize);
}

absl::Status MessageAssembler::Push(ChunkPool& pool, Slice part) {
  if (part.empty()) return absl::OkStatus();
  if (WouldExceed(part.size())) return TooLarge(bytes_.size() + part.size());
  AppendInbound(bytes_, pool, std::move(part));
  return prefix_known_ ? absl::OkStatus() : ReadPrefix(0);
}

absl::Status MessageAssembler::PushAll(BufList&& parts) {
  if (WouldExceed(parts.size())) return TooLarge(bytes_.size() + parts.size());
  bytes_.AppendAll(std::move(parts));
  return prefix_known_ ? absl::OkStatus() : ReadPrefix(0);
}

absl::Status MessageAssembler::End() {
  ended_ = true;
  if (framing_ == Framing::kWholeBody) {
    prefix_known_ = true;
    message_size_ = bytes_.size();
    return absl::OkStatus();
  }
  // Whole messages may still wait to be taken; what is at the very end is looked at when it is
  // reached.
  if (mid_message() && !has_message()) {
    return absl::InternalError(
        prefix_known_
            ? absl::StrCat("the body ended in the middle of a message: ", bytes_.size(), " of ",
                           message_size_, " bytes had come")
            : absl::StrCat("the body ended inside a message's 5-byte prefix: ", bytes_.size(),
                           " bytes had come"));
  }
  return absl::OkStatus();
}

absl::Status MessageAssembler::PopMessage() { return NextMessage(message_size_); }

absl::Status MessageAssembler::MoveMessage(BufList& to) {
  bytes_.SplitFront(message_size_, to);
  return NextMessage(0);
}

void MessageAssembler::Clear() {
  bytes_.Clear();
  prefix_known_ = false;
  message_size_ = 0;
}

absl::Status MessageAssembler::NextMessage(std::size_t taken) {
  prefix_known_ = false;
  message_size_ = 0;
  if (absl::Status read = ReadPrefix(taken); !read.ok()) return read;
  return ended_ && framing_ == Framing::kEnvelope ? End() : absl::OkStatus();
}

absl::Status MessageAssembler::ReadPrefix(std::size_t taken) {
  const bool prefixed = framing_ == Framing::kEnvelope;
  const std::string_view front = FrontView(bytes_);
  char copied[kEnvelopePrefixSize];
  const char* prefix = copied;
  if (prefixed && front.size() >= taken + kEnvelopePrefixSize) [[likely]] {
    prefix = front.data() + taken;
  } else {
    bytes_.Consume(std::exchange(taken, 0));
    if (!prefixed || bytes_.size() < kEnvelopePrefixSize) return absl::OkStatus();
    bytes_.PeekFront(kEnvelopePrefixSize, copied);
  }
  const auto flag = static_cast<unsigned char>(prefix[0]);
  const std::uint32_t size = LoadBigEndian32(prefix + 1);
  const bool good = flag == 0 && size <= receive_limit_;
  bytes_.Consume(good ? taken + kEnvelopePrefixSize : taken);
  if (!good) [[unlikely]]
    return flag != 0 ? BadFlag(flag) : TooLarge(size);
  message_size_ = size;
  prefix_known_ = true;
  return absl::OkStatus();
}

absl::Status MessageAssembler::TooLarge(std::uint64_t size) const {
  return TooLargeBy(framing_ == Framing::kWholeBody ? "at least " : "", size, receive_limit_,
                    limit_option_);
}

absl::Status ReceivedTooLarge(std::uint64_t size, std::size_t limit,
                              std::string_view limit_option) {
  return TooLargeBy("", size, limit, limit_option);
}

}  // namespace weft::internal
