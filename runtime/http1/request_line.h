#pragma once

#include <string_view>

#include "http/header_list.h"

namespace weft::http1 {

// Why a message was refused: the status to answer with and a static text for people. status 0: it
// was not.
struct ParseError {
  int status = 0;
  std::string_view text;
};

// A request line (RFC 9112 §3) taken apart. Views point into the line, except where said.
struct RequestLine {
  std::string_view method;
  // "/path?query", or "*". An absolute-form target is reduced to it; then it may point into
  // `text`'s storage.
  std::string_view path;
  // From an absolute-form target; null data() otherwise.
  std::string_view authority;
  bool http10 = false;
};

// `line` comes without its CRLF. `text` takes text that does not stand in the line as it is needed.
ParseError ParseRequestLine(std::string_view line, internal::HeaderList& text, RequestLine& parsed);

}  // namespace weft::http1
