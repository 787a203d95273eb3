#include "transport/connection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "buffer/limits.h"
#include "io/memory_transport.h"
#include "tests/support/faulty_transport.h"
#include "tests/support/manual_clock.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::weft::testing::FaultyTransport;
using ::weft::testing::ManualClock;

// A codec that keeps what comes and says what the test tells it to.
class ScriptedCodec final : public Codec {
 public:
  ScriptedCodec(Host& host, ChunkPool& pool) : host_(host), pool_(pool) {}

  absl::Status Recv(Slice bytes) override {
    received += bytes.view();
    return recv_status;
  }
  absl::Status RecvEof() override {
    ++eofs;
    done = true;
    return eof_status;
  }
  absl::Status Pull(BufList& out, std::size_t budget) override {
    ++pulls;
    const std::size_t n = std::min(budget, to_send.size());
    out.Append(pool_, std::string_view(to_send).substr(0, n));
    to_send.erase(0, n);
    return absl::OkStatus();
  }
  bool wants_write() const override { return !to_send.empty(); }
  bool wants_read() const override { return reads; }
  bool finished() const override { return done && to_send.empty(); }
  bool wants_shutdown() const override { return half_close; }
  bool must_reset() const override { return cut_short; }
  std::uint64_t requests() const override { return heads; }
  void Abort(const absl::Status& why) override {
    ++aborts;
    cut_short = cut_short || cut_short_by_abort;
    abort_status = why;
  }
  void Drain() override {
    ++drains;
    to_send += last_words;
    last_words.clear();
    if (done_when_drained) done = true;
  }
  std::size_t open_streams() const override { return streams; }
  Waiting waiting() const override { return waits; }
  void TimeOut() override {
    ++timeouts;
    to_send += "late!";
    done = true;
  }

  void Say(std::string_view bytes) {
    to_send += bytes;
    host_.OutputReady();
  }

  std::string received, to_send, last_words;
  absl::Status recv_status, eof_status, abort_status;
  bool reads = true, done = false, half_close = false, done_when_drained = false;
  bool cut_short = false, cut_short_by_abort = false;
  std::uint64_t heads = 0;
  std::size_t streams = 1;
  Waiting waits = Waiting::kNothing;
  int pulls = 0, aborts = 0, drains = 0, eofs = 0, timeouts = 0;

 private:
  Host& host_;
  ChunkPool& pool_;
};

// The peer: reads and writes by hand.
class Peer final : private Transport::Events {
 public:
  explicit Peer(std::unique_ptr<MemoryTransport> transport) : transport_(std::move(transport)) {}
  ~Peer() = default;
  void Start() { transport_->Start(*this); }
  void Write(std::string_view bytes) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    ASSERT_EQ(transport_->WritevSome({&part, 1}).bytes, bytes.size());
  }
  MemoryTransport& transport() { return *transport_; }

  std::string received;
  bool eof = false;
  bool reset = false;

 private:
  void OnReadable() override {
    char buffer[4096];
    const iovec into{buffer, sizeof buffer};
    const IoResult read = transport_->ReadSome({&into, 1});
    if (read.kind == IoResult::Kind::kBytes) {
      received.append(buffer, read.bytes);
    } else if (read.kind != IoResult::Kind::kWouldBlock) {
      (read.kind == IoResult::Kind::kEof ? eof : reset) = true;
      transport_->WatchReads(false);
    }
  }
  void OnWritable() override {}

  std::unique_ptr<MemoryTransport> transport_;
};

class ConnectionTest : public ::testing::Test, public Connection::Owner {
 public:
  ~ConnectionTest() override { connection.reset(); }

