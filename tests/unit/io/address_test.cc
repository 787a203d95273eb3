#include "io/address.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace weft::internal {
namespace {

TEST(SocketAddressTest, PrintsAsGrpcNamesIt) {
  EXPECT_EQ(SocketAddress::Numeric("127.0.0.1", 50051)->ToString(), "ipv4:127.0.0.1:50051");
  EXPECT_EQ(SocketAddress::Numeric("::1", 80)->ToString(), "ipv6:[::1]:80");
  EXPECT_EQ(SocketAddress::Numeric("::ffff:10.1.2.3", 80)->ToString(), "ipv4:10.1.2.3:80");
  EXPECT_EQ(SocketAddress::Unix("/run/x.sock")->ToString(), "unix:/run/x.sock");
  EXPECT_EQ(SocketAddress::UnixAbstract("name")->ToString(), "unix-abstract:name");
  EXPECT_EQ(SocketAddress().ToString(), "unknown");
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  EXPECT_EQ(SocketAddress::Peer(fds[0]).ToString(), "unix:");
  ::close(fds[0]);
  ::close(fds[1]);
}

TEST(SocketAddressTest, RefusesWhatIsNoAddress) {
  EXPECT_FALSE(SocketAddress::Numeric("localhost", 1).ok());
  EXPECT_FALSE(SocketAddress::Numeric("1.2.3", 1).ok());
  EXPECT_FALSE(SocketAddress::Numeric("fe80::1%nosuchif", 1).ok());
  EXPECT_FALSE(SocketAddress::Unix("").ok());
  EXPECT_FALSE(SocketAddress::Unix(std::string(108, 'x')).ok());
  EXPECT_TRUE(SocketAddress::Unix(std::string(107, 'x')).ok());
  EXPECT_FALSE(SocketAddress::UnixAbstract("").ok());
}

TEST(SocketAddressTest, LocalhostIsTheLoopbackInterface) {
  const std::vector<SocketAddress> found = LocalhostAddresses("LocalHost", 7);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].ToString(), "ipv4:127.0.0.1:7");
  EXPECT_EQ(found[1].ToString(), "ipv6:[::1]:7");
  EXPECT_TRUE(LocalhostAddresses("localhost.example", 7).empty());
}

struct TargetCase {
  const char* text;
  const char* addresses;  // "host:port" for a name, else what ToString says, with commas
  const char* authority;
};

std::string Describe(const Target& target) {
  if (target.kind() == Target::Kind::kName) {
    return target.host() + ":" + std::to_string(target.port());
  }
  std::string text;
  for (const SocketAddress& address : target.addresses()) {
    if (!text.empty()) text += ",";
    text += address.ToString();
  }
  return text;
}

TEST(TargetTest, ReadsGrpcNames) {
  const TargetCase cases[] = {
      {"example.com:80", "example.com:80", "example.com:80"},
      {"example.com", "example.com:443", "example.com"},
      {"dns:example.com:80", "example.com:80", "example.com:80"},
      {"dns:///example.com:80", "example.com:80", "example.com:80"},
      {"localhost:5", "localhost:5", "localhost:5"},
      {"dns:///127.0.0.1:5", "ipv4:127.0.0.1:5", "127.0.0.1:5"},
      {"[::1]:5", "ipv6:[::1]:5", "[::1]:5"},
      {"[::1]", "ipv6:[::1]:443", "[::1]"},
      {"ipv4:1.2.3.4:80,5.6.7.8", "ipv4:1.2.3.4:80,ipv4:5.6.7.8:443", "1.2.3.4:80"},
      {"ipv6:[::1]:80,[::2]:81", "ipv6:[::1]:80,ipv6:[::2]:81", "[::1]:80"},
      {"unix:rel/path", "unix:rel/path", "localhost"},
      {"unix:/abs", "unix:/abs", "localhost"},
      {"unix:///abs", "unix:/abs", "localhost"},
      {"unix-abstract:name", "unix-abstract:name", "localhost"},
  };
  for (const TargetCase& each : cases) {
    absl::StatusOr<Target> target = Target::Parse(each.text);
    ASSERT_TRUE(target.ok()) << each.text << ": " << target.status();
    EXPECT_EQ(Describe(*target), each.addresses) << each.text;
    EXPECT_EQ(target->authority(), each.authority) << each.text;
  }
}

TEST(TargetTest, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "it has no host"},
      {":80", "it has no host"},
      {"xds:///service", "unknown scheme"},
      {"http://host/", "unknown scheme"},
      {"dns://8.8.8.8/host", "name server"},
      {"dns://host:80", "third slash"},
      {"host:port", "number from 0 to 65535"},
      {"host:65536", "number from 0 to 65535"},
      {"host:", "number from 0 to 65535"},
      {"host:80/path", "number from 0 to 65535"},
      {"host/path", "no \"/\""},
      {"[::1", "without"},
      {"[::1]x", "may follow"},
      {"unix://relative", "absolute path"},
      {"unix:", "empty"},
      {"ipv4:[::1]:80", "not IPv4"},
      {"ipv6:1.2.3.4:80", "not IPv6"},
      {"ipv4:host:80", "neither IPv4 nor IPv6"},
      {"ipv4:1.2.3.4:80,", "neither IPv4 nor IPv6"},
  };
  for (const auto& [text, why] : cases) {
    absl::StatusOr<Target> target = Target::Parse(text);
    ASSERT_FALSE(target.ok()) << text;
    EXPECT_NE(target.status().message().find(why), absl::string_view::npos)
        << text << ": " << target.status();
    EXPECT_EQ(target.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace weft::internal
