#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// HTTP/2 bytes for tests, both ways: builders that render frames, and a reader that says in a line
// per frame what stands in bytes, so that a failed comparison shows a readable difference.
namespace weft::testing {

// What a client sends first.
std::string Preface();

// One frame as given, broken or not.
std::string RawFrame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                     std::string_view payload);

// A field as HPACK's literal without indexing, which needs no state.
std::string LiteralField(std::string_view name, std::string_view value);

// A header block: Headers(1).Request("POST", "/x").Field("te", "trailers").End()
class Headers {
 public:
  explicit Headers(std::uint32_t stream) : stream_(stream) {}

  Headers& Request(std::string_view method, std::string_view path);
  Headers& Status(int status);
  Headers& Field(std::string_view name, std::string_view value);
  Headers& End();  // END_STREAM
  Headers& Pad(std::uint8_t bytes);
  Headers& Split(std::size_t fragment);  // into HEADERS and CONTINUATIONs of so many bytes each

  operator std::string() const { return Render(); }  // NOLINT(google-explicit-constructor)
  std::string Render() const;

 private:
  std::uint32_t stream_;
  std::string block_;
  std::uint8_t flags_ = 0;
  int padding_ = -1;
  std::size_t fragment_ = 0;
};

class Data {
 public:
  Data(std::uint32_t stream, std::string_view bytes) : stream_(stream), bytes_(bytes) {}

  Data& End();
  Data& Pad(std::uint8_t bytes);

  operator std::string() const { return Render(); }  // NOLINT(google-explicit-constructor)
  std::string Render() const;

 private:
  std::uint32_t stream_;
  std::string bytes_;
  std::uint8_t flags_ = 0;
  int padding_ = -1;
};

std::string Settings(std::initializer_list<std::pair<std::uint16_t, std::uint32_t>> values);
std::string SettingsAck();
std::string Ping(std::uint64_t opaque, bool ack = false);
std::string RstStream(std::uint32_t stream, std::uint32_t error);
std::string GoAway(std::uint32_t last_stream, std::uint32_t error, std::string_view debug = {});
std::string WindowUpdate(std::uint32_t stream, std::uint32_t bytes);
std::string PriorityUpdate(std::uint32_t stream, std::string_view value);

// Reads what one side sent, in order: HPACK's state runs along. Bytes may come in any pieces; a
// frame is told when it is complete.
class FrameReader {
 public:
  FrameReader();
  ~FrameReader();

  // A line per frame, for instance
  //   HEADERS 1 END_HEADERS :status=200 content-type=application/grpc
  //   DATA 1 END_STREAM "hello"          (long bodies: the number of bytes)
  std::string Read(std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::testing
