#include "io/listener.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "io/loop_core.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

using std::chrono::seconds;

std::string TempPath(std::string_view name) {
  return ::testing::TempDir() + "weft-" + std::to_string(::getpid()) + "-" + std::string(name);
}

OwnedFd ConnectTo(const SocketAddress& address) {
  OwnedFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), address.raw(), address.size()), 0);
  return fd;
}

template <typename Done>
bool RunUntil(EventLoop& loop, Done done) {
  const TimePoint limit = Clock::System().Now() + seconds(20);
  while (!done() && Clock::System().Now() < limit) loop.RunOnce(std::chrono::milliseconds(50));
  return done();
}

TEST(ListenerTest, PortZeroTakesAFreePortAndAcceptsThere) {
  EventLoop loop;
  auto listener = Listener::Listen("127.0.0.1:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_GT((*listener)->port(), 0);
  std::vector<std::string> peers;
  (*listener)->Start(loop.core(), [&](OwnedFd fd, const SocketAddress& peer) {
    EXPECT_TRUE(fd.valid());
    peers.push_back(peer.ToString());
  });
  OwnedFd a = ConnectTo((*listener)->address());
  OwnedFd b = ConnectTo((*listener)->address());
  EXPECT_TRUE(RunUntil(loop, [&] { return peers.size() == 2; }));
  EXPECT_EQ(peers[0], SocketAddress::Local(a.get()).ToString());
}

TEST(ListenerTest, APortInUseIsNamed) {
  auto first = Listener::Listen("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  const std::string address = "127.0.0.1:" + std::to_string((*first)->port());
  auto second = Listener::Listen(address);
  EXPECT_EQ(second.status().message(),
            "cannot listen on " + address +
                ": address already in use (EADDRINUSE); another process listens there");
}

TEST(ListenerTest, ASocketFileInUseIsRefusedAndAStaleOneReplaced) {
  const std::string path = TempPath("stale");
  auto address = SocketAddress::Unix(path);
  ASSERT_TRUE(address.ok());
  {
    // What a killed server leaves behind: bound, and closed without an unlink.
    OwnedFd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(dead.get(), address->raw(), address->size()), 0);
  }
  auto listener = Listener::Listen("unix:" + path);
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ((*listener)->address().ToString(), "unix:" + path);
  auto second = Listener::Listen("unix:" + path);
  EXPECT_EQ(second.status().message(),
            "cannot listen on unix:" + path +
                ": address already in use (EADDRINUSE); another process listens there");
  listener->reset();
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "the socket file is left behind";
}

TEST(ListenerTest, SaysWhyItCannotListen) {
  const std::pair<std::string, std::string> cases[] = {
      {"203.0.113.9:0",
       "cannot listen on 203.0.113.9:0: cannot assign requested address (EADDRNOTAVAIL); no "
       "network "
       "interface of this machine has that address"},
      {"unix:/no/such/directory/x.sock",
       "cannot listen on unix:/no/such/directory/x.sock: no such file or directory (ENOENT); the "
       "directory of the socket file must exist"},
      {"127.0.0.1", "bad address \"127.0.0.1\": it has no port; write host:port"},
      {":80", "cannot listen on \":80\": it has no host; all interfaces are *:port"},
  };
  for (const auto& [address, text] : cases) {
    EXPECT_EQ(Listener::Listen(address).status().message(), text);
  }
  const absl::Status unknown = Listener::Listen("no such host!:80").status();
  EXPECT_NE(unknown.message().find("unknown host \"no such host!\""), absl::string_view::npos)
      << unknown;
}

TEST(ListenerTest, AGivenDescriptorMustListen) {
  EXPECT_NE(Listener::Adopt(OwnedFd(::socket(AF_INET, SOCK_STREAM, 0)))
                .status()
                .message()
                .find("doesn't listen"),
            absl::string_view::npos);
  OwnedFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(::listen(fd.get(), 1), 0);
  auto listener = Listener::Adopt(std::move(fd));
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_GT((*listener)->port(), 0);
}

TEST(ListenerTest, TheAcceptFunctionMayDestroyTheListener) {
  EventLoop loop;
  auto listener = Listener::Listen("127.0.0.1:0");
  ASSERT_TRUE(listener.ok());
  const SocketAddress address = (*listener)->address();
  OwnedFd a = ConnectTo(address);
  OwnedFd b = ConnectTo(address);
  int accepted = 0;
  (*listener)->Start(loop.core(), [&](OwnedFd, const SocketAddress&) {
    ++accepted;
    listener->reset();
  });
  EXPECT_TRUE(RunUntil(loop, [&] { return accepted == 1; }));
}

TEST(ListenerTest, WithoutDescriptorsItPausesAndGoesOnLater) {
  EventLoop loop;
  auto listener = Listener::Listen("127.0.0.1:0");
  ASSERT_TRUE(listener.ok());
  int accepted = 0;
  (*listener)->Start(loop.core(), [&](OwnedFd, const SocketAddress&) { ++accepted; });
  OwnedFd client = ConnectTo((*listener)->address());
  rlimit former{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &former), 0);
  rlimit none = former;
  none.rlim_cur = 3;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  for (int i = 0; i < 5; ++i) loop.RunOnce(std::chrono::milliseconds(5));
  EXPECT_EQ(accepted, 0);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &former), 0);
  EXPECT_TRUE(RunUntil(loop, [&] { return accepted == 1; }));
}

}  // namespace
}  // namespace weft::internal
