#include "http1/framing.h"

#include <cstddef>

#include "http/header_rules.h"
#include "http1/limits.h"

namespace weft::http1 {

std::optional<std::uint64_t> ParseContentLength(std::string_view value) {
  // 18 digits are always below 2^63; a longer number is no length of anything.
  if (value.empty() || value.size() > 18) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return length;
}

void TransferCodings::AddLine(std::string_view value) {
  present_ = true;
  bool more = true;
  std::string_view coding;
  while (internal::NextListElement(value, more, coding)) {
    if (!internal::IsToken(coding)) malformed_ = true;
    last_is_chunked_ = internal::EqualsIgnoreCase(coding, "chunked");
    ++(last_is_chunked_ ? chunked_ : others_);
  }
}

ParseError TransferCodings::Judge() const {
  if (malformed_) return {400, "the transfer-encoding is malformed"};
  if (!last_is_chunked_) return {400, "the transfer-encoding does not end in chunked"};
  if (chunked_ > 1) return {400, "the transfer-encoding is chunked more than once"};
  if (others_ > 0) return {501, "no transfer-encoding but chunked is supported"};
  return {};
}

std::optional<ChunkLine> ParseChunkLine(std::string_view line) {
  ChunkLine chunk;
  std::size_t digits = 0;
  while (digits < line.size() && internal::HasClass(line[digits], internal::kHexDigit)) {
    if (digits == kMaxChunkSizeDigits) return std::nullopt;
    chunk.size = chunk.size * 16 + internal::HexValue(line[digits]);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  line.remove_prefix(digits);
  chunk.extension_bytes = line.size();
  if (line.empty()) return chunk;
  // RFC 9112 §7.1.1 lets bad white space stand before an extension, and nowhere else.
  while (!line.empty() && internal::IsOws(line.front())) line.remove_prefix(1);
  if (line.empty() || line.front() != ';') return std::nullopt;
  if (!internal::AllOfClass(line, internal::kValueChar)) return std::nullopt;
  return chunk;
}

}  // namespace weft::http1
