#include "http1/parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "http/header_rules.h"
#include "http/uri.h"
#include "http1/limits.h"

namespace weft::http1 {
namespace {

using internal::EqualsIgnoreCase;
using internal::HeaderList;
using internal::Slice;

constexpr ParseError kBareLfError = {400, "a line ends in LF without CR"};

struct FieldLine {
  std::string_view name;
  std::string_view value;
};

// RFC 9112 §5.
ParseError SplitFieldLine(std::string_view line, FieldLine& field) {
  if (internal::IsOws(line.front())) {
    return {400, "a field line starts with white space (line folding is obsolete)"};
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {400, "a field line has no colon"};
  field.name = line.substr(0, colon);
  if (!internal::IsToken(field.name)) {
    if (!field.name.empty() && internal::IsOws(field.name.back())) {
      return {400, "white space stands between a field name and its colon"};
    }
    return {400, "a field name is not a token"};
  }
  field.value = internal::TrimOws(line.substr(colon + 1));
  if (!internal::AllOfClass(field.value, internal::kValueChar)) {
    return {400, "a field value has a control character"};
  }
  return {};
}

// Stores the name, in lower case, and the value in the list's storage.
FieldLine StoreField(const FieldLine& field, HeaderList& list) {
  char* text = list.AllocateText(field.name.size() + field.value.size());
  std::transform(field.name.begin(), field.name.end(), text, internal::ToLowerAscii);
  if (!field.value.empty()) {
    std::memcpy(text + field.name.size(), field.value.data(), field.value.size());
  }
  return {{text, field.name.size()}, {text + field.name.size(), field.value.size()}};
}

}  // namespace

RequestParser::RequestParser() { Reset(); }

void RequestParser::Reset() {
  state_ = State::kRequestLine;
  head_.Clear();
  head_.version = internal::HttpVersion::kHttp11;
  trailers_.Clear();
  body_ = Slice();
  partial_.clear();
  if (partial_.capacity() > kKeptLineBytes) std::string().swap(partial_);
  partial_used_ = false;
  blank_lines_ = 0;
  section_bytes_ = section_fields_ = 0;
  hosts_ = 0;
  host_ = target_authority_ = std::string_view();
  content_length_.reset();
  codings_.Clear();
  connection_close_ = connection_keep_alive_ = unknown_expectation_ = false;
  has_body_ = http10_ = keep_alive_ = expects_continue_ = false;
  remaining_ = 0;
  extension_bytes_ = 0;
  chunked_ = false;
}

bool RequestParser::in_head() const {
  return state_ == State::kFields ||
         (state_ == State::kRequestLine && !partial_used_ && !partial_.empty());
}

bool RequestParser::in_body() const {
  return state_ >= State::kLengthBody && state_ <= State::kTrailers;
}

std::optional<std::uint64_t> RequestParser::remaining_body() const {
  if (!in_body()) return 0;
  if (chunked_) return std::nullopt;
  return remaining_;
}

RequestParser::Event RequestParser::Next(Slice& input) {
  for (;;) {
    Step step;
    switch (state_) {
      case State::kEnd:
        state_ = State::kDone;
        return Event::kEnd;
      case State::kDone:
        internal::Die("http1::RequestParser::Next after kEnd without Reset");
      case State::kFailed:
        return Event::kError;
      default:
        break;
    }
    if (input.empty()) return Event::kNeedMore;
    switch (state_) {
      case State::kRequestLine:
        step = OnRequestLine(input);
        break;
      case State::kFields:
        step = OnFieldLine(input);
        break;
      case State::kLengthBody:
        step = OnBodyBytes(input, State::kEnd);
        break;
      case State::kChunkLine:
        step = OnChunkLine(input);
        break;
      case State::kChunkBody:
        step = OnBodyBytes(input, State::kChunkCr);
        break;
      case State::kChunkCr:
      case State::kChunkLf:
        step = OnChunkEnd(input);
        break;
      default:
        step = OnTrailerLine(input);
        break;
    }
    if (step.has_value()) return *step;
  }
}

// Gives a whole line without its CRLF: a view of the input when it came in one piece, else of
// partial_. It is valid until the next call. `limit` counts the line's ending too, and is found
// exceeded at the same byte however it came.
RequestParser::Line RequestParser::TakeLine(Slice& input, std::size_t limit,
                                            std::string_view& line) {
  if (std::exchange(partial_used_, false)) partial_.clear();
  const std::string_view bytes = input.view();
  const std::size_t lf = bytes.find('\n');
  const std::size_t taken = lf == std::string_view::npos ? bytes.size() : lf + 1;
  if (partial_.size() + taken > limit) return Line::kTooLong;
  input.RemovePrefix(taken);
  if (lf == std::string_view::npos) {
    partial_.append(bytes);
    return Line::kPartial;
  }
  line = bytes.substr(0, taken);
  if (!partial_.empty()) {
    partial_.append(line);
    partial_used_ = true;
    line = partial_;
  }
  section_bytes_ += line.size();
  if (!line.ends_with("\r\n")) return Line::kBareLf;
  line.remove_suffix(2);
  return Line::kComplete;
}

RequestParser::Step RequestParser::Fail(ParseError error) {
  error_ = error;
  state_ = State::kFailed;
  return Event::kError;
}

RequestParser::Step RequestParser::OnRequestLine(Slice& input) {
  std::string_view line;
  switch (TakeLine(input, kMaxRequestLine, line)) {
    case Line::kPartial:
      return std::nullopt;
    case Line::kTooLong:
      return Fail({414, "the request line is too long"});
    case Line::kBareLf:
      return Fail(kBareLfError);
    case Line::kComplete:
      break;
  }
  section_bytes_ = 0;
  if (line.empty()) {
    if (++blank_lines_ > kMaxLeadingBlankLines) return Fail({400, "the request line is empty"});
    return std::nullopt;
  }
  RequestLine parsed;
  const ParseError error = ParseRequestLine(line, head_.fields, parsed);
  if (error.status != 0) return Fail(error);
  head_.method = head_.fields.StoreText(parsed.method);
  head_.path = head_.fields.StoreText(parsed.path);
  if (parsed.authority.data() != nullptr) {
    target_authority_ = head_.fields.StoreText(parsed.authority);
  }
  http10_ = parsed.http10;
  state_ = State::kFields;
  return std::nullopt;
}

RequestParser::Step RequestParser::OnFieldLine(Slice& input) {
  std::string_view line;
  switch (TakeLine(input, kMaxHeadBytes - section_bytes_, line)) {
    case Line::kPartial:
      return std::nullopt;
    case Line::kTooLong:
      return Fail({431, "the header fields are too large"});
    case Line::kBareLf:
      return Fail(kBareLfError);
    case Line::kComplete:
      break;
  }
  ParseError error;
  if (line.empty()) {
    error = FinishHead();
    if (error.status != 0) return Fail(error);
    return Event::kHead;
  }
  if (++section_fields_ > kMaxFields) return Fail({431, "there are too many header fields"});
  FieldLine field;
  error = SplitFieldLine(line, field);
  if (error.status == 0) {
    field = StoreField(field, head_.fields);
    error = AddField(field.name, field.value);
  }
  if (error.status != 0) return Fail(error);
  return std::nullopt;
}

ParseError RequestParser::AddField(std::string_view name, std::string_view value) {
  if (name == "host") {
    if (++hosts_ > 1) return {400, "there is more than one host field"};
    host_ = value;
    return {};
  }
  if (name == "content-length") {
    if (content_length_.has_value()) return {400, "there is more than one content-length"};
    content_length_ = ParseContentLength(value);
    if (!content_length_.has_value()) return {400, "the content-length is not a valid number"};
  } else if (name == "transfer-encoding") {
    codings_.AddLine(value);
  } else if (name == "connection") {
    bool more = true;
    std::string_view option;
    while (internal::NextListElement(value, more, option)) {
      connection_close_ |= EqualsIgnoreCase(option, "close");
      connection_keep_alive_ |= EqualsIgnoreCase(option, "keep-alive");
    }
  } else if (name == "expect") {
    if (EqualsIgnoreCase(value, "100-continue")) {
      expects_continue_ = true;
    } else {
      unknown_expectation_ = true;
    }
  }
  if (!internal::IsConnectionField(name)) head_.fields.AddStatic(name, value);
  return {};
}

ParseError RequestParser::FinishHead() {
  if (hosts_ == 0 && !http10_) return {400, "the host field is missing"};
  if (!host_.empty() && !internal::ParseAuthority(host_).has_value()) {
    return {400, "the host field is not a valid authority"};
  }
  // RFC 9112 §3.2.2: the target's authority wins over the host field.
  head_.authority = target_authority_.data() != nullptr ? target_authority_ : host_;
  if (codings_.present()) {
    if (http10_) return {400, "transfer-encoding is not allowed in HTTP/1.0"};
    if (content_length_.has_value()) {
      return {400, "content-length and transfer-encoding are both given"};
    }
    const ParseError error = codings_.Judge();
    if (error.status != 0) return error;
    chunked_ = true;
  }
  if (http10_) {
    expects_continue_ = unknown_expectation_ = false;  // RFC 9110 §10.1.1
  } else if (unknown_expectation_) {
    return {417, "no expectation but 100-continue is supported"};
  }
  keep_alive_ = !connection_close_ && (!http10_ || connection_keep_alive_);
  remaining_ = content_length_.value_or(0);
  has_body_ = chunked_ || remaining_ > 0;
  expects_continue_ &= has_body_;
  state_ = chunked_ ? State::kChunkLine : has_body_ ? State::kLengthBody : State::kEnd;
  return {};
}

RequestParser::Step RequestParser::OnBodyBytes(Slice& input, State next) {
  if (input.size() <= remaining_) {
    body_ = std::exchange(input, Slice());
  } else {
    body_ = input.Sub(0, static_cast<std::size_t>(remaining_));
    input.RemovePrefix(body_.size());
  }
  remaining_ -= body_.size();
  if (remaining_ == 0) state_ = next;
  return Event::kBody;
}

RequestParser::Step RequestParser::OnChunkLine(Slice& input) {
  std::string_view line;
  switch (TakeLine(input, kMaxChunkLine, line)) {
    case Line::kPartial:
      return std::nullopt;
    case Line::kTooLong:
      return Fail({400, "a chunk's size line is too long"});
    case Line::kBareLf:
      return Fail(kBareLfError);
    case Line::kComplete:
      break;
  }
  const std::optional<ChunkLine> chunk = ParseChunkLine(line);
  if (!chunk.has_value()) return Fail({400, "a chunk's size is malformed"});
  extension_bytes_ += chunk->extension_bytes;
  if (extension_bytes_ > kMaxChunkExtensions) {
    return Fail({400, "the chunk extensions are too large"});
  }
  remaining_ = chunk->size;
  if (remaining_ > 0) {
    state_ = State::kChunkBody;
  } else {
    section_bytes_ = section_fields_ = 0;
    state_ = State::kTrailers;
  }
  return std::nullopt;
}

RequestParser::Step RequestParser::OnChunkEnd(Slice& input) {
  const char expected = state_ == State::kChunkCr ? '\r' : '\n';
  if (input.view().front() != expected) {
    return Fail({400, "a chunk's bytes are not followed by CRLF"});
  }
  input.RemovePrefix(1);
  state_ = state_ == State::kChunkCr ? State::kChunkLf : State::kChunkLine;
  return std::nullopt;
}

RequestParser::Step RequestParser::OnTrailerLine(Slice& input) {
  std::string_view line;
  switch (TakeLine(input, kMaxTrailerBytes - section_bytes_, line)) {
    case Line::kPartial:
      return std::nullopt;
    case Line::kTooLong:
      return Fail({431, "the trailer fields are too large"});
    case Line::kBareLf:
      return Fail(kBareLfError);
    case Line::kComplete:
      break;
  }
  if (line.empty()) {
    state_ = State::kEnd;
    return std::nullopt;
  }
  if (++section_fields_ > kMaxTrailerFields)
    return Fail({431, "there are too many trailer fields"});
  FieldLine field;
  const ParseError error = SplitFieldLine(line, field);
  if (error.status != 0) return Fail(error);
  field = StoreField(field, trailers_);
  if (!internal::IsForbiddenTrailer(field.name)) trailers_.AddStatic(field.name, field.value);
  return std::nullopt;
}

}  // namespace weft::http1
