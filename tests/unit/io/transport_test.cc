#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/check.h"
#include "io/address.h"
#include "io/loop_core.h"
#include "io/memory_transport.h"
#include "io/socket_transport.h"
#include "tests/support/faulty_transport.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::weft::testing::FaultyTransport;

struct Pair {
  std::unique_ptr<Transport> first;
  std::unique_ptr<Transport> second;
};

Pair MemoryPair(LoopCore& first, LoopCore& second) {
  MemoryTransport::Pair pair = MemoryTransport::MakePair(first, second);
  return {std::move(pair.first), std::move(pair.second)};
}

Pair UnixPair(LoopCore& first, LoopCore& second) {
  int fds[2];
  Check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0,
        "socketpair");
  return {std::make_unique<SocketTransport>(first, OwnedFd(fds[0]), "unix:a"),
          std::make_unique<SocketTransport>(second, OwnedFd(fds[1]), "unix:b")};
}

Pair TcpPair(LoopCore& first, LoopCore& second) {
  OwnedFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress any = *SocketAddress::Numeric("127.0.0.1", 0);
  Check(::bind(listening.get(), any.raw(), any.size()) == 0, "bind");
  Check(::listen(listening.get(), 1) == 0, "listen");
  const SocketAddress address = SocketAddress::Local(listening.get());
  OwnedFd client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  (void)::connect(client.get(), address.raw(), address.size());
  OwnedFd server(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  Check(server.valid(), "accept");
  for (int fd : {client.get(), server.get()}) TuneConnectedSocket(fd, AF_INET);
  const std::string peer = address.ToString();
  return {std::make_unique<SocketTransport>(first, std::move(client), peer),
          std::make_unique<SocketTransport>(second, std::move(server), peer)};
}

// A user of one end, who does what the test tells when events come.
class User final : public Transport::Events {
 public:
  explicit User(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}
  ~User() = default;

  void Start() { transport_->Start(*this); }
  Transport& transport() { return *transport_; }
  void Destroy() { transport_.reset(); }

  void OnReadable() override {
    ++readable;
    if (on_readable) return on_readable();
    ReadAvailable();
  }
  void OnWritable() override {
    ++writable;
    if (on_writable) return on_writable();
    WritePending();
  }

  void ReadAvailable() {
    char a[5000];
    char b[3000];
    const iovec into[] = {{a, sizeof(a)}, {b, sizeof(b)}};
    const IoResult result = transport_->ReadSome(into);
    if (result.kind == IoResult::Kind::kBytes) {
      received.append(a, std::min(result.bytes, sizeof(a)));
      if (result.bytes > sizeof(a)) received.append(b, result.bytes - sizeof(a));
    } else if (result.kind != IoResult::Kind::kWouldBlock) {
      end = result;
      ended = true;
      transport_->WatchReads(false);
    }
  }

  void Send(std::string bytes) {
    pending += bytes;
    WritePending();
  }
  void WritePending() {
    while (!pending.empty()) {
      const std::size_t half = pending.size() / 2;
      const iovec from[] = {{pending.data(), half}, {pending.data() + half, pending.size() - half}};
      const IoResult result = transport_->WritevSome(from);
      if (result.kind == IoResult::Kind::kWouldBlock) {
        ++blocked;
        return transport_->WatchWrites(true);
      }
      if (result.kind != IoResult::Kind::kBytes) {
        end = result;
        ended = true;
        pending.clear();
        break;
      }
      pending.erase(0, result.bytes);
    }
    transport_->WatchWrites(false);
  }

  std::function<void()> on_readable;
  std::function<void()> on_writable;
  std::string received;
  std::string pending;
  int readable = 0;
  int writable = 0;
  int blocked = 0;
  bool ended = false;
  IoResult end = IoResult::WouldBlock();

 private:
  std::unique_ptr<Transport> transport_;
};

template <typename Done>
bool RunUntil(EventLoop& loop, Done done) {
  const TimePoint limit = Clock::System().Now() + seconds(30);
  while (!done() && Clock::System().Now() < limit) loop.RunOnce(milliseconds(20));
  return done();
}

// Lets everything that is under way arrive: a marker through the loop's own sockets would be no
// proof, so a few passes that find nothing.
void Settle(EventLoop& loop) {
  for (int i = 0; i < 5; ++i) loop.RunOnce(milliseconds(2));
}

std::string Pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return bytes;
}

