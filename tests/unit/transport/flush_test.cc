// When a connection writes what its codec has: the policies of FlushPolicy, alone and mixed.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "buffer/limits.h"
#include "io/memory_transport.h"
#include "tests/support/faulty_transport.h"
#include "tests/support/manual_clock.h"
#include "tests/support/write_log.h"
#include "transport/connection.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::weft::testing::FaultyTransport;
using ::weft::testing::ManualClock;
using ::weft::testing::WriteLogTransport;
using Writes = std::vector<std::string>;

// Sends what the test says.
class TalkingCodec final : public Codec {
 public:
  TalkingCodec(Host& host, LoopCore& loop) : host_(host), loop_(loop), pool_(loop.chunks()) {}

  absl::Status Recv(Slice bytes) override {
    received += bytes.view();
    return absl::OkStatus();
  }
  absl::Status RecvEof() override { return absl::OkStatus(); }
  absl::Status Pull(BufList& out, std::size_t budget) override {
    const std::size_t n = std::min(budget, to_send.size());
    out.Append(pool_, std::string_view(to_send).substr(0, n));
    to_send.erase(0, n);
    if (!less_urgent.empty() && !awaited_) {
      out.Append(pool_, std::exchange(less_urgent, ""));
    } else if (!less_urgent.empty()) {
      EXPECT_TRUE(host_.AwaitWriters());
      if (writer != nullptr) loop_.Schedule(*std::exchange(writer, nullptr));
    }
    return absl::OkStatus();
  }
  void WritersRan() override { awaited_ = false; }
  bool wants_write() const override {
    return !to_send.empty() || (!less_urgent.empty() && !awaited_);
  }
  bool finished() const override { return false; }
  void Abort(const absl::Status&) override { ++aborts; }
  void Drain() override {}
  std::size_t open_streams() const override { return 1; }

  // Something of the codec's own.
  void Say(std::string_view bytes) {
    to_send += bytes;
    host_.OutputReady();
  }
  void Complete(std::string_view bytes, FlushPolicy when) {
    to_send += bytes;
    host_.OutputComplete(when, bytes.size());
  }

  // With these its writer has room, and is to run before less urgent bytes are pulled.
  void SayLast(std::string_view bytes) {
    awaited_ = true;
    Say(bytes);
  }

  std::string received, to_send, less_urgent;
  Runnable* writer = nullptr;
  int aborts = 0;

 private:
  bool awaited_ = false;
  Host& host_;
  LoopCore& loop_;
  ChunkPool& pool_;
};

class OneMore final : public Runnable {
 public:
  explicit OneMore(TalkingCodec& codec) : codec_(codec) {}
  ~OneMore() = default;
  void Run() override { codec_.Say("b"); }

 private:
  TalkingCodec& codec_;
};

class FlushTest : public ::testing::Test, public Connection::Owner {
 public:
  FlushTest() { Make(FaultyTransport::Faults(), MemoryTransport::kUnlimited); }
  ~FlushTest() override { connection.reset(); }

  void Make(const FaultyTransport::Faults& faults, std::size_t capacity) {
    auto [theirs, ours] = MemoryTransport::MakePair(loop.core(), loop.core(), capacity);
    peer = std::move(theirs);
    auto faulty = std::make_unique<FaultyTransport>(loop.core(), std::move(ours), faults);
    connection = std::make_unique<Connection>(
        loop.core(), std::make_unique<WriteLogTransport>(std::move(faulty), writes),
        ConnectionTimeouts(), *this);
    auto made = std::make_unique<TalkingCodec>(*connection, loop.core());
    codec = made.get();
    connection->Start(std::move(made));
    Run();
  }
  // Until nothing happens any more, by a clock that stands still.
  void Run() {
    for (int i = 0; i < 50; ++i) loop.RunOnce();
  }
  void Advance(Duration step) {
    clock.Advance(step);
    Run();
  }
  // As a handler does: in a pass of the loop.
  template <typename Fn>
  void InPass(Fn fn) {
    loop.Post(fn);
    Run();
  }
  void PeerWrites(std::string_view bytes) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    ASSERT_EQ(peer->WritevSome({&part, 1}).bytes, bytes.size());
  }
  std::string PeerReads() {
    std::string all(1 << 20, '\0');
    const iovec into{all.data(), all.size()};
    const IoResult read = peer->ReadSome({&into, 1});
    all.resize(read.kind == IoResult::Kind::kBytes ? read.bytes : 0);
    return all;
  }

  ManualClock clock;
  EventLoop loop{EventLoop::Options().set_clock(clock)};
  Writes writes;
  std::unique_ptr<MemoryTransport> peer;
  std::unique_ptr<Connection> connection;
  TalkingCodec* codec = nullptr;
  int closes = 0;

 private:
  void OnConnectionClosed(Connection&, const absl::Status&) override {
    ++closes;
    connection.reset();
  }
};

