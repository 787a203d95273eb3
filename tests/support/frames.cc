#include "tests/support/frames.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace weft::testing {
namespace {

constexpr std::uint8_t kEndStream = 0x1;
constexpr std::uint8_t kEndHeaders = 0x4;
constexpr std::uint8_t kPadded = 0x8;
constexpr std::size_t kFrameHead = 9;

std::string BigEndian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::uint32_t Number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

// RFC 7541 §5.1 with a prefix of 7 bits and no other bits set.
std::string LengthOf(std::string_view text) {
  std::size_t left = text.size();
  if (left < 127) return std::string(1, static_cast<char>(left));
  std::string bytes(1, 127);
  for (left -= 127; left >= 128; left >>= 7) bytes += static_cast<char>((left & 127) | 128);
  return bytes + static_cast<char>(left);
}

std::string Padded(std::string_view payload, int padding) {
  if (padding < 0) return std::string(payload);
  return static_cast<char>(padding) + std::string(payload) +
         std::string(static_cast<std::size_t>(padding), '\0');
}

const char* TypeName(std::uint8_t type) {
  constexpr std::array kNames = {"DATA",          "HEADERS",      "PRIORITY", "RST_STREAM",
                                 "SETTINGS",      "PUSH_PROMISE", "PING",     "GOAWAY",
                                 "WINDOW_UPDATE", "CONTINUATION"};
  if (type == 0x10) return "PRIORITY_UPDATE";
  return type < kNames.size() ? kNames[type] : "UNKNOWN";
}

std::string CodeName(std::string_view bytes) { return nghttp2_http2_strerror(Number(bytes)); }

}  // namespace

std::string Preface() { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; }

std::string RawFrame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                     std::string_view payload) {
  std::string frame = BigEndian(payload.size(), 3);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  return frame + BigEndian(stream, 4) + std::string(payload);
}

std::string LiteralField(std::string_view name, std::string_view value) {
  return std::string(1, '\0') + LengthOf(name) + std::string(name) + LengthOf(value) +
         std::string(value);
}

Headers& Headers::Request(std::string_view method, std::string_view path) {
  return Field(":method", method)
      .Field(":scheme", "http")
      .Field(":authority", "test.local")
      .Field(":path", path);
}
Headers& Headers::Status(int status) { return Field(":status", std::to_string(status)); }
Headers& Headers::Field(std::string_view name, std::string_view value) {
  block_ += LiteralField(name, value);
  return *this;
}
Headers& Headers::End() {
  flags_ |= kEndStream;
  return *this;
}
Headers& Headers::Pad(std::uint8_t bytes) {
  padding_ = bytes;
  flags_ |= kPadded;
  return *this;
}
Headers& Headers::Split(std::size_t fragment) {
  fragment_ = fragment;
  return *this;
}

std::string Headers::Render() const {
  const std::size_t fragment = fragment_ == 0 ? block_.size() : fragment_;
  std::string_view rest = block_;
  std::string frames;
  do {
    const std::string_view part = rest.substr(0, fragment);
    rest.remove_prefix(part.size());
    const std::uint8_t end = rest.empty() ? kEndHeaders : 0;
    frames += frames.empty() ? RawFrame(1, flags_ | end, stream_, Padded(part, padding_))
                             : RawFrame(9, end, stream_, part);
  } while (!rest.empty());
  return frames;
}

Data& Data::End() {
  flags_ |= kEndStream;
  return *this;
}
Data& Data::Pad(std::uint8_t bytes) {
  padding_ = bytes;
  flags_ |= kPadded;
  return *this;
}
std::string Data::Render() const { return RawFrame(0, flags_, stream_, Padded(bytes_, padding_)); }

std::string Settings(std::initializer_list<std::pair<std::uint16_t, std::uint32_t>> values) {
  std::string payload;
  for (const auto& [id, value] : values) payload += BigEndian(id, 2) + BigEndian(value, 4);
  return RawFrame(4, 0, 0, payload);
}
std::string SettingsAck() { return RawFrame(4, 1, 0, {}); }
std::string Ping(std::uint64_t opaque, bool ack) {
  return RawFrame(6, ack ? 1 : 0, 0, BigEndian(opaque, 8));
}
std::string RstStream(std::uint32_t stream, std::uint32_t error) {
  return RawFrame(3, 0, stream, BigEndian(error, 4));
}
std::string GoAway(std::uint32_t last_stream, std::uint32_t error, std::string_view debug) {
  return RawFrame(7, 0, 0, BigEndian(last_stream, 4) + BigEndian(error, 4) + std::string(debug));
}
std::string WindowUpdate(std::uint32_t stream, std::uint32_t bytes) {
  return RawFrame(8, 0, stream, BigEndian(bytes, 4));
}
std::string PriorityUpdate(std::uint32_t stream, std::string_view value) {
  return RawFrame(0x10, 0, 0, BigEndian(stream, 4) + std::string(value));
}

