// The floor of bench/ping_pong: the bytes of a small call, written and read by blocking sockets.
// raw_ping_pong serve PORT 0 sends what it gets back; raw_ping_pong blocking PORT CALLS asks.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "ping_pong.h"

namespace {

using ping_pong::Fail;

// A small call and its answer on the wire, in the steady state, rounded.
constexpr std::size_t kRequestSize = 96, kReplySize = 96;

sockaddr_in Address(const std::string& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int Socket() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

bool Take(int fd, std::size_t size) {
  char bytes[kRequestSize + kReplySize];
  while (size > 0) {
    const ssize_t n = read(fd, bytes, size);
    if (n <= 0) return false;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

void Give(int fd, std::size_t size) {
  const char bytes[kRequestSize + kReplySize] = {};
  if (write(fd, bytes, size) != static_cast<ssize_t>(size)) Fail("a write failed");
}

void Serve(const std::string& port) {
  const int listener = Socket();
  const sockaddr_in address = Address(port);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 16) != 0) {
    Fail("cannot listen");
  }
  while (true) {
    const int fd = accept(listener, nullptr, nullptr);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread([fd] {
      while (Take(fd, kRequestSize)) Give(fd, kReplySize);
      close(fd);
    }).detach();
  }
}

void Ask(const ping_pong::Load& load) {
  const int fd = Socket();
  const sockaddr_in address = Address(load.port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    Fail("cannot connect");
  }
  ping_pong::Meter meter(load.calls);
  for (long i = -load.calls / 10; i < load.calls; ++i) {
    if (i == 0) meter.Begin();
    Give(fd, kRequestSize);
    if (!Take(fd, kReplySize)) Fail("the connection ended");
    if (i >= 0) meter.Note();
  }
  meter.Print(load.calls);
}

}  // namespace

int main(int argc, char** argv) {
  const ping_pong::Load load = ping_pong::Parse(argc, argv);
  if (load.form == "serve") {
    Serve(load.port);
  } else if (load.form == "blocking") {
    Ask(load);
  } else {
    Fail("forms: serve, blocking");
  }
  return 0;
}
