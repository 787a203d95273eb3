#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/frames.h"

namespace weft::testing {

// One connection that a RawServer has accepted: a test writes HTTP/2 frames on it by hand and sees
// what the client sends, a line per frame. Blocks, but never longer than ten seconds; a test that
// waits in vain gets a failure. One thread.
class RawPeer {
 public:
  explicit RawPeer(int descriptor)
      : descriptor_(descriptor), reader_(std::make_unique<FrameReader>()) {}
  RawPeer(RawPeer&& other) noexcept;
  ~RawPeer();

  // A server's first words: SETTINGS, and the acknowledgement of the client's.
  void Greet(std::initializer_list<std::pair<std::uint16_t, std::uint32_t>> settings = {});
  // In writes of so many bytes at most.
  void Send(std::string_view bytes, std::size_t piece = static_cast<std::size_t>(-1));
  // Reads frames up to and including the next whose line has `text` in it, and returns that line.
  std::string ReadUntil(std::string_view text);
  // Reads until the client has ended the connection; true unless that takes too long.
  bool ReadToEnd();
  // Ends the connection: in order, or with a reset.
  void Close();
  void Reset();

  // All the lines so far.
  const std::string& log() const { return log_; }

 private:
  // False at the end of the connection and when nothing came for too long.
  bool ReadMore();

  int descriptor_;
  bool ended_ = false;
  std::string raw_;  // not told yet
  std::unique_ptr<FrameReader> reader_;
  std::string log_;
  std::size_t seen_ = 0;  // of log_, by ReadUntil
};

// A server on a free port of loopback that speaks only as the test does.
class RawServer {
 public:
  RawServer();
  // On a given port, which must be free.
  explicit RawServer(int port);
  RawServer(const RawServer&) = delete;
  ~RawServer();

  int port() const { return port_; }
  std::string target() const;
  RawPeer Accept();
  // Whether a client waits to be accepted.
  bool HasClient() const;

 private:
  int descriptor_;
  int port_ = 0;
};

// A message in its five-byte envelope.
std::string Envelope(std::string_view message, std::uint8_t flag = 0);

}  // namespace weft::testing
