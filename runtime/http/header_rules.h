#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace weft::internal {

// What RFC 9110 allows in field names and values. Whatever comes from a peer without a library that
// checked it, and whatever goes out as text, passes through here. Pure functions; any thread.

enum CharClass : unsigned char {
  kTokenChar = 1,  // RFC 9110 §5.6.2
  kValueChar = 2,  // RFC 9110 §5.5: visible, space, tab, obs-text
  kHexDigit = 4,
  kUpperChar = 8,
};

inline constexpr std::array<unsigned char, 256> kCharClasses = [] {
  std::array<unsigned char, 256> classes{};
  const auto add = [&classes](unsigned from, unsigned to, unsigned char what) {
    for (unsigned c = from; c <= to; ++c)
      classes[c] = static_cast<unsigned char>(classes[c] | what);
  };
  add('0', '9', kTokenChar | kHexDigit);
  add('a', 'z', kTokenChar);
  add('A', 'Z', kTokenChar | kUpperChar);
  add('a', 'f', kHexDigit);
  add('A', 'F', kHexDigit);
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) {
    add(static_cast<unsigned char>(c), static_cast<unsigned char>(c), kTokenChar);
  }
  add(0x20, 0x7e, kValueChar);
  add('\t', '\t', kValueChar);
  add(0x80, 0xff, kValueChar);
  return classes;
}();

constexpr bool HasClass(char c, CharClass what) {
  return (kCharClasses[static_cast<unsigned char>(c)] & what) != 0;
}

constexpr bool AllOfClass(std::string_view text, CharClass what) {
  for (const char c : text) {
    if (!HasClass(c, what)) return false;
  }
  return true;
}

constexpr bool IsToken(std::string_view text) {
  return !text.empty() && AllOfClass(text, kTokenChar);
}

// Whether a name may go on any wire: a token without capitals.
constexpr bool IsLowerFieldName(std::string_view name) {
  if (!IsToken(name)) return false;
  for (const char c : name) {
    if (HasClass(c, kUpperChar)) return false;
  }
  return true;
}

constexpr bool IsOws(char c) { return c == ' ' || c == '\t'; }

constexpr std::string_view TrimOws(std::string_view text) {
  while (!text.empty() && IsOws(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsOws(text.back())) text.remove_suffix(1);
  return text;
}

// Whether a value may go on any wire: no control character, no white space at either end.
constexpr bool IsFieldValue(std::string_view value) {
  if (value.empty()) return true;
  return !IsOws(value.front()) && !IsOws(value.back()) && AllOfClass(value, kValueChar);
}

constexpr char ToLowerAscii(char c) {
  return HasClass(c, kUpperChar) ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (ToLowerAscii(a[i]) != ToLowerAscii(b[i])) return false;
  }
  return true;
}

// The value of a hexadecimal digit; `c` must be one.
constexpr unsigned HexValue(char c) {
  if (c <= '9') return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>(ToLowerAscii(c) - 'a') + 10;
}

// Cuts the next element, without white space around it, off the front of a comma-separated list.
// False at the end. Empty elements are given too: a strict reader refuses them, others skip them
// (RFC 9110 §5.6.1.2).
constexpr bool NextListElement(std::string_view& list, bool& more, std::string_view& element) {
  if (!more) return false;
  const std::size_t comma = list.find(',');
  more = comma != std::string_view::npos;
  element = TrimOws(list.substr(0, comma));
  list = more ? list.substr(comma + 1) : std::string_view();
  return true;
}

// Fields of one connection rather than of the message (RFC 9110 §7.6.1), which no version-neutral
// head carries. `te` is not among them, since HTTP/2 keeps it. Lower case.
constexpr bool IsConnectionField(std::string_view name) {
  switch (name.size()) {
    case 7:
      return name == "upgrade";
    case 10:
      return name == "connection" || name == "keep-alive";
    case 16:
      return name == "proxy-connection";
    case 17:
      return name == "transfer-encoding";
    default:
      return false;
  }
}

// Fields that frame, route, authorize or interpret a message and so come too late in trailers (RFC
// 9110 §6.5.1).
constexpr bool IsForbiddenTrailer(std::string_view name) {
  constexpr std::string_view kForbidden[] = {
      "authorization",  "cache-control", "content-encoding",
      "content-length", "content-range", "content-type",
      "cookie",         "expect",        "host",
      "max-forwards",   "pragma",        "proxy-authorization",
      "range",          "set-cookie",    "te",
      "trailer"};
  if (IsConnectionField(name)) return true;
  for (const std::string_view forbidden : kForbidden) {
    if (name == forbidden) return true;
  }
  return false;
}

}  // namespace weft::internal