struct FrameReader::State {
  State() { nghttp2_hd_inflate_new(&inflater); }
  ~State() { nghttp2_hd_inflate_del(inflater); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::string Fields(std::string_view encoded) {
    std::string text;
    auto* at = reinterpret_cast<const std::uint8_t*>(encoded.data());
    std::size_t left = encoded.size();
    while (true) {
      nghttp2_nv field;
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater, &field, &flags, at, left, 1);
      if (used < 0) return text + " <broken header block>";
      at += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        text += " " + std::string(reinterpret_cast<char*>(field.name), field.namelen) + "=" +
                std::string(reinterpret_cast<char*>(field.value), field.valuelen);
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
      if (left == 0 && (flags & NGHTTP2_HD_INFLATE_EMIT) == 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater);
    return text;
  }

  std::string Describe(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                       std::string_view payload) {
    std::string line = TypeName(type);
    if (stream != 0) line += " " + std::to_string(stream);
    const bool ack = (type == 4 || type == 6) && (flags & 1) != 0;
    if (ack) line += " ACK";
    if (type <= 1 && (flags & kEndStream) != 0) line += " END_STREAM";
    if (type <= 1 && (flags & kPadded) != 0) {
      const auto padding = static_cast<std::uint8_t>(payload[0]);
      payload = payload.substr(1, payload.size() - 1 - padding);
      line += " PADDED";
    }
    switch (type) {
      case 0:
        return line + (payload.size() <= 64 ? " \"" + std::string(payload) + "\""
                                            : " " + std::to_string(payload.size()));
      case 1:
      case 9:
        block += payload;
        if ((flags & kEndHeaders) == 0) return line + " ...";
        line += Fields(block);
        block.clear();
        return line;
      case 3:
        return line + " " + CodeName(payload);
      case 4:
        for (; payload.size() >= 6; payload.remove_prefix(6)) {
          line += " " + std::to_string(Number(payload.substr(0, 2))) + "=" +
                  std::to_string(Number(payload.substr(2, 4)));
        }
        return line;
      case 6:
        return line + " " +
               std::to_string(static_cast<std::uint64_t>(Number(payload.substr(0, 4))) << 32 |
                              Number(payload.substr(4)));
      case 7:
        line += " " + std::to_string(Number(payload.substr(0, 4))) + " " +
                CodeName(payload.substr(4, 4));
        return payload.size() > 8 ? line + " \"" + std::string(payload.substr(8)) + "\"" : line;
      case 8:
        return line + " " + std::to_string(Number(payload));
      case 0x10:
        return line + " " + std::to_string(Number(payload.substr(0, 4))) + " \"" +
               std::string(payload.substr(4)) + "\"";
      default:
        return line + " " + std::to_string(payload.size());
    }
  }

  nghttp2_hd_inflater* inflater = nullptr;
  std::string bytes;  // not a whole frame yet
  std::string block;  // not a whole header block yet
};

FrameReader::FrameReader() : state_(std::make_unique<State>()) {}
FrameReader::~FrameReader() = default;

std::string FrameReader::Read(std::string_view bytes) {
  std::string& rest = state_->bytes;
  rest += bytes;
  std::string lines;
  if (rest.starts_with("PRI ")) {
    if (rest.size() < Preface().size()) return lines;
    rest.erase(0, Preface().size());
    lines += "PREFACE\n";
  }
  while (rest.size() >= kFrameHead) {
    const std::size_t length = Number(std::string_view(rest).substr(0, 3));
    if (rest.size() < kFrameHead + length) break;
    lines +=
        state_->Describe(static_cast<std::uint8_t>(rest[3]), static_cast<std::uint8_t>(rest[4]),
                         Number(std::string_view(rest).substr(5, 4)) & 0x7fffffff,
                         std::string_view(rest).substr(kFrameHead, length)) +
        "\n";
    rest.erase(0, kFrameHead + length);
  }
  return lines;
}

}  // namespace weft::testing