TEST_F(FlushTest, EachPassWritesOnceForAllThatAPassHasSaid) {
  InPass([this] {
    codec->Complete("a", FlushPolicy::EachPass());
    codec->Say("b");
    codec->Complete("c", FlushPolicy::EachPass());
    EXPECT_EQ(writes, Writes());
  });
  EXPECT_EQ(writes, Writes{"abc"});
}

TEST_F(FlushTest, AtOnceWritesInsideTheCall) {
  InPass([this] {
    codec->Complete("a", FlushPolicy::AtOnce());
    EXPECT_EQ(writes, Writes{"a"});
    codec->Complete("b", FlushPolicy::AtOnce());
    EXPECT_EQ(writes, (Writes{"a", "b"}));
  });
  EXPECT_EQ(writes, (Writes{"a", "b"}));
}

// A writer whose peer takes all at once has to give the loop back in the end.
TEST_F(FlushTest, AfterMuchAtOnceSomethingWaitsForTheEndOfThePass) {
  const std::string block(kFlushQuantum, 'x');
  InPass([&] {
    std::size_t most = 0;
    while (writes.size() == most && most < 100) {
      codec->Complete(block, FlushPolicy::AtOnce());
      ++most;
    }
    EXPECT_GT(most, 10u);
    EXPECT_LT(most, 20u) << "1 MiB";
    codec->Complete("a", FlushPolicy::AtOnce());
    EXPECT_EQ(writes.back(), "a") << "what waited goes along";
  });
}

TEST_F(FlushTest, WritersThatAreAwaitedRunBeforeTheRestIsPulled) {
  OneMore writer(*codec);
  InPass([&] {
    codec->less_urgent = "z";
    codec->writer = &writer;
    codec->SayLast("a");
  });
  EXPECT_EQ(writes, (Writes{"a", "bz"}));
}

TEST_F(FlushTest, WritingAtOnceDoesNotEndTheWaitForWriters) {
  InPass([this] {
    codec->less_urgent = "z";
    codec->SayLast("a");
    codec->Complete("b", FlushPolicy::AtOnce());
    codec->Complete("c", FlushPolicy::AtOnce());
    EXPECT_EQ(writes, (Writes{"ab", "c"}));
  });
  EXPECT_EQ(writes, (Writes{"ab", "c", "z"}));
}

TEST_F(FlushTest, WaitForWritersEndsWhileTheTransportIsBlocked) {
  Make(FaultyTransport::Faults(), /*capacity=*/2);
  InPass([this] {
    codec->less_urgent = "z";
    codec->SayLast("abc");
  });
  EXPECT_EQ(writes, Writes{"ab"});
  EXPECT_TRUE(codec->wants_write());
  EXPECT_EQ(PeerReads(), "ab");
  Run();
  EXPECT_EQ(PeerReads(), "cz");
}

