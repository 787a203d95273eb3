#include "weft/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "io/owned_fd.h"
#include "tests/support/test_service.h"
#include "weft/event_loop.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::TestReply;
using testing::TestRequest;
using testing::TestService;
using testing::TestServiceImpl;

constexpr char kAny[] = "127.0.0.1:0";

std::ptrdiff_t Threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator());
}

// The kernel may show a thread for a moment after it was joined.
bool ThreadsFallTo(std::ptrdiff_t count) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (Threads() > count && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
  }
  return Threads() <= count;
}

// A socket with timeouts, that blocks.
internal::OwnedFd ConnectTo(int port) {
  internal::OwnedFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{10, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  return fd;
}

void SendCall(const internal::OwnedFd& fd, std::string_view body) {
  const std::string request =
      "POST /weft.testing.TestService/Unary HTTP/1.1\r\nHost: h\r\n"
      "Content-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  ASSERT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
}

// What comes until `end` has come, or the connection ends.
std::string Receive(const internal::OwnedFd& fd, std::string_view end) {
  std::string received;
  char buffer[4096];
  while (received.find(end) == std::string::npos) {
    const ssize_t n = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (n <= 0) break;
    received.append(buffer, static_cast<std::size_t>(n));
  }
  return received;
}

// Its handler heeds no cancellation.
class DeafService final : public TestService::BlockingService {
 public:
  absl::Status Unary(ServerContext&, const TestRequest&, TestReply&) override {
    std::unique_lock lock(mutex_);
    running_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
    return absl::OkStatus();
  }
  void WaitUntilRunning() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return running_; });
  }
  void Release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool running_ = false;
  bool released_ = false;
};

class ServerTest : public ::testing::Test {
 public:
  TestServiceImpl service;
};

TEST_F(ServerTest, ServesUntilItIsShutDown) {
  Server server(ServerOptions().set_loops(1));
  server.Register(service);
  ASSERT_TRUE(server.Listen(kAny).ok());
  ASSERT_GT(server.port(), 0);
  ASSERT_TRUE(server.Start().ok());
  {
    const internal::OwnedFd fd = ConnectTo(server.port());
    SendCall(fd, R"({"text":"hi"})");
    EXPECT_NE(Receive(fd, "}").find(R"({"text":"hi"})"), std::string::npos);
  }
  EXPECT_TRUE(server.Shutdown(seconds(10)).ok());
  EXPECT_FALSE(ConnectTo(server.port()).valid());
}

// options_check_test has the rest of them.
TEST_F(ServerTest, OptionOutOfItsRangeIsToldByStartAndRun) {
  for (const ServerOptions& options :
       {ServerOptions().set_loops(-3), ServerOptions().set_loops(100'000),
        ServerOptions().set_workers(-1), ServerOptions().set_max_concurrent_streams(0)}) {
    Server server(options);
    server.Register(service);
    const absl::Status started = server.Start();
    EXPECT_EQ(started.code(), absl::StatusCode::kInvalidArgument) << started;
    EXPECT_NE(started.message().find("ServerOptions::set_"), std::string::npos) << started;
    EXPECT_EQ(server.Run(), started);
  }
}

TEST_F(ServerTest, StartTellsThatThereAreTooFewDescriptorsForItsLoops) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 100;
  Server server(ServerOptions().set_loops(2));
  server.Register(service);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  std::vector<internal::OwnedFd> taken;
  do {
    taken.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  } while (taken.back().valid());
  // Fewer than a loop takes, enough for UBSan's pipes.
  for (int i = 0; i < 5; ++i) taken.pop_back();
  const absl::Status started = server.Start();
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(started.code(), absl::StatusCode::kResourceExhausted) << started;
  EXPECT_NE(started.message().find("can't start with 2 loops"), std::string::npos) << started;
  EXPECT_EQ(server.Start(), absl::OkStatus()) << "after the limit was raised";
}

