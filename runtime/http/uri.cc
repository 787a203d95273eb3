#include "http/uri.h"

#include <arpa/inet.h>

#include <cstddef>
#include <cstring>

#include "http/header_rules.h"

namespace weft::internal {
namespace {

bool IsUnreserved(char c) {
  const char lower = ToLowerAscii(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool StartsWithEscape(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && HasClass(text[1], kHexDigit) &&
         HasClass(text[2], kHexDigit);
}

bool IsRegisteredName(std::string_view host) {
  // RFC 3986 §3.2.2 without the comma, which some would take for a list of hosts.
  constexpr std::string_view kSubDelims = "!$&'()*+;=";
  if (host.empty()) return false;
  for (std::size_t i = 0; i < host.size(); ++i) {
    if (StartsWithEscape(host.substr(i))) {
      i += 2;
    } else if (!IsUnreserved(host[i]) && kSubDelims.find(host[i]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool IsIpv6(std::string_view host) {
  char text[INET6_ADDRSTRLEN];
  if (host.size() >= sizeof(text) || host.find('\0') != std::string_view::npos) return false;
  std::memcpy(text, host.data(), host.size());
  text[host.size()] = '\0';
  in6_addr address;
  return inet_pton(AF_INET6, text, &address) == 1;
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  unsigned port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  if (port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

}  // namespace

PathAndQuery SplitPath(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

std::optional<std::string> PercentDecode(std::string_view text, PercentDecoding how) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (!StartsWithEscape(text.substr(i))) return std::nullopt;
      const char c = static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      if (c == '/' && how == PercentDecoding::kKeepSlashes) {
        out.append(text.substr(i, 3));
      } else {
        out.push_back(c);
      }
      i += 2;
    } else if (text[i] == '+' && how == PercentDecoding::kPlusIsSpace) {
      out.push_back(' ');
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

void AppendPercentEncoded(std::string_view text, std::string& out) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
}

bool QueryReader::Next(std::string_view& key, std::string_view& value) {
  while (!rest_.empty()) {
    const std::size_t ampersand = rest_.find('&');
    const std::string_view pair = rest_.substr(0, ampersand);
    rest_ = ampersand == std::string_view::npos ? std::string_view() : rest_.substr(ampersand + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    key = pair.substr(0, equals);
    value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    return true;
  }
  return false;
}

std::optional<Authority> ParseAuthority(std::string_view text) {
  Authority authority;
  std::string_view port;
  bool has_port = false;
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    authority.host = text.substr(1, close - 1);
    authority.ipv6 = true;
    if (!IsIpv6(authority.host)) return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty()) {
      if (rest.front() != ':') return std::nullopt;
      port = rest.substr(1);
      has_port = true;
    }
  } else {
    const std::size_t colon = text.find(':');
    authority.host = text.substr(0, colon);
    if (!IsRegisteredName(authority.host)) return std::nullopt;
    if (colon != std::string_view::npos) {
      port = text.substr(colon + 1);
      has_port = true;
    }
  }
  if (has_port) {
    authority.port = ParsePort(port);
    if (!authority.port.has_value()) return std::nullopt;
  }
  return authority;
}

}  // namespace weft::internal