TEST_F(FlushTest, UpToWritesOnceWhenTheFirstHasWaitedLongEnough) {
  codec->Complete("a", FlushPolicy::UpTo(milliseconds(5)));
  Advance(milliseconds(3));
  codec->Complete("b", FlushPolicy::UpTo(milliseconds(5)));
  Advance(milliseconds(1));
  EXPECT_EQ(writes, Writes());
  Advance(milliseconds(1));
  EXPECT_EQ(writes, Writes{"ab"});
  codec->Complete("c", FlushPolicy::UpTo(milliseconds(5)));
  Advance(milliseconds(4));
  EXPECT_EQ(writes, Writes{"ab"});
  Advance(milliseconds(1));
  EXPECT_EQ(writes, (Writes{"ab", "c"}));
}

TEST_F(FlushTest, OneTimerServesAllThatWaits) {
  const std::size_t before = loop.core().timers().size();
  for (int i = 0; i < 100; ++i) codec->Complete("x", FlushPolicy::UpTo(milliseconds(5)));
  EXPECT_EQ(loop.core().timers().size(), before + 1);
  InPass([this] { codec->Complete("y", FlushPolicy::AtOnce()); });
  EXPECT_EQ(loop.core().timers().size(), before);
  EXPECT_EQ(writes, Writes{std::string(100, 'x') + "y"});
}

TEST_F(FlushTest, ADelayIsNeverExceededUnlessItIsShorterThanATick) {
  clock.Advance(microseconds(300));
  codec->Complete("a", FlushPolicy::UpTo(milliseconds(2)));
  Advance(microseconds(1600));  // 1.9 ms after the tick
  EXPECT_EQ(writes, Writes());
  Advance(microseconds(200));
  EXPECT_EQ(writes, Writes{"a"});
  codec->Complete("b", FlushPolicy::UpTo(microseconds(100)));
  Run();
  EXPECT_EQ(writes, Writes{"a"});
  Advance(microseconds(900));  // the next tick
  EXPECT_EQ(writes, (Writes{"a", "b"}));
}

TEST_F(FlushTest, TheMostImpatientWishTakesAllAlong) {
  codec->Complete("a", FlushPolicy::UpTo(milliseconds(50)));
  codec->Complete("b", FlushPolicy::UpTo(milliseconds(2)));
  codec->Complete("c", FlushPolicy::UpTo(milliseconds(20)));
  Advance(milliseconds(2));
  EXPECT_EQ(writes, Writes{"abc"});

  codec->Complete("d", FlushPolicy::UpTo(milliseconds(50)));
  codec->Complete("e", FlushPolicy::EachPass());
  codec->Complete("f", FlushPolicy::UpTo(milliseconds(50)));
  Run();
  EXPECT_EQ(writes, (Writes{"abc", "def"}));

  codec->Complete("g", FlushPolicy::UpTo(milliseconds(50)));
  codec->Say("h");
  Run();
  EXPECT_EQ(writes, (Writes{"abc", "def", "gh"}));

  InPass([this] {
    codec->Complete("i", FlushPolicy::UpTo(milliseconds(50)));
    codec->Say("j");
    codec->Complete("k", FlushPolicy::AtOnce());
    codec->Complete("l", FlushPolicy::UpTo(milliseconds(50)));
  });
  EXPECT_EQ(writes, (Writes{"abc", "def", "gh", "ijk"}));
  Advance(milliseconds(50));
  EXPECT_EQ(writes, (Writes{"abc", "def", "gh", "ijk", "l"}));
}

TEST_F(FlushTest, WhatComesInDoesNotFlushWhatWaits) {
  codec->Complete("a", FlushPolicy::UpTo(milliseconds(5)));
  PeerWrites("question");
  Run();
  EXPECT_EQ(codec->received, "question");
  EXPECT_EQ(writes, Writes());
  Advance(milliseconds(5));
  EXPECT_EQ(writes, Writes{"a"});
}

TEST_F(FlushTest, AFullQuantumDoesNotWait) {
  const std::string most(kFlushQuantum - 1, 'x');
  codec->Complete(most, FlushPolicy::UpTo(seconds(1)));
  Run();
  EXPECT_EQ(writes, Writes());
  codec->Complete("y", FlushPolicy::UpTo(seconds(1)));
  Run();
  std::string all;
  for (const std::string& write : writes) all += write;
  EXPECT_TRUE(all == most + "y") << all.size();
}

