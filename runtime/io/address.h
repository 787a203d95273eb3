#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace weft::internal {

// Where a socket is bound or connected: IPv4, IPv6, a Unix path or an abstract Unix name. A value.
class SocketAddress {
 public:
  // Unspecified: family() is AF_UNSPEC.
  SocketAddress();
  SocketAddress(const sockaddr* address, socklen_t size);
  // A numeric address, IPv6 without brackets (a scope as in "fe80::1%eth0" is allowed); no look-up.
  static absl::StatusOr<SocketAddress> Numeric(std::string_view host, std::uint16_t port);
  static absl::StatusOr<SocketAddress> Unix(std::string_view path);
  static absl::StatusOr<SocketAddress> UnixAbstract(std::string_view name);
  // The near and the far end of a socket.
  static SocketAddress Local(int fd);
  static SocketAddress Peer(int fd);

  int family() const { return storage_.ss_family; }
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  // 0 for Unix sockets.
  std::uint16_t port() const;
  // The path of a Unix socket that has one in the file system, else empty.
  std::string_view path() const;
  // "ipv4:127.0.0.1:50051", "ipv6:[::1]:80", "unix:/path", "unix-abstract:name", "unix:" for an
  // unnamed peer.
  std::string ToString() const;

  friend bool operator==(const SocketAddress& a, const SocketAddress& b);

 private:
  sockaddr_storage storage_;
  socklen_t size_;
};

// The loopback addresses if the host is "localhost", else none: that name has its meaning without a
// look-up (RFC 6761 §6.3), which finds nothing where there is no /etc/hosts. IPv4 first, since some
// clients try one address only.
std::vector<SocketAddress> LocalhostAddresses(std::string_view host, std::uint16_t port);

// What a channel connects to, by gRPC's naming rules:
//   host:port, dns:host:port, dns:///host:port    looked up, each time anew
//   ipv4:1.2.3.4:80,5.6.7.8:80, ipv6:[::1]:80     as given
//   unix:path, unix:///path, unix-abstract:name   local sockets
class Target {
 public:
  enum class Kind { kName, kAddresses };

  // A port that is left out is `default_port`.
  static absl::StatusOr<Target> Parse(std::string_view text, std::uint16_t default_port = 443);

  Kind kind() const { return kind_; }
  const std::string& host() const { return host_; }  // kName, without brackets
  std::uint16_t port() const { return port_; }       // kName
  const std::vector<SocketAddress>& addresses() const { return addresses_; }  // kAddresses
  // What `:authority` says unless told otherwise: the name as given, the first address, "localhost"
  // for Unix sockets.
  const std::string& authority() const { return authority_; }

 private:
  Target() = default;

  Kind kind_ = Kind::kName;
  std::string host_;
  std::uint16_t port_ = 0;
  std::vector<SocketAddress> addresses_;
  std::string authority_;
};

// "host:port", "[::1]:port", "host", "[::1]", and "::1" as a host alone. Host without brackets; a
// missing port is `default_port`, and an error when that is negative.
class HostPort {
 public:
  static absl::StatusOr<HostPort> Parse(std::string_view text, int default_port);
  HostPort(std::string_view host, std::uint16_t port) : host_(host), port_(port) {}
  const std::string& host() const { return host_; }
  std::uint16_t port() const { return port_; }

 private:
  std::string host_;
  std::uint16_t port_;
};

}  // namespace weft::internal