  // A connection through a transport with these faults; the peer has the pair's other end.
  void Make(const FaultyTransport::Faults& faults = FaultyTransport::Faults(),
            std::size_t capacity = MemoryTransport::kDefaultCapacity) {
    auto [theirs, ours] = MemoryTransport::MakePair(loop.core(), loop.core(), capacity);
    peer.emplace(std::move(theirs));
    peer->Start();
    connection = std::make_unique<Connection>(
        loop.core(), std::make_unique<FaultyTransport>(loop.core(), std::move(ours), faults),
        timeouts, *this);
  }
  void Start() {
    auto made = std::make_unique<ScriptedCodec>(*connection, loop.core().chunks());
    codec = made.get();
    connection->Start(std::move(made));
  }
  void StartSniffing() {
    connection->StartSniffing([this](HttpVersion found, Codec::Host& host) {
      version = found;
      auto made = std::make_unique<ScriptedCodec>(host, loop.core().chunks());
      codec = made.get();
      return made;
    });
  }
  // Until nothing happens any more.
  void Run() {
    for (int i = 0; i < 200; ++i) loop.RunOnce();
  }
  void Advance(Duration step) {
    clock.Advance(step);
    Run();
  }

  ManualClock clock;
  EventLoop loop{EventLoop::Options().set_clock(clock)};
  ConnectionTimeouts timeouts;
  std::optional<Peer> peer;
  std::unique_ptr<Connection> connection;
  ScriptedCodec* codec = nullptr;
  std::optional<HttpVersion> version;
  int closes = 0;
  absl::Status closed_why;
  std::string last_received;

 private:
  void OnConnectionClosed(Connection&, const absl::Status& why) override {
    ++closes;
    closed_why = why;
    if (codec != nullptr) last_received = codec->received;
    connection.reset();
    codec = nullptr;
  }
};

TEST_F(ConnectionTest, BytesGoBothWays) {
  Make();
  Start();
  peer->Write("hello");
  Run();
  EXPECT_EQ(codec->received, "hello");
  codec->Say("welcome");
  Run();
  EXPECT_EQ(peer->received, "welcome");
}

TEST_F(ConnectionTest, PartialWritesLoseNothing) {
  for (const std::size_t size : {1u, 7u, 100u}) {
    FaultyTransport::Faults faults;
    faults.max_write = faults.max_read = size;
    faults.zero_write_at = 100;
    Make(faults, /*capacity=*/64);
    Start();
    std::string text;
    for (int i = 0; i < 300; ++i) text += std::to_string(i);
    codec->Say(text);
    for (int i = 0; i < 100 && peer->received.size() < text.size(); ++i) Run();
    EXPECT_EQ(peer->received, text) << size;
    connection.reset();
  }
}