TEST_F(FlushTest, NothingWaitsLongerThanTheLongestDelay) {
  codec->Complete("a", FlushPolicy::UpTo(hours(1)));
  codec->Complete("b", FlushPolicy::UpTo(Duration::max()));
  Advance(kLongestFlushDelay - milliseconds(1));
  EXPECT_EQ(writes, Writes());
  Advance(milliseconds(1));
  EXPECT_EQ(writes, Writes{"ab"});
}

TEST_F(FlushTest, NothingWaitsOnADrainingConnection) {
  codec->Complete("a", FlushPolicy::UpTo(milliseconds(50)));
  connection->Drain();
  Run();
  EXPECT_EQ(writes, Writes{"a"});
  codec->Complete("b", FlushPolicy::UpTo(milliseconds(50)));
  Run();
  EXPECT_EQ(writes, (Writes{"a", "b"}));
}

TEST_F(FlushTest, CloseSendsWhatWaits) {
  codec->Complete("a", FlushPolicy::UpTo(milliseconds(50)));
  connection->Close(absl::UnavailableError("going"));
  Run();
  EXPECT_EQ(writes, Writes{"a"});
}

TEST_F(FlushTest, EndOfThePeerFlushesWhatWaits) {
  codec->Complete("a", FlushPolicy::UpTo(milliseconds(50)));
  peer->ShutdownWrites();
  Run();
  EXPECT_EQ(writes, Writes{"a"});
  codec->Complete("b", FlushPolicy::UpTo(milliseconds(50)));
  Run();
  EXPECT_EQ(writes, (Writes{"a", "b"}));
}

TEST_F(FlushTest, AFullPipeLosesNothingUnderAnyPolicy) {
  for (const FlushPolicy policy :
       {FlushPolicy::EachPass(), FlushPolicy::AtOnce(), FlushPolicy::UpTo(milliseconds(2))}) {
    connection.reset();
    Make(FaultyTransport::Faults(), /*capacity=*/10);
    std::string expected, got;
    for (int i = 0; i < 40; ++i) {
      const std::string part = std::to_string(i) + " ";
      expected += part;
      InPass([&] { codec->Complete(part, policy); });
      if (i % 3 == 0) got += PeerReads();
      Advance(milliseconds(1));
    }
    for (int i = 0; i < 40; ++i) {
      got += PeerReads();
      Advance(milliseconds(1));
    }
    EXPECT_EQ(got, expected);
  }
}

// Whoever writes is in the middle of it: the owner, who destroys the connection, hears of it later.
TEST_F(FlushTest, OwnerHearsOfAWriteThatFailedAtOnceAtTheEndOfThePass) {
  connection.reset();
  FaultyTransport::Faults faults;
  faults.reset_after = 3;
  Make(faults, MemoryTransport::kUnlimited);
  InPass([this] {
    codec->Complete("abc", FlushPolicy::AtOnce());
    EXPECT_EQ(codec->aborts, 0);
    codec->Complete("def", FlushPolicy::AtOnce());
    EXPECT_EQ(codec->aborts, 1);  // its streams know
    EXPECT_EQ(closes, 0);
    codec->Complete("ghi", FlushPolicy::AtOnce());
    codec->Complete("jkl", FlushPolicy::UpTo(milliseconds(1)));
    codec->Say("mno");
    connection->Drain();
    connection->Close(absl::CancelledError("late"));
    EXPECT_EQ(closes, 0);
  });
  EXPECT_EQ(closes, 1);
  EXPECT_EQ(writes, Writes{"abc"});
}

TEST_F(FlushTest, ConnectionThatEndsWhileOutputWaitsTakesItsTimerAlong) {
  const std::size_t before = loop.core().timers().size();
  codec->Complete("a", FlushPolicy::UpTo(milliseconds(5)));
  connection.reset();
  EXPECT_EQ(loop.core().timers().size(), before);
  Advance(milliseconds(10));
}

}  // namespace
}  // namespace weft::internal
