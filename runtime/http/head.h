#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "http/header_list.h"

namespace weft::internal {

// HTTP/1.0 counts as kHttp11: only its codec knows the difference.
enum class HttpVersion : std::uint8_t { kHttp11, kHttp2 };

// The head of a request or a response, without its syntax. Views point into storage of `fields` (or
// static bytes), so they move and swap along with it. To take a head from a codec, swap it: the
// codec reuses what it gets in return.
struct HttpHead {
  HttpVersion version = HttpVersion::kHttp2;
  // Requests.
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;  // with the query, as sent
  // Responses; 0 in a request.
  int status = 0;
  HeaderList fields;

  void Swap(HttpHead& other) noexcept {
    std::swap(version, other.version);
    std::swap(method, other.method);
    std::swap(scheme, other.scheme);
    std::swap(authority, other.authority);
    std::swap(path, other.path);
    std::swap(status, other.status);
    fields.Swap(other.fields);
  }

  // Ready for the next head; keeps the capacity of `fields`.
  void Clear() {
    version = HttpVersion::kHttp2;
    method = scheme = authority = path = std::string_view();
    status = 0;
    fields.Clear();
  }
};

}  // namespace weft::internal
