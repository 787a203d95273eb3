#include "http1/request_line.h"

#include <cstddef>
#include <cstring>

#include "http/header_rules.h"
#include "http/uri.h"
#include "http1/limits.h"

namespace weft::http1 {
namespace {

using internal::EqualsIgnoreCase;

constexpr ParseError kNoError;

// Visible ASCII without '#': a fragment is never sent (RFC 9112 §3.2), white space and control
// characters split lines, other bytes must be percent-encoded.
bool IsTargetText(std::string_view target) {
  for (const char c : target) {
    if (c <= 0x20 || c >= 0x7f || c == '#') return false;
  }
  return true;
}

ParseError ParseVersion(std::string_view version, bool& http10) {
  const auto digit = [version](std::size_t at) { return version[at] >= '0' && version[at] <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") || !digit(5) || version[6] != '.' ||
      !digit(7)) {
    return {400, "the request line does not end in an HTTP version"};
  }
  if (version[5] != '1') return {505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  http10 = version[7] == '0';
  return kNoError;
}

// RFC 9112 §3.2.2.
ParseError ReduceAbsoluteForm(std::string_view target, internal::HeaderList& text,
                              RequestLine& parsed) {
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos) return {400, "the request target has no valid form"};
  const std::string_view scheme = target.substr(0, colon);
  if (!EqualsIgnoreCase(scheme, "http") && !EqualsIgnoreCase(scheme, "https")) {
    return {400, "the scheme of the request target is neither http nor https"};
  }
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t end = rest.find_first_of("/?");
  parsed.authority = rest.substr(0, end);
  if (!internal::ParseAuthority(parsed.authority).has_value()) {
    return {400, "the authority of the request target is not valid"};
  }
  if (end == std::string_view::npos) {
    parsed.path = parsed.method == "OPTIONS" ? "*" : "/";
  } else if (rest[end] == '/') {
    parsed.path = rest.substr(end);
  } else {
    const std::string_view query = rest.substr(end);
    char* path = text.AllocateText(query.size() + 1);
    path[0] = '/';
    std::memcpy(path + 1, query.data(), query.size());
    parsed.path = {path, query.size() + 1};
  }
  return kNoError;
}

}  // namespace

ParseError ParseRequestLine(std::string_view line, internal::HeaderList& text,
                            RequestLine& parsed) {
  const std::size_t method_end = line.find(' ');
  parsed.method = line.substr(0, method_end);
  if (!internal::IsToken(parsed.method)) return {400, "the method is not a token"};
  if (method_end == std::string_view::npos) return {400, "the request line has no target"};
  if (parsed.method.size() > kMaxMethod) return {501, "the method is too long to be known"};

  line.remove_prefix(method_end + 1);
  const std::size_t target_end = line.find(' ');
  if (target_end == std::string_view::npos) return {400, "the request line has no HTTP version"};
  const std::string_view target = line.substr(0, target_end);
  if (ParseError error = ParseVersion(line.substr(target_end + 1), parsed.http10);
      error.status != 0) {
    return error;
  }

  if (parsed.method == "CONNECT") return {501, "CONNECT is not supported: this is no proxy"};
  if (target.empty()) return {400, "the request target is empty"};
  if (!IsTargetText(target)) return {400, "the request target has a character that is not allowed"};
  if (target.front() == '/') {
    parsed.path = target;
    return kNoError;
  }
  if (target == "*") {
    if (parsed.method != "OPTIONS") return {400, "the request target * is for OPTIONS only"};
    parsed.path = target;
    return kNoError;
  }
  return ReduceAbsoluteForm(target, text, parsed);
}

}  // namespace weft::http1
