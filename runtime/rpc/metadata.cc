#include "weft/metadata.h"

#include "absl/strings/escaping.h"

#include "http/header_list.h"
#include "rpc/metadata_rules.h"

namespace weft {

using internal::HeaderField;
using internal::IsReservedMetadataKey;

std::optional<std::string_view> MetadataView::Get(std::string_view key) const {
  if (fields_ == nullptr || IsReservedMetadataKey(key)) return std::nullopt;
  for (const HeaderField& field : *fields_) {
    if (field.name == key) return field.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> MetadataView::GetAll(std::string_view key) const {
  std::vector<std::string_view> values;
  if (fields_ == nullptr || IsReservedMetadataKey(key)) return values;
  for (const HeaderField& field : *fields_) {
    if (field.name == key) values.push_back(field.value);
  }
  return values;
}

std::vector<std::string> MetadataView::GetBinary(std::string_view key) const {
  std::vector<std::string> values;
  for (std::string_view joined : GetAll(key)) {
    // Split before decoding: a comma is not in base64's alphabet (gRPC over HTTP/2, Binary-Header).
    while (true) {
      const std::size_t comma = joined.find(',');
      if (std::optional<std::string> value = internal::DecodeBinaryValue(joined.substr(0, comma))) {
        values.push_back(*std::move(value));
      }
      if (comma == std::string_view::npos) break;
      joined.remove_prefix(comma + 1);
    }
  }
  return values;
}

std::vector<std::pair<std::string_view, std::string_view>> MetadataView::All() const {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  if (fields_ == nullptr) return all;
  for (const HeaderField& field : *fields_) {
    if (!IsReservedMetadataKey(field.name)) all.emplace_back(field.name, field.value);
  }
  return all;
}

}  // namespace weft