TEST_F(ServerTest, HasNoMoreThreadsThanLoopsAndOne) {
  const std::ptrdiff_t before = Threads();
  for (const int loops : {1, 3}) {
    Server server(ServerOptions().set_loops(loops));
    server.Register(service);
    ASSERT_TRUE(server.Listen(kAny).ok());
    EXPECT_TRUE(ThreadsFallTo(before));
    ASSERT_TRUE(server.Start().ok());
    EXPECT_LE(Threads() - before, loops + 1);
    const internal::OwnedFd fd = ConnectTo(server.port());
    SendCall(fd, "{}");
    EXPECT_NE(Receive(fd, "{}").find("200"), std::string::npos);
    EXPECT_LE(Threads() - before, loops + 1);
  }
  EXPECT_TRUE(ThreadsFallTo(before));
}

TEST_F(ServerTest, PortInUseIsNamed) {
  Server first;
  first.Register(service);
  ASSERT_TRUE(first.Listen(kAny).ok());
  Server second;
  const std::string address = "127.0.0.1:" + std::to_string(first.port());
  const absl::Status status = second.Listen(address);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find(std::to_string(first.port())), absl::string_view::npos) << status;
  EXPECT_NE(status.message().find("in use"), absl::string_view::npos) << status;
}

TEST_F(ServerTest, UnreadableAddressesAreRefused) {
  Server server;
  for (const char* address : {"", "nonsense", "127.0.0.1", "127.0.0.1:99999", "1.2.3.4.5:80"}) {
    const absl::Status status = server.Listen(address);
    EXPECT_FALSE(status.ok()) << address;
    EXPECT_FALSE(status.message().empty());
  }
  EXPECT_FALSE(server.ListenOn(-1).ok());
}

TEST_F(ServerTest, GivenSocketIsServed) {
  internal::OwnedFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
  ASSERT_EQ(::listen(socket.get(), 5), 0);
  Server server(ServerOptions().set_loops(1));
  server.Register(service);
  ASSERT_TRUE(server.ListenOn(::dup(socket.get())).ok());
  ASSERT_GT(server.port(), 0);
  ASSERT_TRUE(server.Start().ok());
  const internal::OwnedFd fd = ConnectTo(server.port());
  SendCall(fd, "{}");
  EXPECT_NE(Receive(fd, "{}").find("200"), std::string::npos);
}

