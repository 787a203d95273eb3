#include "io/connector.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "io/dns.h"
#include "io/listener.h"
#include "io/loop_core.h"
#include "io/signal_watch.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

template <typename Done>
bool RunUntil(EventLoop& loop, Done done) {
  const TimePoint limit = Clock::System().Now() + seconds(30);
  while (!done() && Clock::System().Now() < limit) loop.RunOnce(milliseconds(20));
  return done();
}

// A port that is bound and refuses connections.
class ClosedPort {
 public:
  explicit ClosedPort(const char* host) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const SocketAddress any = *SocketAddress::Numeric(host, 0);
    EXPECT_EQ(::bind(fd_.get(), any.raw(), any.size()), 0);
    address = SocketAddress::Local(fd_.get());
  }
  SocketAddress address;

 private:
  OwnedFd fd_;
};

// A listener whose queue is full: attempts to reach it hang.
class FullPort {
 public:
  FullPort() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const SocketAddress any = *SocketAddress::Numeric("127.0.0.1", 0);
    EXPECT_EQ(::bind(fd_.get(), any.raw(), any.size()), 0);
    EXPECT_EQ(::listen(fd_.get(), 0), 0);
    address = SocketAddress::Local(fd_.get());
    for (int i = 0; i < 3; ++i) {
      fillers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      (void)::connect(fillers_.back().get(), address.raw(), address.size());
    }
  }
  SocketAddress address;

 private:
  OwnedFd fd_;
  std::vector<OwnedFd> fillers_;
};

class ConnectorTest : public ::testing::Test {
 protected:
  void Connect(std::vector<SocketAddress> addresses, Duration timeout = seconds(20)) {
    connector_ = std::make_unique<Connector>(loop_.core());
    connector_->Start(std::move(addresses), loop_.Now() + timeout,
                      [this](absl::StatusOr<OwnedFd> fd, const SocketAddress& peer) {
                        ++called_;
                        status_ = fd.status();
                        peer_ = peer.ToString();
                        connector_.reset();
                      });
    EXPECT_EQ(called_, 0);
  }

  EventLoop loop_;
  std::unique_ptr<Connector> connector_;
  int called_ = 0;
  absl::Status status_;
  std::string peer_;
};

TEST_F(ConnectorTest, ReachesTcpAndUnix) {
  auto tcp = Listener::Listen("127.0.0.1:0");
  auto unix_listener =
      Listener::Listen("unix-abstract:weft-connector-" + std::to_string(::getpid()));
  ASSERT_TRUE(tcp.ok() && unix_listener.ok());
  for (const SocketAddress& address : {(*tcp)->address(), (*unix_listener)->address()}) {
    called_ = 0;
    Connect({address});
    ASSERT_TRUE(RunUntil(loop_, [&] { return called_ == 1; }));
    EXPECT_TRUE(status_.ok()) << status_;
    EXPECT_EQ(peer_, address.ToString());
  }
}

TEST_F(ConnectorTest, GoesOnWithTheNextAddressAtOnceWhenOneRefuses) {
  ClosedPort closed("127.0.0.1");
  auto open = Listener::Listen("127.0.0.1:0");
  ASSERT_TRUE(open.ok());
  Connect({closed.address, (*open)->address()});
  ASSERT_TRUE(RunUntil(loop_, [&] { return called_ == 1; }));
  EXPECT_EQ(peer_, (*open)->address().ToString());
}

TEST_F(ConnectorTest, OvertakesAnAddressThatHangs) {
  FullPort hanging;
  auto open = Listener::Listen("127.0.0.1:0");
  ASSERT_TRUE(open.ok());
  const TimePoint start = Clock::System().Now();
  Connect({hanging.address, (*open)->address()});
  ASSERT_TRUE(RunUntil(loop_, [&] { return called_ == 1; }));
  EXPECT_EQ(peer_, (*open)->address().ToString());
  EXPECT_GE(Clock::System().Now() - start, Connector::kAttemptDelay);
}

