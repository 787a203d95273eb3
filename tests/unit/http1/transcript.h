#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/slice.h"
#include "http/head.h"
#include "http1/parser.h"

namespace weft::http1 {

// Reads `input` in the given pieces and writes down what the parser told, one line an event; body
// parts are joined, so that the text is the same for every way to cut the input. Each piece's
// memory is gone before the next one comes.
inline std::string Transcript(std::string_view input, const std::vector<std::size_t>& cuts) {
  RequestParser parser;
  std::string out, body;
  std::size_t from = 0;
  const auto take = [&](std::string_view bytes) {
    const std::string memory(bytes);
    internal::Slice piece(internal::OwnerRef(), memory);
    for (;;) {
      switch (parser.Next(piece)) {
        case RequestParser::Event::kNeedMore:
          return true;
        case RequestParser::Event::kHead: {
          const internal::HttpHead& head = parser.head();
          out.append(head.method).append(" ").append(head.path).append(" @").append(head.authority);
          out.append(parser.http10() ? " 1.0" : " 1.1").append(parser.keep_alive() ? "" : " close");
          out.append(parser.expects_continue() ? " continue" : "");
          out.append(parser.has_body() ? " body\n" : "\n");
          for (const internal::HeaderField& field : head.fields) {
            out.append(field.name).append("=").append(field.value).append("\n");
          }
          break;
        }
        case RequestParser::Event::kBody:
          body.append(parser.TakeBody().view());
          break;
        case RequestParser::Event::kEnd:
          out.append("[").append(body).append("]\n");
          for (const internal::HeaderField& field : parser.trailers()) {
            out.append("~").append(field.name).append("=").append(field.value).append("\n");
          }
          body.clear();
          parser.Reset();
          break;
        case RequestParser::Event::kError:
          out.append("!").append(std::to_string(parser.error().status)).append(" ");
          out.append(parser.error().text).append("\n");
          return false;
      }
    }
  };
  for (const std::size_t cut : cuts) {
    if (!take(input.substr(from, cut - from))) return out;
    from = cut;
  }
  if (!take(input.substr(from))) return out;
  if (parser.in_head() || parser.in_body()) out.append("...\n");
  return out;
}

inline std::string Whole(std::string_view input) { return Transcript(input, {}); }

inline std::string ByteByByte(std::string_view input) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < input.size(); ++i) cuts.push_back(i);
  return Transcript(input, cuts);
}

}  // namespace weft::http1
