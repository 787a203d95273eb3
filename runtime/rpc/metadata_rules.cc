#include "rpc/metadata_rules.h"

#include <algorithm>
#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "base/absl_view.h"
#include "buffer/limits.h"

namespace weft::internal {
namespace {

constexpr std::array<std::string_view, 9> kReserved = {
    "content-type",      "te",      "host",  "connection", "content-length", "keep-alive",
    "transfer-encoding", "upgrade", "expect"};

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool IsPrintable(char c) { return c >= 0x20 && c <= 0x7e; }

std::string_view TrimSpaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

bool IsReservedMetadataKey(std::string_view key) {
  if (key.starts_with(':') || key.starts_with("grpc-")) return true;
  return std::find(kReserved.begin(), kReserved.end(), key) != kReserved.end();
}

std::optional<std::string> DecodeBinaryValue(std::string_view text) {
  text = TrimSpaces(text);
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  // The library forgives white space and odd lengths; the header's grammar doesn't.
  if (text.size() % 4 == 1 || text.find_first_of(" \t\r\n") != std::string_view::npos) {
    return std::nullopt;
  }
  std::string bytes;
  if (!absl::Base64Unescape(Absl(text), &bytes)) return std::nullopt;
  return bytes;
}

std::string EncodeBinaryValue(std::string_view bytes) {
  std::string text = absl::Base64Escape(Absl(bytes));
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

absl::Status AddMetadata(std::string_view key, std::string_view value, HeaderList& to) {
  if (key.empty() || !std::all_of(key.begin(), key.end(), IsKeyCharacter)) {
    return absl::InternalError(
        absl::StrCat("the metadata key \"", absl::CHexEscape(Absl(key)),
                     "\" is not valid: use lower-case letters, digits, '_', '-' and '.'"));
  }
  if (IsReservedMetadataKey(key)) {
    return absl::InternalError(absl::StrCat("the metadata key \"", Absl(key),
                                            "\" belongs to the protocol; use another name"));
  }
  const std::size_t size = IsBinaryMetadataKey(key) ? value.size() / 3 * 4 + 4 : value.size();
  if (to.wire_size() + key.size() + size + 32 > kMetadataSendLimit) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the metadata key \"", Absl(key), "\" with a value of ", value.size(),
                     " bytes does not fit: metadata may have ", kMetadataSendLimit,
                     " bytes in all; send what is large in the message"));
  }
  if (IsBinaryMetadataKey(key)) {
    to.Add(key, EncodeBinaryValue(value));
    return absl::OkStatus();
  }
  value = TrimSpaces(value);
  if (!std::all_of(value.begin(), value.end(), IsPrintable)) {
    return absl::InternalError(absl::StrCat(
        "the value of the metadata key \"", Absl(key),
        "\" has bytes that are not printable ASCII; send it under \"", Absl(key), "-bin\""));
  }
  to.Add(key, value);
  return absl::OkStatus();
}

}  // namespace weft::internal