TEST_F(ServerTest, StartNeedsAServiceAndHappensOnce) {
  Server empty;
  EXPECT_EQ(empty.Start().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(empty.Run().code(), absl::StatusCode::kFailedPrecondition);
  Server server(ServerOptions().set_loops(1));
  server.Register(service);
  ASSERT_TRUE(server.Start().ok());
  EXPECT_EQ(server.Start().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(server.Run().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(server.Shutdown(Duration::zero()).ok());
  EXPECT_TRUE(server.Shutdown(Duration::zero()).ok());
  EXPECT_EQ(server.Start().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ServerTest, DestroyedInAnyStateItEnds) {
  {
    Server never;
  }
  {
    Server registered;
    registered.Register(service);
    ASSERT_TRUE(registered.Listen(kAny).ok());
  }
  {
    Server started(ServerOptions().set_loops(2));
    started.Register(service);
    ASSERT_TRUE(started.Listen(kAny).ok());
    ASSERT_TRUE(started.Start().ok());
    const internal::OwnedFd silent = ConnectTo(started.port());
    EXPECT_TRUE(silent.valid());
  }
  {
    Server shut(ServerOptions().set_loops(2));
    shut.Register(service);
    ASSERT_TRUE(shut.Start().ok());
    EXPECT_TRUE(shut.Shutdown(Duration::max()).ok());
  }
}

TEST_F(ServerTest, ClientThatStaysConnectedHoldsNothingUp) {
  Server server(ServerOptions().set_loops(1));
  server.Register(service);
  ASSERT_TRUE(server.Listen(kAny).ok());
  ASSERT_TRUE(server.Start().ok());
  const internal::OwnedFd idle = ConnectTo(server.port());
  SendCall(idle, "{}");
  Receive(idle, "{}");
  const absl::Status down = server.Shutdown(Duration::zero());
  EXPECT_TRUE(down.ok()) << down;
}

TEST_F(ServerTest, GracePeriodLetsCallsEndAndThenCancelsThem) {
  Server server(ServerOptions().set_loops(1));
  server.Register(service);
  ASSERT_TRUE(server.Listen(kAny).ok());
  ASSERT_TRUE(server.Start().ok());
  const internal::OwnedFd fd = ConnectTo(server.port());
  SendCall(fd, R"({"wait":true})");
  ASSERT_TRUE(TestServiceImpl::WaitFor(service.begun, 1));
  EXPECT_TRUE(server.Shutdown(milliseconds(10)).ok());
  EXPECT_EQ(service.ended, 1);
  EXPECT_EQ(service.cancelled, 1);
  EXPECT_NE(Receive(fd, "}").find("HTTP/1.1 503"), std::string::npos);
}

TEST_F(ServerTest, HandlerThatHeedsNoCancellationIsNamed) {
  DeafService deaf;
  Server server(ServerOptions().set_loops(1));
  server.Register(deaf);
  ASSERT_TRUE(server.Listen(kAny).ok());
  ASSERT_TRUE(server.Start().ok());
  const internal::OwnedFd fd = ConnectTo(server.port());
  SendCall(fd, "{}");
  deaf.WaitUntilRunning();
  const absl::Status down = server.Shutdown(Duration::zero());
  EXPECT_EQ(down.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(down.message().find("/weft.testing.TestService/Unary"), absl::string_view::npos)
      << down;
  deaf.Release();
  EXPECT_TRUE(server.Shutdown(seconds(10)).ok());
}

TEST_F(ServerTest, DestructorWaitsForTheHandler) {
  DeafService deaf;
  std::thread later;
  {
    Server server(ServerOptions().set_loops(1));
    server.Register(deaf);
    ASSERT_TRUE(server.Listen(kAny).ok());
    ASSERT_TRUE(server.Start().ok());
    const internal::OwnedFd fd = ConnectTo(server.port());
    SendCall(fd, "{}");
    deaf.WaitUntilRunning();
    EXPECT_FALSE(server.Shutdown(Duration::zero()).ok());
    later = std::thread([&deaf] { deaf.Release(); });
  }
  later.join();
}

TEST_F(ServerTest, RunEndsOnSigterm) {
  Server server(ServerOptions().set_loops(1));
  server.Register(service);
  ASSERT_TRUE(server.Listen(kAny).ok());
  absl::Status result = absl::UnknownError("did not return");
  std::thread runner([&] { result = server.Run(); });
  // It answers, so it runs, and so it listens to signals.
  const internal::OwnedFd fd = ConnectTo(server.port());
  SendCall(fd, "{}");
  Receive(fd, "{}");
  ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
  runner.join();
  EXPECT_TRUE(result.ok()) << result;
}

TEST_F(ServerTest, RunEndsOnShutdownFromAnotherThread) {
  Server server(ServerOptions().set_loops(1));
  server.Register(service);
  ASSERT_TRUE(server.Listen(kAny).ok());
  absl::Status result = absl::UnknownError("did not return");
  std::thread runner([&] { result = server.Run(); });
  {
    const internal::OwnedFd fd = ConnectTo(server.port());
    SendCall(fd, "{}");
    Receive(fd, "{}");
  }
  EXPECT_TRUE(server.Shutdown(seconds(10)).ok());
  runner.join();
  EXPECT_TRUE(result.ok()) << result;
}

TEST_F(ServerTest, UsersLoopServesAndMayStopFirst) {
  EventLoop loop;
  Server server(ServerOptions().add_loop(loop));
  server.Register(service);
  ASSERT_TRUE(server.Listen(kAny).ok());
  ASSERT_TRUE(server.Start().ok());
  std::thread runner([&loop] { loop.Run(); });
  const internal::OwnedFd fd = ConnectTo(server.port());
  SendCall(fd, R"({"text":"hi"})");
  EXPECT_NE(Receive(fd, "}").find(R"({"text":"hi"})"), std::string::npos);
  SendCall(fd, R"({"wait":true})");
  ASSERT_TRUE(TestServiceImpl::WaitFor(service.begun, 2));
  loop.Stop();
  runner.join();
  EXPECT_TRUE(TestServiceImpl::WaitFor(service.ended, 2));
}

TEST_F(ServerTest, ShutdownOnALoopIsRefused) {
  Server server(ServerOptions().set_loops(1));
  EventLoop loop;
  Server on_loop(ServerOptions().add_loop(loop));
  on_loop.Register(service);
  ASSERT_TRUE(on_loop.Start().ok());
  absl::Status result;
  ASSERT_TRUE(loop.Post([&] { result = on_loop.Shutdown(Duration::zero()); }));
  loop.RunOnce();
  EXPECT_EQ(result.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(on_loop.Shutdown(Duration::zero()).ok());
}

TEST_F(ServerTest, UsersLoopThatEndsInTheMiddleOfADrainHoldsNothingUp) {
  EventLoop loop;
  Server server(ServerOptions().add_loop(loop));
  server.Register(service);
  ASSERT_TRUE(server.Listen(kAny).ok());
  ASSERT_TRUE(server.Start().ok());
  std::thread runner([&loop] { loop.Run(); });
  // Speaks HTTP/2 and never answers the PING of the drain.
  const internal::OwnedFd fd = ConnectTo(server.port());
  const std::string_view hello("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 24 + 9);
  ASSERT_EQ(::send(fd.get(), hello.data(), hello.size(), MSG_NOSIGNAL), 24 + 9);
  Receive(fd, std::string_view("\4\1\0\0\0\0", 6));  // its SETTINGS and the answer to ours
  absl::Status down = absl::UnknownError("did not return");
  std::thread shutdown([&] { down = server.Shutdown(std::chrono::hours(1)); });
  Receive(fd, std::string_view("\7\0\0\0\0\0\x7f\xff\xff\xff", 10));  // GOAWAY
  loop.Stop();
  runner.join();
  shutdown.join();
  EXPECT_TRUE(down.ok()) << down;
}

TEST_F(ServerTest, UsersLoopThatEndsUnderABlockingHandlerHoldsNothingUp) {
  EventLoop loop;
  DeafService deaf;
  std::thread later;
  {
    Server server(ServerOptions().add_loop(loop));
    server.Register(deaf);
    ASSERT_TRUE(server.Listen(kAny).ok());
    ASSERT_TRUE(server.Start().ok());
    std::thread runner([&loop] { loop.Run(); });
    const internal::OwnedFd fd = ConnectTo(server.port());
    SendCall(fd, "{}");
    deaf.WaitUntilRunning();
    loop.Stop();
    runner.join();
    later = std::thread([&deaf] { deaf.Release(); });
  }
  later.join();
}

TEST_F(ServerTest, MayBeDestroyedWhileTheUsersLoopEnds) {
  for (int i = 0; i < 20; ++i) {
    EventLoop loop;
    std::thread runner;
    {
      Server server(ServerOptions().add_loop(loop));
      server.Register(service);
      ASSERT_TRUE(server.Listen(kAny).ok());
      ASSERT_TRUE(server.Start().ok());
      runner = std::thread([&loop] { loop.Run(); });
      const internal::OwnedFd fd = ConnectTo(server.port());
      SendCall(fd, R"({"wait":true})");
      ASSERT_TRUE(TestServiceImpl::WaitFor(service.begun, i + 1));
      loop.Stop();
    }
    EXPECT_EQ(service.ended, i + 1);
    runner.join();
  }
}

TEST_F(ServerTest, DestroyedInsideAPassOfItsLoopItDies) {
  EventLoop loop;
  auto server = std::make_unique<Server>(ServerOptions().add_loop(loop));
  server->Register(service);
  ASSERT_TRUE(server->Start().ok());
  ASSERT_TRUE(loop.Post([&] { server.reset(); }));
  EXPECT_DEATH(loop.RunOnce(), "destroyed inside a pass of one of its loops");
  server.reset();  // between two passes
}

TEST_F(ServerTest, ShutdownBeforeRunIsNotLost) {
  Server server(ServerOptions().set_loops(1));
  server.Register(service);
  ASSERT_TRUE(server.Listen(kAny).ok());
  EXPECT_TRUE(server.Shutdown(Duration::zero()).ok());
  EXPECT_TRUE(server.Run().ok());
}

TEST_F(ServerTest, ShutdownBeforeStartRefusesIt) {
  Server server(ServerOptions().set_loops(1));
  server.Register(service);
  EXPECT_TRUE(server.Shutdown(Duration::zero()).ok());
  const absl::Status started = server.Start();
  EXPECT_EQ(started.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(started.message().find("shut down before"), absl::string_view::npos) << started;
}

}  // namespace
}  // namespace weft