TEST_F(ConnectorTest, NamesEveryAddressThatFailed) {
  ClosedPort a("127.0.0.1");
  ClosedPort b("127.0.0.2");
  Connect({a.address, b.address});
  ASSERT_TRUE(RunUntil(loop_, [&] { return called_ == 1; }));
  EXPECT_EQ(status_.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status_.message(), "cannot connect to " + a.address.ToString() +
                                   ": connection refused (ECONNREFUSED); " + b.address.ToString() +
                                   ": connection refused (ECONNREFUSED)");
}

TEST_F(ConnectorTest, GivesUpAtTheDeadline) {
  FullPort hanging;
  Connect({hanging.address}, milliseconds(30));
  ASSERT_TRUE(RunUntil(loop_, [&] { return called_ == 1; }));
  EXPECT_EQ(status_.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status_.message().find("no answer within"), absl::string_view::npos) << status_;
}

TEST_F(ConnectorTest, NoAddressIsAnError) {
  Connect({});
  ASSERT_TRUE(RunUntil(loop_, [&] { return called_ == 1; }));
  EXPECT_EQ(status_.code(), absl::StatusCode::kUnavailable);
}

TEST_F(ConnectorTest, DestroyingItCancels) {
  auto open = Listener::Listen("127.0.0.1:0");
  ASSERT_TRUE(open.ok());
  Connect({(*open)->address()});
  connector_.reset();
  for (int i = 0; i < 5; ++i) loop_.RunOnce(milliseconds(2));
  Connect({(*open)->address()});
  loop_.RunOnce();
  connector_.reset();
  for (int i = 0; i < 5; ++i) loop_.RunOnce(milliseconds(2));
  EXPECT_EQ(called_, 0);
}

TEST(InterleaveFamiliesTest, TakesTurnsFromTheFirstFamily) {
  std::vector<SocketAddress> addresses;
  for (const char* host : {"::1", "::2", "::3", "1.1.1.1"}) {
    addresses.push_back(*SocketAddress::Numeric(host, 1));
  }
  std::string text;
  for (const SocketAddress& address : InterleaveFamilies(addresses))
    text += address.ToString() + " ";
  EXPECT_EQ(text, "ipv6:[::1]:1 ipv4:1.1.1.1:1 ipv6:[::2]:1 ipv6:[::3]:1 ");
}

TEST(DnsResolverTest, LocalhostIsFound) {
  EventLoop loop;
  DnsResolver resolver;
  absl::StatusOr<Target> target = Target::Parse("localhost:7");
  bool called = false;
  std::unique_ptr<DnsResolver::LookUp> look_up;
  look_up = resolver.Resolve(loop.core(), *target, [&](Addresses addresses) {
    EXPECT_TRUE(loop.OnThread());
    ASSERT_TRUE(addresses.ok()) << addresses.status();
    EXPECT_EQ(addresses->front().port(), 7);
    called = true;
    look_up.reset();
  });
  EXPECT_FALSE(called);
  EXPECT_TRUE(RunUntil(loop, [&] { return called; }));
}

TEST(DnsResolverTest, AddressesNeedNoLookUp) {
  EventLoop loop;
  DnsResolver resolver([](const std::string&, std::uint16_t) -> Addresses {
    ADD_FAILURE() << "asked the system";
    return std::vector<SocketAddress>();
  });
  absl::StatusOr<Target> target = Target::Parse("127.0.0.1:7");
  bool called = false;
  auto look_up =
      resolver.Resolve(loop.core(), *target, [&](Addresses addresses) { called = addresses.ok(); });
  EXPECT_FALSE(called);
  loop.RunOnce();
  EXPECT_TRUE(called);
}

