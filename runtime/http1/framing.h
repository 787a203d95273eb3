#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http1/request_line.h"

namespace weft::http1 {

// How long a message is (RFC 9112 §6): the lines on which two readers must never disagree, so
// nothing is repaired.

// 1*DIGIT below 2^63. No sign, no list, no white space inside.
std::optional<std::uint64_t> ParseContentLength(std::string_view value);

// Reads the codings of Transfer-Encoding, line by line, and then judges them.
class TransferCodings {
 public:
  void Clear() { *this = TransferCodings(); }
  void AddLine(std::string_view value);
  // A line was there, well-formed or not.
  bool present() const { return present_; }
  // Nothing to object (status 0) only to exactly "chunked".
  ParseError Judge() const;

 private:
  bool present_ = false;
  bool malformed_ = false;
  bool last_is_chunked_ = false;
  int chunked_ = 0;
  int others_ = 0;
};

// The size out of a chunk's line (without CRLF), and how long its extensions are. Nothing if it is
// malformed.
struct ChunkLine {
  std::uint64_t size = 0;
  std::size_t extension_bytes = 0;
};
std::optional<ChunkLine> ParseChunkLine(std::string_view line);

}  // namespace weft::http1
