#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "buffer/slice.h"
#include "http/head.h"
#include "http1/framing.h"
#include "http1/request_line.h"

namespace weft::http1 {

// Reads requests (RFC 9112), one after the other, from bytes that come in any pieces. Strict: what
// two readers could read in two ways is refused. Owned by a codec; loop thread only; does no I/O.
//
//   while (...) switch (parser.Next(input)) ...
//
// gives kHead, any number of kBody, kEnd for each request; then Reset() starts the next one. After
// kError nothing follows. Heads are copied into the head's own storage; body parts are pieces of
// the input.
class RequestParser {
 public:
  enum class Event : std::uint8_t { kNeedMore, kHead, kBody, kEnd, kError };

  RequestParser();

  // Takes bytes off the front of `input` up to the next event; kNeedMore only when it is used up.
  // kEnd may come without any input.
  Event Next(internal::Slice& input);
  // After kEnd. The head, the trailers and views of them become invalid.
  void Reset();

  // Between kHead and Reset. The head may be swapped away; what comes in return is reused. Its
  // fields are those of the message, not of the connection, and without host; `scheme` is left
  // empty.
  internal::HttpHead& head() { return head_; }
  // After kBody: the part. Not empty.
  internal::Slice TakeBody() { return std::move(body_); }
  // After kEnd, until Reset; may be swapped away.
  internal::HeaderList& trailers() { return trailers_; }
  // After kError. What was swallowed is not said: the connection has no more to read.
  const ParseError& error() const { return error_; }

  // After kHead.
  bool has_body() const { return has_body_; }
  bool http10() const { return http10_; }
  // The client allows another request on this connection (RFC 9112 §9.3).
  bool keep_alive() const { return keep_alive_; }
  // The client waits for a 100 before it sends the body (RFC 9110 §10.1.1).
  bool expects_continue() const { return expects_continue_; }
  // How much of the body is still to come; nothing if it is chunked and not yet at its end.
  std::optional<std::uint64_t> remaining_body() const;

  // A part of a head has come, and not all of it.
  bool in_head() const;
  // The head is complete and the body is not.
  bool in_body() const;

 private:
  enum class State : std::uint8_t {
    kRequestLine,
    kFields,
    kLengthBody,
    kChunkLine,
    kChunkBody,
    kChunkCr,
    kChunkLf,
    kTrailers,
    kEnd,
    kDone,
    kFailed,
  };
  enum class Line : std::uint8_t { kComplete, kPartial, kTooLong, kBareLf };
  // What one step came to: an event, or nothing to tell yet.
  using Step = std::optional<Event>;

  Line TakeLine(internal::Slice& input, std::size_t limit, std::string_view& line);
  Step Fail(ParseError error);
  Step OnRequestLine(internal::Slice& input);
  Step OnFieldLine(internal::Slice& input);
  Step OnChunkLine(internal::Slice& input);
  Step OnTrailerLine(internal::Slice& input);
  Step OnBodyBytes(internal::Slice& input, State next);
  Step OnChunkEnd(internal::Slice& input);
  ParseError AddField(std::string_view name, std::string_view value);
  ParseError FinishHead();

  State state_ = State::kRequestLine;
  internal::HttpHead head_;
  internal::HeaderList trailers_;
  internal::Slice body_;
  ParseError error_;

  // The start of a line whose end has not come.
  std::string partial_;
  bool partial_used_ = false;  // TakeLine gave a view of partial_: clear it first

  // Of the head that is being read.
  int blank_lines_ = 0;
  std::size_t section_bytes_ = 0;  // of all lines of the head or the trailers so far
  std::size_t section_fields_ = 0;
  int hosts_ = 0;
  std::string_view host_;
  std::string_view target_authority_;
  std::optional<std::uint64_t> content_length_;
  TransferCodings codings_;
  bool connection_close_ = false;
  bool connection_keep_alive_ = false;
  bool unknown_expectation_ = false;

  bool has_body_ = false;
  bool http10_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;

  // Of the body that is being read.
  std::uint64_t remaining_ = 0;  // of the whole body, or of the chunk
  std::size_t extension_bytes_ = 0;
  bool chunked_ = false;
};

}  // namespace weft::http1