TEST_F(ConnectionTest, OutputIsNotPulledAboveTheMark) {
  Make(FaultyTransport::Faults(), /*capacity=*/1000);
  Start();
  peer->transport().WatchReads(false);
  codec->Say(std::string(1 << 20, 'x'));
  Run();
  // One quantum at most stands between the codec and the pipe: no urgent frame waits for more.
  EXPECT_LE((std::size_t{1} << 20) - codec->to_send.size(), 1000 + kFlushQuantum);
  EXPECT_GE(codec->to_send.size(), 800'000u);
  peer->transport().WatchReads(true);
  for (int i = 0; i < 100 && peer->received.size() < 1 << 20; ++i) Run();
  EXPECT_EQ(peer->received.size(), std::size_t{1} << 20);
}

TEST_F(ConnectionTest, IdleConnectionHoldsNoChunk) {
  const std::size_t before = loop.core().chunks().stats().bytes_in_use;
  Make();
  Start();
  EXPECT_EQ(loop.core().chunks().stats().bytes_in_use, before);
  peer->Write("hello");
  codec->Say("welcome");
  Run();
  EXPECT_EQ(peer->received, "welcome");
  EXPECT_EQ(loop.core().chunks().stats().bytes_in_use, before);
}

TEST_F(ConnectionTest, PausedReadsWaitForTheCodec) {
  Make();
  Start();
  codec->reads = false;
  peer->Write("a");
  Run();
  EXPECT_EQ(codec->received, "a");
  peer->Write("b");
  Run();
  EXPECT_EQ(codec->received, "a");
  codec->reads = true;
  connection->OutputReady();
  Run();
  EXPECT_EQ(codec->received, "ab");
}

TEST_F(ConnectionTest, SniffingTellsTheProtocolAtEverySplit) {
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  for (std::size_t split = 0; split <= preface.size(); ++split) {
    Make();
    StartSniffing();
    if (split > 0) peer->Write(preface.substr(0, split));
    Run();
    EXPECT_EQ(version.has_value(), split == preface.size()) << split;
    peer->Write(preface.substr(split) + "rest");
    Run();
    ASSERT_EQ(version, HttpVersion::kHttp2) << split;
    EXPECT_EQ(codec->received, preface + "rest") << split;
    connection.reset();
    version.reset();
    codec = nullptr;
  }
  for (std::size_t split = 0; split < preface.size(); ++split) {
    Make();
    StartSniffing();
    if (split > 0) peer->Write(preface.substr(0, split));
    Run();
    peer->Write("GET");
    Run();
    ASSERT_EQ(version, HttpVersion::kHttp11) << split;
    EXPECT_EQ(codec->received, preface.substr(0, split) + "GET") << split;
    connection.reset();
    version.reset();
    codec = nullptr;
  }
}

TEST_F(ConnectionTest, SniffedBytesDoNotPinTheChunksThatTheyCameIn) {
  const std::size_t before = loop.core().chunks().stats().bytes_in_use;
  Make();
  StartSniffing();
  for (const char c : std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n")) {
    peer->Write({&c, 1});
    Run();
  }
  EXPECT_FALSE(version.has_value());
  EXPECT_LE(loop.core().chunks().stats().bytes_in_use, before + kSmallestChunk);
}

TEST_F(ConnectionTest, ClientThatSaysNothingIsCutOff) {
  timeouts.handshake = seconds(10);
  Make();
  StartSniffing();
  peer->Write("PRI");
  Advance(milliseconds(9990));
  EXPECT_EQ(closes, 0);
  Advance(milliseconds(20));
  EXPECT_EQ(closes, 1);
  EXPECT_EQ(closed_why.ToString(),
            "DEADLINE_EXCEEDED: memory:1 connected, but did not say which protocol it speaks in "
            "time");
  EXPECT_TRUE(peer->eof);
}

TEST_F(ConnectionTest, ClientThatLeavesUnheardIsForgotten) {
  timeouts.handshake = seconds(10);
  Make();
  StartSniffing();
  peer->transport().Close();
  Run();
  EXPECT_EQ(closes, 1);
  EXPECT_TRUE(closed_why.ok()) << closed_why;
}

TEST_F(ConnectionTest, HeadMustComeInTimeHoweverSlowly) {
  timeouts.head = seconds(10);
  Make();
  Start();
  codec->waits = Codec::Waiting::kHead;
  for (int i = 0; i < 9; ++i) {
    peer->Write("x");
    Advance(seconds(1));
    EXPECT_EQ(codec->timeouts, 0);
  }
  Advance(seconds(2));
  // It said what it had to say, and then waits for the peer's end.
  EXPECT_EQ(peer->received, "late!");
  EXPECT_TRUE(peer->eof);
  EXPECT_EQ(closes, 0);
  peer->transport().Close();
  Run();
  EXPECT_EQ(closes, 1);
}

TEST_F(ConnectionTest, EachHeadHasItsOwnTime) {
  timeouts.head = seconds(20);
  Make();
  Start();
  codec->waits = Codec::Waiting::kHead;
  for (int i = 0; i < 10; ++i) {
    ++codec->heads;  // the rest of one head and a part of the next
    peer->Write("x");
    Advance(seconds(9));
    ASSERT_EQ(codec->timeouts, 0) << i;
  }
  peer->Write("x");
  Advance(seconds(21));
  EXPECT_EQ(codec->timeouts, 1);
}

TEST_F(ConnectionTest, BodyMayTakeLongWhileBytesCome) {
  timeouts.body = seconds(10);
  Make();
  Start();
  codec->waits = Codec::Waiting::kBody;
  for (int i = 0; i < 10; ++i) {
    peer->Write("x");
    Advance(seconds(9));
    ASSERT_EQ(codec->timeouts, 0) << i;
  }
  Advance(seconds(11));
  EXPECT_EQ(peer->received, "late!");
}

TEST_F(ConnectionTest, IdleConnectionIsClosedAndABusyOneIsNot) {
  timeouts.idle = seconds(10);
  Make();
  Start();
  Advance(seconds(100));
  EXPECT_EQ(codec->timeouts, 0);
  codec->waits = Codec::Waiting::kIdle;
  connection->OutputReady();
  Run();
  Advance(milliseconds(9900));
  codec->waits = Codec::Waiting::kNothing;
  peer->Write("call");
  Run();
  Advance(seconds(100));
  EXPECT_EQ(codec->timeouts, 0);
  codec->waits = Codec::Waiting::kIdle;
  codec->streams = 0;
  connection->OutputReady();
  Run();
  Advance(seconds(11));
  EXPECT_EQ(peer->received, "late!");
}

TEST_F(ConnectionTest, PeerThatNeverEndsIsCutOffAfterGoodbye) {
  Make();
  Start();
  connection->Close(absl::UnavailableError("going"));
  Run();
  EXPECT_TRUE(peer->eof);
  EXPECT_EQ(closes, 0);
  peer->Write("still talking");
  Advance(milliseconds(500));
  EXPECT_EQ(closes, 0);
  Advance(milliseconds(600));
  EXPECT_EQ(closes, 1);
  EXPECT_EQ(last_received, "");
}

TEST_F(ConnectionTest, CloseTellsStreamsWhyAndSendsLastWords) {
  Make();
  Start();
  codec->to_send = "unsent ";
  codec->last_words = "bye";
  connection->Close(absl::UnavailableError("going"));
  EXPECT_EQ(codec->aborts, 1);
  EXPECT_EQ(codec->abort_status, absl::UnavailableError("going"));
  connection->Close(absl::UnavailableError("again"));
  Run();
  EXPECT_EQ(peer->received, "unsent bye");
  peer->transport().Close();
  Run();
  EXPECT_EQ(closes, 1);
  EXPECT_EQ(closed_why, absl::UnavailableError("going"));
}

TEST_F(ConnectionTest, AbortEndsAtOnceThoughThePeerDoesNotRead) {
  Make(FaultyTransport::Faults(), /*capacity=*/4);
  Start();
  peer->transport().WatchReads(false);
  codec->Say("more than fits");
  Run();
  EXPECT_EQ(closes, 0);
  EXPECT_EQ(connection->unwritten().size(), 10u);
  connection->Abort(absl::UnavailableError("cut off"));
  EXPECT_EQ(closes, 1);
  EXPECT_EQ(closed_why, absl::UnavailableError("cut off"));
  peer->transport().WatchReads(true);
  Run();
  EXPECT_TRUE(peer->reset) << "a part would pass for the whole";
}

TEST_F(ConnectionTest, AnswerThatWasCutShortEndsInAReset) {
  Make();
  Start();
  codec->Say("a part");
  Run();
  codec->cut_short = true;
  codec->Say("");
  Run();
  EXPECT_EQ(closes, 1);
  EXPECT_TRUE(peer->reset);
  EXPECT_FALSE(peer->eof);
}

TEST_F(ConnectionTest, CloseThatCutsAnAnswerShortEndsInAReset) {
  Make();
  Start();
  codec->Say("a part");
  Run();
  codec->cut_short_by_abort = true;
  connection->Close(absl::UnavailableError("going"));
  Run();
  EXPECT_EQ(closes, 1);
  EXPECT_TRUE(peer->reset);
}

TEST_F(ConnectionTest, DrainEndsWhenTheCodecHasFinished) {
  Make();
  Start();
  connection->Drain();
  connection->Drain();
  Run();
  EXPECT_EQ(codec->drains, 1);
  EXPECT_FALSE(peer->eof);
  codec->done = true;
  codec->Say("last");
  Run();
  EXPECT_EQ(peer->received, "last");
  EXPECT_TRUE(peer->eof);
  peer->transport().Close();
  Run();
  EXPECT_EQ(closes, 1);
  EXPECT_TRUE(closed_why.ok()) << closed_why;
}

TEST_F(ConnectionTest, DrainWhileSniffingCloses) {
  Make();
  StartSniffing();
  connection->Drain();
  Run();
  EXPECT_TRUE(peer->eof);
  peer->transport().Close();
  Run();
  EXPECT_EQ(closes, 1);
}

TEST_F(ConnectionTest, BrokenInputIsAnsweredBeforeTheEnd) {
  Make();
  Start();
  codec->recv_status = absl::UnavailableError("the peer broke it");
  codec->to_send = "GOAWAY";
  peer->Write("junk");
  Run();
  EXPECT_EQ(peer->received, "GOAWAY");
  EXPECT_TRUE(peer->eof);
  peer->Write("more");
  peer->transport().Close();
  Run();
  EXPECT_EQ(closes, 1);
  EXPECT_EQ(closed_why, absl::UnavailableError("the peer broke it"));
  EXPECT_EQ(last_received, "junk");
}

TEST_F(ConnectionTest, EndOfThePeerLetsTheAnswerOut) {
  Make();
  Start();
  peer->Write("request");
  peer->transport().ShutdownWrites();
  Run();
  EXPECT_EQ(peer->received, "");
  EXPECT_EQ(closes, 1);  // it had nothing to say
  Make();
  Start();
  peer->Write("request");
  codec->to_send = "answer";
  peer->transport().ShutdownWrites();
  Run();
  EXPECT_EQ(peer->received, "answer");
  EXPECT_TRUE(peer->eof);
  EXPECT_EQ(closes, 2);
  EXPECT_TRUE(closed_why.ok()) << closed_why;
}

TEST_F(ConnectionTest, ResetAtAnyByteIsToldOnceWithItsReason) {
  for (std::size_t at = 0; at < 12; ++at) {
    closes = 0;
    FaultyTransport::Faults faults;
    faults.reset_after = at;
    Make(faults);
    Start();
    codec->Say("answer");
    peer->Write("request");
    Run();
    EXPECT_EQ(closes, 1) << at;
    EXPECT_EQ(closed_why.code(), absl::StatusCode::kUnavailable) << at;
    EXPECT_NE(closed_why.message().find("the connection with memory:1 was lost while "),
              absl::string_view::npos)
        << closed_why;
  }
}

TEST_F(ConnectionTest, HalfCloseGoesOnReading) {
  Make();
  Start();
  codec->half_close = true;
  codec->Say("answer");
  Run();
  EXPECT_EQ(peer->received, "answer");
  EXPECT_TRUE(peer->eof);
  peer->Write("rest of a body");
  Run();
  EXPECT_EQ(codec->received, "rest of a body");
  EXPECT_EQ(closes, 0);
  Advance(seconds(2));
  EXPECT_EQ(closes, 1);
}

TEST_F(ConnectionTest, DestroyedConnectionTellsItsStreams) {
  Make();
  Start();
  codec->Say(std::string(1 << 20, 'x'));
  Run();
  connection.reset();
  Run();
  EXPECT_TRUE(peer->eof);
  EXPECT_EQ(closes, 0);
}

}  // namespace
}  // namespace weft::internal
