#include "http1/encoder.h"

#include <array>
#include <charconv>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "buffer/limits.h"
#include "http/header_rules.h"
#include "http/status_text.h"

namespace weft::http1 {
namespace {

using internal::BufList;
using internal::ChunkPool;
using internal::HeaderField;
using internal::HeaderList;

constexpr std::string_view kVersion = "HTTP/1.1 ";

// Writes into a run that was measured before.
class Cursor {
 public:
  explicit Cursor(char* to) : begin_(to), to_(to) {}
  Cursor& operator<<(std::string_view text) {
    if (!text.empty()) std::memcpy(to_, text.data(), text.size());
    to_ += text.size();
    return *this;
  }
  std::size_t size() const { return static_cast<std::size_t>(to_ - begin_); }

 private:
  char* begin_;
  char* to_;
};

// A number as text on the stack.
class Digits {
 public:
  Digits(std::uint64_t number, int base) {
    end_ = std::to_chars(text_.data(), text_.data() + text_.size(), number, base).ptr;
  }
  std::string_view view() const {
    return {text_.data(), static_cast<std::size_t>(end_ - text_.data())};
  }

 private:
  std::array<char, std::numeric_limits<std::uint64_t>::digits10 + 1> text_;
  char* end_;
};

bool LeftOutOfHead(std::string_view name) {
  return name == "content-length" || internal::IsConnectionField(name);
}

std::size_t LineSize(const HeaderField& field) {
  return field.name.size() + 2 + field.value.size() + 2;
}

}  // namespace

absl::Status CheckFields(const HeaderList& fields) {
  for (const HeaderField& field : fields) {
    if (internal::IsLowerFieldName(field.name) && internal::IsFieldValue(field.value)) continue;
    // The name is only shown if it can do no harm in a log line.
    const std::string_view name =
        internal::IsToken(field.name) ? field.name : std::string_view("(not a token)");
    return absl::InvalidArgumentError(
        absl::StrCat("response field \"", absl::string_view(name.data(), name.size()),
                     "\" has a name or value that HTTP does not allow"));
  }
  return absl::OkStatus();
}

void EncodeHead(ChunkPool& pool, const ResponseHead& head, const HeaderList& fields, BufList& out) {
  internal::Check(head.status >= 200 && head.status <= 999, "http1: not a final status code");
  const Digits status(static_cast<std::uint64_t>(head.status), 10);
  const std::string_view reason = internal::StatusText(head.status);
  std::string_view connection;
  if (head.close) {
    connection = "connection: close\r\n";
  } else if (head.keep_alive) {
    connection = "connection: keep-alive\r\n";
  }
  const Digits length(head.length, 10);
  std::string_view framing;
  if (head.framing == BodyFraming::kLength) framing = "content-length: ";
  if (head.framing == BodyFraming::kChunked) framing = "transfer-encoding: chunked\r\n";
  const bool with_date = !head.date.empty() && !fields.Has("date");

  std::size_t size = kVersion.size() + status.view().size() + 1 + reason.size() + 2 +
                     connection.size() + framing.size() + length.view().size() + 2 + 2;
  if (with_date) size += 6 + head.date.size() + 2;
  for (const HeaderField& field : fields) size += LineSize(field);

  Cursor to(out.Reserve(pool, size));
  to << kVersion << status.view() << " " << reason << "\r\n";
  if (with_date) to << "date: " << head.date << "\r\n";
  to << connection << framing;
  if (head.framing == BodyFraming::kLength) to << length.view() << "\r\n";
  for (const HeaderField& field : fields) {
    if (LeftOutOfHead(field.name)) continue;
    to << field.name << ": " << field.value << "\r\n";
  }
  to << "\r\n";
  out.Commit(to.size());
}

bool EncodeBody(ChunkPool& pool, BufList& body, std::size_t n, BufList& out) {
  if (n > internal::kInlineCopyLimit) {
    body.SplitFront(n, out);
    return true;
  }
  const bool read = body.PeekFront(n, out.Reserve(pool, n));
  out.Commit(n);
  body.Consume(n);
  return read;
}

bool EncodeChunk(ChunkPool& pool, BufList& body, std::size_t n, BufList& out) {
  const Digits size(n, 16);
  Cursor to(out.Reserve(pool, size.view().size() + 2));
  to << size.view() << "\r\n";
  out.Commit(to.size());
  const bool read = EncodeBody(pool, body, n, out);
  out.Append(pool, "\r\n");
  return read;
}

void EncodeLastChunk(ChunkPool& pool, const HeaderList& trailers, BufList& out) {
  std::size_t size = 5;
  for (const HeaderField& field : trailers) size += LineSize(field);
  Cursor to(out.Reserve(pool, size));
  to << "0\r\n";
  for (const HeaderField& field : trailers) {
    if (internal::IsForbiddenTrailer(field.name)) continue;
    to << field.name << ": " << field.value << "\r\n";
  }
  to << "\r\n";
  out.Commit(to.size());
}

void EncodeContinue(ChunkPool& pool, BufList& out) {
  out.Append(pool, "HTTP/1.1 100 Continue\r\n\r\n");
}

void EncodeError(ChunkPool& pool, int status, std::string_view text, std::string_view date,
                 bool head_only, BufList& out) {
  HeaderList fields;
  fields.AddStatic("content-type", "text/plain; charset=utf-8");
  ResponseHead head;
  head.status = status;
  head.length = text.size() + 1;
  head.close = true;
  head.date = date;
  EncodeHead(pool, head, fields, out);
  if (head_only) return;
  out.Append(pool, text);
  out.Append(pool, "\n");
}

}  // namespace weft::http1
