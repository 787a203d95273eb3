#include "io/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "base/absl_view.h"

namespace weft::internal {
namespace {

absl::Status Bad(std::string_view what, std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("bad ", Absl(what), " \"", Absl(text), "\": ", Absl(why)));
}

constexpr std::size_t kPathOffset = offsetof(sockaddr_un, sun_path);

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool LooksLikeScheme(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

}  // namespace

SocketAddress::SocketAddress() : storage_(), size_(0) {}

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size) : storage_(), size_(size) {
  size_ = std::min<socklen_t>(size, sizeof(storage_));
  std::memcpy(&storage_, address, size_);
}

absl::StatusOr<SocketAddress> SocketAddress::Numeric(std::string_view host, std::uint16_t port) {
  std::string name(host);
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, name.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  }
  sockaddr_in6 v6{};
  if (const std::size_t percent = name.find('%'); percent != std::string::npos) {
    const std::string scope = name.substr(percent + 1);
    v6.sin6_scope_id = ::if_nametoindex(scope.c_str());
    if (v6.sin6_scope_id == 0) {
      const auto [end, error] =
          std::from_chars(scope.data(), scope.data() + scope.size(), v6.sin6_scope_id);
      if (error != std::errc() || end != scope.data() + scope.size()) {
        return Bad("address", host, "no such network interface");
      }
    }
    name.resize(percent);
  }
  if (::inet_pton(AF_INET6, name.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
  }
  return Bad("address", host, "it is neither IPv4 nor IPv6 in numbers");
}

absl::StatusOr<SocketAddress> SocketAddress::Unix(std::string_view path) {
  sockaddr_un un{};
  if (path.empty()) return Bad("Unix socket path", path, "it is empty");
  if (path.find('\0') != std::string_view::npos) {
    return Bad("Unix socket path", path, "it has a zero byte inside");
  }
  if (path.size() >= sizeof(un.sun_path)) {
    return Bad("Unix socket path", path,
               "the system allows 107 bytes; a relative path may be shorter");
  }
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  return SocketAddress(reinterpret_cast<const sockaddr*>(&un),
                       static_cast<socklen_t>(kPathOffset + path.size() + 1));
}

absl::StatusOr<SocketAddress> SocketAddress::UnixAbstract(std::string_view name) {
  sockaddr_un un{};
  if (name.empty()) return Bad("abstract socket name", name, "it is empty");
  if (name.size() >= sizeof(un.sun_path)) {
    return Bad("abstract socket name", name, "the system allows 107 bytes");
  }
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path + 1, name.data(), name.size());
  return SocketAddress(reinterpret_cast<const sockaddr*>(&un),
                       static_cast<socklen_t>(kPathOffset + 1 + name.size()));
}

SocketAddress SocketAddress::Local(int fd) {
  SocketAddress address;
  address.size_ = sizeof(address.storage_);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage_), &address.size_) != 0) {
    return SocketAddress();
  }
  return address;
}

SocketAddress SocketAddress::Peer(int fd) {
  SocketAddress address;
  address.size_ = sizeof(address.storage_);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address.storage_), &address.size_) != 0) {
    return SocketAddress();
  }
  return address;
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  if (family() == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
  }
  return 0;
}

std::string_view SocketAddress::path() const {
  if (family() != AF_UNIX || size_ <= kPathOffset) return {};
  const char* path = reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path;
  return {path, ::strnlen(path, size_ - kPathOffset)};
}

std::string SocketAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = {};
  switch (family()) {
    case AF_INET: {
      const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage_);
      ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
      return absl::StrCat("ipv4:", text, ":", port());
    }
    case AF_INET6: {
      const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage_);
      if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        // A dual-stack listener sees IPv4 peers so; people don't.
        ::inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, text, sizeof(text));
        return absl::StrCat("ipv4:", text, ":", port());
      }
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
      std::string scope;
      if (v6.sin6_scope_id != 0) scope = absl::StrCat("%", v6.sin6_scope_id);
      return absl::StrCat("ipv6:[", text, scope, "]:", port());
    }
    case AF_UNIX: {
      if (size_ > kPathOffset + 1 && path().empty()) {
        const char* name = reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path + 1;
        return absl::StrCat("unix-abstract:", std::string(name, size_ - kPathOffset - 1));
      }
      return absl::StrCat("unix:", Absl(path()));
    }
    default:
      return "unknown";
  }
}

bool operator==(const SocketAddress& a, const SocketAddress& b) {
  return a.size_ == b.size_ && std::memcmp(&a.storage_, &b.storage_, a.size_) == 0;
}