TEST(DnsResolverTest, AnUnknownNameIsNamed) {
  const Addresses none = LookUpName("no such host!", 1);
  EXPECT_EQ(none.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(
      std::string(none.status().message()).starts_with("cannot resolve \"no such host!\": "));
}

// A look-up that hangs until it is let go; shared, for it outlives its resolver.
struct Hanging {
  std::mutex mutex;
  std::condition_variable changed;
  bool go = false;
  int asked = 0;
};

DnsResolver::LookUpFn HangingLookUp(std::shared_ptr<Hanging> state) {
  return [state](const std::string&, std::uint16_t port) -> Addresses {
    std::unique_lock lock(state->mutex);
    ++state->asked;
    state->changed.notify_all();
    state->changed.wait(lock, [&] { return state->go; });
    return std::vector<SocketAddress>{*SocketAddress::Numeric("127.0.0.1", port)};
  };
}

void AwaitAsked(Hanging& state) {
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock, [&] { return state.asked > 0; });
}

void LetGo(Hanging& state) {
  std::lock_guard lock(state.mutex);
  state.go = true;
  state.changed.notify_all();
}

TEST(DnsResolverTest, ALookUpThatHangsHoldsUpNeitherLoopNorDestructors) {
  auto state = std::make_shared<Hanging>();
  auto loop = std::make_unique<EventLoop>();
  auto resolver = std::make_unique<DnsResolver>(HangingLookUp(state));
  absl::StatusOr<Target> target = Target::Parse("name:7");
  auto first = resolver->Resolve(loop->core(), *target, [](Addresses) { FAIL(); });
  auto second = resolver->Resolve(loop->core(), *target, [](Addresses) { FAIL(); });
  AwaitAsked(*state);
  loop->RunOnce();
  first.reset();
  resolver.reset();
  loop.reset();
  LetGo(*state);
}

TEST(DnsResolverTest, ResultsComeInOrderAndCancelledOnesDoNot) {
  auto state = std::make_shared<Hanging>();
  EventLoop loop;
  DnsResolver resolver(HangingLookUp(state));
  std::vector<int> ports;
  std::vector<std::unique_ptr<DnsResolver::LookUp>> look_ups;
  for (int port = 1; port <= 4; ++port) {
    absl::StatusOr<Target> target = Target::Parse("name:" + std::to_string(port));
    look_ups.push_back(resolver.Resolve(loop.core(), *target, [&ports](Addresses addresses) {
      ports.push_back(addresses->front().port());
    }));
  }
  look_ups[1].reset();
  LetGo(*state);
  EXPECT_TRUE(RunUntil(loop, [&] { return ports.size() == 3; }));
  EXPECT_EQ(ports, (std::vector<int>{1, 3, 4}));
}

TEST(SignalWatchTest, TellsTheLoopAndRestoresWhatWas) {
  static bool handled_before = false;
  struct sigaction mine{};
  mine.sa_handler = [](int) { handled_before = true; };
  struct sigaction original{};
  ASSERT_EQ(::sigaction(SIGUSR1, &mine, &original), 0);
  {
    EventLoop loop;
    SignalWatch watch({SIGUSR1, SIGUSR2});
    std::vector<int> told;
    watch.Start(loop.core(), [&](int signal) { told.push_back(signal); });
    ::raise(SIGUSR1);
    ::raise(SIGUSR2);
    EXPECT_TRUE(RunUntil(loop, [&] { return told.size() == 2; }));
    EXPECT_EQ(told, (std::vector<int>{SIGUSR1, SIGUSR2}));
    EXPECT_FALSE(handled_before);
  }
  ::raise(SIGUSR1);
  EXPECT_TRUE(handled_before);
  ::sigaction(SIGUSR1, &original, nullptr);
}

TEST(SignalWatchTest, AThreadMaySleepUntilASignalOrAWake) {
  SignalWatch watch({SIGUSR1});
  SignalWatch other({SIGUSR1});
  ::raise(SIGUSR1);
  EXPECT_EQ(watch.Wait(), SIGUSR1);
  EXPECT_EQ(other.Wait(), SIGUSR1);
  std::thread waker([&] { watch.Wake(); });
  EXPECT_EQ(watch.Wait(), 0);
  waker.join();
}

}  // namespace
}  // namespace weft::internal