struct Kind {
  const char* name;
  Pair (*make)(LoopCore&, LoopCore&);
};

class TransportTest : public ::testing::TestWithParam<Kind> {
 protected:
  TransportTest() {
    Pair pair = GetParam().make(loop_.core(), loop_.core());
    a_ = std::make_unique<User>(std::move(pair.first));
    b_ = std::make_unique<User>(std::move(pair.second));
  }
  void Start() {
    a_->Start();
    b_->Start();
  }

  EventLoop loop_;
  std::unique_ptr<User> a_;
  std::unique_ptr<User> b_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, TransportTest,
                         ::testing::Values(Kind{"Memory", MemoryPair}, Kind{"Unix", UnixPair},
                                           Kind{"Tcp", TcpPair}),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST_P(TransportTest, BytesArriveBothWays) {
  Start();
  a_->Send("ping");
  b_->Send("pong!");
  EXPECT_TRUE(RunUntil(loop_, [&] { return a_->received == "pong!" && b_->received == "ping"; }));
}

TEST_P(TransportTest, NothingToReadWouldBlock) {
  Start();
  a_->ReadAvailable();
  EXPECT_FALSE(a_->ended);
  EXPECT_EQ(a_->received, "");
}

TEST_P(TransportTest, MegabytesPassThroughFullPipes) {
  Start();
  const std::string bytes = Pattern(8 << 20);
  a_->Send(bytes);
  EXPECT_FALSE(a_->pending.empty()) << "the pipe is not bounded";
  b_->Send(bytes);
  EXPECT_TRUE(RunUntil(
      loop_, [&] { return a_->received.size() + b_->received.size() == 2 * bytes.size(); }));
  EXPECT_EQ(a_->received, bytes);
  EXPECT_EQ(b_->received, bytes);
  EXPECT_GT(a_->writable, 0);
}

TEST_P(TransportTest, EventsAreNeverToldFromInsideACall) {
  Start();
  a_->Send("x");
  b_->transport().WatchReads(false);
  b_->transport().WatchReads(true);
  a_->transport().WatchWrites(true);
  EXPECT_EQ(b_->readable + a_->writable, 0);
  EXPECT_TRUE(RunUntil(loop_, [&] { return b_->received == "x" && a_->writable > 0; }));
}

TEST_P(TransportTest, ReadinessIsToldAgainWhileItLasts) {
  b_->on_readable = [] {};
  Start();
  a_->Send("x");
  EXPECT_TRUE(RunUntil(loop_, [&] { return b_->readable >= 3; }));
  b_->transport().WatchReads(false);
  const int before = b_->readable;
  Settle(loop_);
  EXPECT_EQ(b_->readable, before);
  b_->on_readable = nullptr;
  b_->transport().WatchReads(true);
  EXPECT_TRUE(RunUntil(loop_, [&] { return b_->received == "x"; }));
}

TEST_P(TransportTest, WritabilityIsToldOnlyOnRequest) {
  Start();
  a_->Send("x");
  Settle(loop_);
  EXPECT_EQ(a_->writable, 0);
}

TEST_P(TransportTest, AHalfCloseReadsAsEofAndLeavesTheOtherWay) {
  Start();
  a_->Send("last words");
  a_->transport().ShutdownWrites();
  EXPECT_TRUE(RunUntil(loop_, [&] { return b_->ended; }));
  EXPECT_EQ(b_->received, "last words");
  EXPECT_EQ(b_->end.kind, IoResult::Kind::kEof);
  b_->Send("goodbye");
  EXPECT_TRUE(RunUntil(loop_, [&] { return a_->received == "goodbye"; }));
}

TEST_P(TransportTest, AClosedPeerReadsAsEofAfterItsBytes) {
  Start();
  a_->Send("last words");
  a_->transport().Close();
  EXPECT_TRUE(RunUntil(loop_, [&] { return b_->ended; }));
  EXPECT_EQ(b_->received, "last words");
  EXPECT_EQ(b_->end.kind, IoResult::Kind::kEof);
}

TEST_P(TransportTest, WritingToAClosedPeerFailsWithoutASignal) {
  Start();
  a_->transport().Close();
  ASSERT_TRUE(RunUntil(loop_, [&] { return b_->ended; }));
  b_->ended = false;
  // TCP learns of it from the answer to the first write.
  EXPECT_TRUE(RunUntil(loop_, [&] {
    b_->Send("x");
    return b_->ended;
  }));
  EXPECT_EQ(b_->end.kind, IoResult::Kind::kError);
  EXPECT_TRUE(b_->end.error == EPIPE || b_->end.error == ECONNRESET) << b_->end.error;
}

TEST_P(TransportTest, AFullPipeBecomesWritableWhenThePeerGoes) {
  b_->on_readable = [] {};
  Start();
  b_->transport().WatchReads(false);
  a_->Send(Pattern(8 << 20));
  ASSERT_GT(a_->blocked, 0);
  b_->Destroy();
  EXPECT_TRUE(RunUntil(loop_, [&] { return a_->ended; }));
}

TEST_P(TransportTest, NoEventsComeAfterClose) {
  Start();
  a_->Send("x");
  b_->transport().WatchWrites(true);
  b_->transport().Close();
  Settle(loop_);
  EXPECT_EQ(b_->readable + b_->writable, 0);
  char byte;
  const iovec into[] = {{&byte, 1}};
  EXPECT_EQ(b_->transport().ReadSome(into).kind, IoResult::Kind::kError);
  EXPECT_EQ(b_->transport().WritevSome(into).kind, IoResult::Kind::kError);
}

TEST_P(TransportTest, AnEventMayDestroyTheTransport) {
  bool destroyed = false;
  b_->on_readable = [&] {
    b_->Destroy();
    destroyed = true;
  };
  Start();
  b_->transport().WatchWrites(false);
  a_->Send("x");
  EXPECT_TRUE(RunUntil(loop_, [&] { return destroyed; }));
  Settle(loop_);
  EXPECT_EQ(b_->readable, 1);
}

TEST_P(TransportTest, AReadableEventMayDestroyBeforeTheWritableOne) {
  b_->on_readable = [&] { b_->Destroy(); };
  b_->on_writable = [&] { b_->Destroy(); };
  Start();
  a_->Send("x");
  Settle(loop_);
  b_.reset();
  SUCCEED();
}

TEST_P(TransportTest, ATransportMayOutliveItsLoop) {
  auto loop = std::make_unique<EventLoop>();
  Pair pair = GetParam().make(loop->core(), loop->core());
  User user(std::move(pair.first));
  user.Start();
  loop.reset();
  user.transport().WatchWrites(true);
  user.transport().Close();
}

TEST_P(TransportTest, TwoLoopsOnTwoThreads) {
  EventLoop far;
  Pair pair = GetParam().make(loop_.core(), far.core());
  User near_user(std::move(pair.first));
  const std::string bytes = Pattern(3 << 20);
  std::thread thread([&] {
    User far_user(std::move(pair.second));
    far_user.Start();
    far_user.on_readable = [&] {
      far_user.ReadAvailable();
      if (!far_user.received.empty()) far_user.Send(std::exchange(far_user.received, ""));
    };
    RunUntil(far, [&] { return far_user.ended; });
  });
  near_user.Start();
  near_user.Send(bytes);
  EXPECT_TRUE(RunUntil(loop_, [&] { return near_user.received.size() == bytes.size(); }));
  EXPECT_EQ(near_user.received, bytes);
  near_user.transport().Close();
  thread.join();
}

TEST_P(TransportTest, ShortReadsAndWritesLoseNothing) {
  for (std::size_t size : {std::size_t{1}, std::size_t{9}, std::size_t{4096}}) {
    Pair pair = GetParam().make(loop_.core(), loop_.core());
    FaultyTransport::Faults faults;
    faults.max_read = size;
    faults.max_write = size;
    User a(std::make_unique<FaultyTransport>(loop_.core(), std::move(pair.first), faults));
    User b(std::make_unique<FaultyTransport>(loop_.core(), std::move(pair.second), faults));
    a.Start();
    b.Start();
    const std::string bytes = Pattern(size * 300 + 1);
    a.Send(bytes);
    EXPECT_TRUE(RunUntil(loop_, [&] { return b.received.size() == bytes.size(); }));
    EXPECT_EQ(b.received, bytes);
  }
}

TEST_P(TransportTest, AZeroWriteIsRepeatedWhenWritable) {
  Pair pair = GetParam().make(loop_.core(), loop_.core());
  FaultyTransport::Faults faults;
  faults.zero_write_at = 3;
  User a(std::make_unique<FaultyTransport>(loop_.core(), std::move(pair.first), faults));
  User b(std::move(pair.second));
  a.Start();
  b.Start();
  a.Send("abcdef");
  EXPECT_EQ(a.pending, "def");
  EXPECT_TRUE(RunUntil(loop_, [&] { return b.received == "abcdef"; }));
}

TEST_P(TransportTest, AResetComesAtItsByte) {
  Pair pair = GetParam().make(loop_.core(), loop_.core());
  FaultyTransport::Faults faults;
  faults.reset_after = 4;
  User a(std::make_unique<FaultyTransport>(loop_.core(), std::move(pair.first), faults));
  User b(std::move(pair.second));
  a.Start();
  b.Start();
  b.Send("123456");
  EXPECT_TRUE(RunUntil(loop_, [&] { return a.ended; }));
  EXPECT_EQ(a.received, "1234");
  EXPECT_EQ(a.end.error, ECONNRESET);
}

TEST_P(TransportTest, AnEarlyEofComesAtItsByte) {
  Pair pair = GetParam().make(loop_.core(), loop_.core());
  FaultyTransport::Faults faults;
  faults.eof_after = 2;
  User a(std::make_unique<FaultyTransport>(loop_.core(), std::move(pair.first), faults));
  User b(std::move(pair.second));
  a.Start();
  b.Start();
  b.Send("12");
  EXPECT_TRUE(RunUntil(loop_, [&] { return a.ended; }));
  EXPECT_EQ(a.received, "12");
  EXPECT_EQ(a.end.kind, IoResult::Kind::kEof);
}

TEST(MemoryTransportTest, AWriteBudgetHoldsBytesBackUntilItIsRaised) {
  EventLoop loop;
  MemoryTransport::Pair pair = MemoryTransport::MakePair(loop.core(), loop.core());
  MemoryTransport& first = *pair.first;
  first.SetWriteBudget(4);
  User a(std::move(pair.first));
  User b(std::move(pair.second));
  a.Start();
  b.Start();
  a.Send("123456789");
  Settle(loop);
  EXPECT_EQ(b.received, "1234");
  first.SetWriteBudget(2);
  Settle(loop);
  EXPECT_EQ(b.received, "123456");
  first.SetWriteBudget(MemoryTransport::kUnlimited);
  EXPECT_TRUE(RunUntil(loop, [&] { return b.received == "123456789"; }));
}

TEST(MemoryTransportTest, AnAbortIsAResetForTheOtherEnd) {
  EventLoop loop;
  MemoryTransport::Pair pair = MemoryTransport::MakePair(loop.core(), loop.core());
  User b(std::move(pair.second));
  b.Start();
  pair.first->Abort();
  EXPECT_TRUE(RunUntil(loop, [&] { return b.ended; }));
  EXPECT_EQ(b.end.error, ECONNRESET);
}

TEST(SocketTransportTest, ATunedTcpSocketSendsAtOnceAndKeepsItsQueueShort) {
  EventLoop loop;
  Pair pair = TcpPair(loop.core(), loop.core());
  const int fd = static_cast<SocketTransport&>(*pair.first).fd();
  int on = 0;
  socklen_t size = sizeof(on);
  ASSERT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
  EXPECT_NE(on, 0);
  ASSERT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &on, &size), 0);
  EXPECT_GT(on, 0);
}

}  // namespace
}  // namespace weft::internal
