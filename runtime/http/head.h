#pragma once

#include <cstdint>
#include <string_view>

#include "http/header_list.h"

namespace weft::internal {

enum class HttpVersion : std::uint8_t { kHttp11, kHttp2 };

// The head of a request or a response, without its syntax. Views point into `fields` (or static bytes).
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
};

}  // namespace weft::internal
