#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gtest/gtest.h"

namespace weft::testing {
namespace {

constexpr int kPatienceMilliseconds = 10000;

// The size of the preface or frame that `bytes` begin with.
std::size_t FirstPart(std::string_view bytes) {
  if (bytes.starts_with("PRI ")) return Preface().size();
  if (bytes.size() < 9) return 9;
  std::size_t length = 0;
  for (int i = 0; i < 3; ++i) {
    length = length << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  }
  return 9 + length;
}

std::string Printable(std::string_view line) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += "\\x";
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
  }
  return text;
}

bool WaitReadable(int descriptor, int milliseconds) {
  pollfd watched{descriptor, POLLIN, 0};
  return ::poll(&watched, 1, milliseconds) == 1;
}

}  // namespace

RawPeer::RawPeer(RawPeer&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      ended_(other.ended_),
      raw_(std::move(other.raw_)),
      reader_(std::move(other.reader_)),
      log_(std::move(other.log_)),
      seen_(other.seen_) {}

RawPeer::~RawPeer() { Close(); }

void RawPeer::Greet(std::initializer_list<std::pair<std::uint16_t, std::uint32_t>> settings) {
  Send(Settings(settings) + SettingsAck());
}

void RawPeer::Send(std::string_view bytes, std::size_t piece) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(descriptor_, bytes.data(), std::min(piece, bytes.size()), MSG_NOSIGNAL);
    if (sent < 0) {
      // A client that has had enough is a fact for the test to see elsewhere.
      EXPECT_TRUE(errno == EPIPE || errno == ECONNRESET) << std::strerror(errno);
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawPeer::ReadMore() {
  if (ended_ || !WaitReadable(descriptor_, kPatienceMilliseconds)) return false;
  char bytes[65536];
  const ssize_t n = ::recv(descriptor_, bytes, sizeof bytes, 0);
  if (n <= 0) {
    ended_ = true;
    return false;
  }
  raw_.append(bytes, static_cast<std::size_t>(n));
  // Frame by frame: what a body holds must not look like the end of a line.
  for (std::size_t size = FirstPart(raw_); size <= raw_.size(); size = FirstPart(raw_)) {
    std::string line = reader_->Read(std::string_view(raw_).substr(0, size));
    raw_.erase(0, size);
    if (!line.empty()) line.pop_back();
    log_ += Printable(line) + "\n";
  }
  return true;
}

std::string RawPeer::ReadUntil(std::string_view text) {
  while (true) {
    for (std::size_t end = log_.find('\n', seen_); end != std::string::npos;
         end = log_.find('\n', seen_)) {
      const std::string line = log_.substr(seen_, end - seen_);
      seen_ = end + 1;
      if (line.find(text) != std::string::npos) return line;
    }
    if (!ReadMore()) {
      ADD_FAILURE() << "no frame with \"" << text << "\" came; these did:\n" << log_;
      return std::string();
    }
  }
}

bool RawPeer::ReadToEnd() {
  while (ReadMore()) {
  }
  return ended_;
}

void RawPeer::Close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  ended_ = true;
}

void RawPeer::Reset() {
  const linger now{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  Close();
}

RawServer::RawServer() : RawServer(0) {}

RawServer::RawServer(int port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int yes = 1;
  ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(descriptor_, generic, size), 0) << std::strerror(errno);
  EXPECT_EQ(::listen(descriptor_, 16), 0) << std::strerror(errno);
  EXPECT_EQ(::getsockname(descriptor_, generic, &size), 0);
  port_ = ntohs(address.sin_port);
}

RawServer::~RawServer() { ::close(descriptor_); }

std::string RawServer::target() const { return "ipv4:127.0.0.1:" + std::to_string(port_); }

RawPeer RawServer::Accept() {
  EXPECT_TRUE(WaitReadable(descriptor_, kPatienceMilliseconds)) << "no client has connected";
  const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
  const int yes = 1;
  ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return RawPeer(accepted);
}

bool RawServer::HasClient() const { return WaitReadable(descriptor_, 0); }

std::string Envelope(std::string_view message, std::uint8_t flag) {
  std::string bytes(1, static_cast<char>(flag));
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(message.size() >> shift);
  }
  return bytes.append(message);
}

}  // namespace weft::testing