absl::StatusOr<HostPort> HostPort::Parse(std::string_view text, int default_port) {
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return Bad("address", text, "\"[\" without \"]\"");
    host = text.substr(1, close - 1);
    std::string_view rest = text.substr(close + 1);
    if (!rest.empty()) {
      if (rest.front() != ':') return Bad("address", text, "only \":port\" may follow \"]\"");
      port = rest.substr(1);
      has_port = true;
    }
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (text.find(':', colon + 1) == std::string_view::npos) {
      host = text.substr(0, colon);
      port = text.substr(colon + 1);
      has_port = true;
    }  // else an IPv6 address without brackets, and no port
  }
  if (!has_port) {
    if (default_port < 0) return Bad("address", text, "it has no port; write host:port");
    return HostPort(host, static_cast<std::uint16_t>(default_port));
  }
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size()) {
    return Bad("address", text, "the port must be a number from 0 to 65535");
  }
  return HostPort(host, number);
}

std::vector<SocketAddress> LocalhostAddresses(std::string_view host, std::uint16_t port) {
  if (!absl::EqualsIgnoreCase(Absl(host), "localhost")) return {};
  return {*SocketAddress::Numeric("127.0.0.1", port), *SocketAddress::Numeric("::1", port)};
}

absl::StatusOr<Target> Target::Parse(std::string_view text, std::uint16_t default_port) {
  Target target;
  std::string_view rest = text;
  const std::string_view kind = "target";

  if (TakePrefix(rest, "unix-abstract:")) {
    absl::StatusOr<SocketAddress> address = SocketAddress::UnixAbstract(rest);
    if (!address.ok()) return address.status();
    target.kind_ = Kind::kAddresses;
    target.addresses_.push_back(*address);
    target.authority_ = "localhost";
    return target;
  }
  if (TakePrefix(rest, "unix:")) {
    if (TakePrefix(rest, "//") && !rest.starts_with('/')) {
      return Bad(kind, text, "unix:// needs an absolute path: unix:///path");
    }
    absl::StatusOr<SocketAddress> address = SocketAddress::Unix(rest);
    if (!address.ok()) return address.status();
    target.kind_ = Kind::kAddresses;
    target.addresses_.push_back(*address);
    target.authority_ = "localhost";
    return target;
  }
  const bool v4 = rest.starts_with("ipv4:");
  if (v4 || rest.starts_with("ipv6:")) {
    rest.remove_prefix(5);
    TakePrefix(rest, "///");
    target.kind_ = Kind::kAddresses;
    target.authority_ = rest.substr(0, rest.find(','));
    while (true) {
      const std::size_t comma = rest.find(',');
      absl::StatusOr<HostPort> part = HostPort::Parse(rest.substr(0, comma), default_port);
      if (!part.ok()) return part.status();
      absl::StatusOr<SocketAddress> address = SocketAddress::Numeric(part->host(), part->port());
      if (!address.ok()) return address.status();
      if ((address->family() == AF_INET) != v4) {
        return Bad(kind, text, v4 ? "an address is not IPv4" : "an address is not IPv6");
      }
      target.addresses_.push_back(*address);
      if (comma == std::string_view::npos) return target;
      rest.remove_prefix(comma + 1);
    }
  }
  if (TakePrefix(rest, "dns:")) {
    if (TakePrefix(rest, "//")) {
      const std::size_t slash = rest.find('/');
      if (slash == std::string_view::npos) {
        return Bad(kind, text, "after dns:// comes a third slash: dns:///host:port");
      }
      if (slash != 0) {
        return Bad(kind, text, "a name server in the target is not supported: dns:///host:port");
      }
      rest.remove_prefix(1);
    }
  } else if (const std::size_t colon = rest.find("://");
             colon != std::string_view::npos && LooksLikeScheme(rest.substr(0, colon))) {
    return Bad(kind, text,
               "unknown scheme; there are dns:///host:port, ipv4:, ipv6:, unix: and "
               "unix-abstract:, or host:port alone");
  }
  absl::StatusOr<HostPort> name = HostPort::Parse(rest, default_port);
  if (!name.ok()) return name.status();
  if (name->host().empty()) return Bad(kind, text, "it has no host");
  if (name->host().find('/') != std::string::npos) return Bad(kind, text, "a host has no \"/\"");
  target.authority_ = rest;
  // What is numeric needs no look-up.
  if (absl::StatusOr<SocketAddress> numeric = SocketAddress::Numeric(name->host(), name->port());
      numeric.ok()) {
    target.kind_ = Kind::kAddresses;
    target.addresses_.push_back(*numeric);
    return target;
  }
  target.host_ = name->host();
  target.port_ = name->port();
  return target;
}

}  // namespace weft::internal
