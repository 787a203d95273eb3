#include "http/media_type.h"

#include <cstddef>

#include "http/header_rules.h"

namespace weft::internal {
namespace {

// Reads a quoted-string at the front of `text` (RFC 9110 §5.6.4) and cuts it off. Nothing if it
// never ends.
std::optional<std::string> TakeQuoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    value.push_back(text[i]);
  }
  return std::nullopt;
}

}  // namespace

std::optional<MediaType> MediaType::Parse(std::string_view text) {
  MediaType media;
  const std::size_t semicolon = text.find(';');
  if (semicolon != std::string_view::npos) media.parameters_ = text.substr(semicolon + 1);
  const std::string_view essence = TrimOws(text.substr(0, semicolon));
  const std::size_t slash = essence.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  media.type_ = essence.substr(0, slash);
  media.subtype_ = essence.substr(slash + 1);
  if (!IsToken(media.type_) || !IsToken(media.subtype_)) return std::nullopt;
  const std::size_t plus = media.subtype_.rfind('+');
  if (plus != std::string_view::npos) {
    media.suffix_ = media.subtype_.substr(plus + 1);
    media.subtype_ = media.subtype_.substr(0, plus);
    if (media.subtype_.empty() || media.suffix_.empty()) return std::nullopt;
  }
  return media;
}

bool MediaType::Is(std::string_view type, std::string_view subtype) const {
  return EqualsIgnoreCase(type_, type) && EqualsIgnoreCase(subtype_, subtype);
}

bool MediaType::HasSuffix(std::string_view suffix) const {
  return EqualsIgnoreCase(suffix_, suffix);
}

std::optional<std::string> MediaType::Parameter(std::string_view name) const {
  std::string_view rest = parameters_;
  while (!rest.empty()) {
    const std::size_t stop = rest.find_first_of(";=");
    if (stop == std::string_view::npos) return std::nullopt;
    const std::string_view key = TrimOws(rest.substr(0, stop));
    const bool has_value = rest[stop] == '=';
    rest.remove_prefix(stop + 1);
    if (!has_value) continue;
    std::string value;
    if (!rest.empty() && rest.front() == '"') {
      std::optional<std::string> quoted = TakeQuoted(rest);
      if (!quoted.has_value()) return std::nullopt;
      value = *std::move(quoted);
      const std::size_t next = rest.find(';');
      rest = next == std::string_view::npos ? std::string_view() : rest.substr(next + 1);
    } else {
      const std::size_t next = rest.find(';');
      value = TrimOws(rest.substr(0, next));
      rest = next == std::string_view::npos ? std::string_view() : rest.substr(next + 1);
      if (!IsToken(value)) continue;
    }
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return std::nullopt;
}

}  // namespace weft::internal
