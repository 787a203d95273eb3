#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weft::internal {

// The parts of URIs (RFC 3986) that requests and targets are made of. Strict: what is not
// well-formed is refused, never repaired. Pure functions; views point into their argument.

struct PathAndQuery {
  std::string_view path;
  std::string_view query;  // without '?'
};

// Cuts at the first '?'.
PathAndQuery SplitPath(std::string_view target);

enum class PercentDecoding : std::uint8_t {
  kAll,
  kKeepSlashes,  // %2F and %2f stay as they are, for a path of several segments
  kPlusIsSpace,  // a query's form encoding
};

// Nothing if a '%' is not followed by two hexadecimal digits. The result may hold any byte, NUL
// too.
std::optional<std::string> PercentDecode(std::string_view text,
                                         PercentDecoding how = PercentDecoding::kAll);

// Appends `text` with everything but unreserved characters (RFC 3986 §2.3) as %XX.
void AppendPercentEncoded(std::string_view text, std::string& out);

// A query as "key=value" pairs between '&', still encoded, in order; empty pairs are passed over.
class QueryReader {
 public:
  explicit QueryReader(std::string_view query) : rest_(query) {}
  // False at the end. A pair without '=' has an empty value.
  bool Next(std::string_view& key, std::string_view& value);

 private:
  std::string_view rest_;
};

struct Authority {
  std::string_view host;  // an IPv6 literal without its brackets
  std::optional<std::uint16_t> port;
  bool ipv6 = false;
};

// host[:port] as a Host field, an :authority or a target has it. User information is refused (RFC
// 9110 §4.2.4), so are an empty host, an empty port, a comma, zone identifiers and literals of
// other kinds than IPv6.
std::optional<Authority> ParseAuthority(std::string_view text);

}  // namespace weft::internal
