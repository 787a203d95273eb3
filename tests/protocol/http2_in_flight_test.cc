#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "buffer/limits.h"
#include "tests/protocol/http2_server_under_test.h"
#include "tests/support/frames.h"
#include "tests/support/http2_pair.h"
#include "tests/support/manual_clock.h"

// Bulk beside urgent streams, for a peer that has opened its windows wide: how much of it is on its
// way before the peer has said that it reads.
namespace weft::http2 {
namespace {

using internal::kInFlightCheck;
using internal::kInFlightPatience;
using internal::kLeastInFlight;
using std::chrono::milliseconds;

constexpr std::size_t kFrame = std::size_t{16} * 1024;
constexpr std::size_t kBulkBytes = std::size_t{4} << 20;
constexpr std::uint32_t kWide = 16 << 20;

// The payload of a stream's DATA among `frames`, which has bodies of one letter each.
std::size_t BodyBytes(const std::string& frames, std::uint32_t stream) {
  std::istringstream lines(frames);
  std::size_t sum = 0;
  for (std::string type; lines >> type;) {
    std::uint32_t id = 0;
    std::string rest;
    if (type == "DATA") lines >> id;
    std::getline(lines, rest);
    if (type != "DATA" || id != stream) continue;
    const std::size_t quote = rest.find('"');
    sum += quote == std::string::npos ? std::stoul(rest.substr(rest.find_first_of("0123456789")))
                                      : rest.rfind('"') - quote - 1;
  }
  return sum;
}

bool HasPing(const std::string& frames) { return frames.find("PING ") != std::string::npos; }

class InFlightTest : public ::testing::Test {
 protected:
  explicit InFlightTest(std::uint32_t window = kWide) : server_(/*piece=*/1 << 20, Options()) {
    EXPECT_TRUE(server_
                    .Send(testing::Preface() + testing::Settings({{4, window}}) +
                          testing::WindowUpdate(0, window) + testing::SettingsAck())
                    .ok());
    server_.Take();
  }

  SessionOptions Options() {
    SessionOptions options;
    options.clock = &clock_;
    return options;
  }

  Exchange& Call(std::uint32_t id, const std::string& priority) {
    EXPECT_TRUE(server_
                    .Send(testing::Headers(id)
                              .Request("POST", "/a")
                              .Field("priority", priority)
                              .End()
                              .Render())
                    .ok());
    return server_.acceptor.last();
  }
  // A reply without an end, all of it given at once.
  void StartBulk(std::uint32_t id, const std::string& priority = "u=3") {
    Exchange& bulk = Call(id, priority);
    bulk.stream->SendHead(200, false);
    server_.Append(*bulk.stream, std::string(kBulkBytes, 'b'));
  }
  void AnswerUrgent(std::uint32_t id) { server_.Reply(Call(id, "u=1"), "urgent"); }
  // With a reply that lets itself wait, and with nothing else that would be sent at once.
  void AnswerWithoutHaste(std::uint32_t id) {
    internal::HttpStream& stream = *Call(id, "u=1").stream;
    server_.Take();
    stream.Cork();
    server_.Reply(server_.acceptor.last(), "may wait");
    stream.Uncork(FlushPolicy::UpTo(milliseconds(500)), 100);
    const int asked = server_.host.asked;
    ASSERT_TRUE(server_.Send(testing::WindowUpdate(0, 1)).ok());
    ASSERT_EQ(server_.host.asked, asked);
  }
  // To the PING among `frames`.
  void AnswerPing(const std::string& frames) {
    ASSERT_TRUE(HasPing(frames));
    clock_.Advance(milliseconds(1));
    const std::uint64_t opaque = std::stoull(frames.substr(frames.find("PING ") + 5));
    ASSERT_TRUE(server_.Send(testing::Ping(opaque, /*ack=*/true)).ok());
  }

  testing::ManualClock clock_;
  Server server_;
};

TEST_F(InFlightTest, BulkBesideAnUrgentStreamWaitsForThePeerToHaveReadWhatWasSent) {
  AnswerUrgent(1);
  server_.Take();
  StartBulk(3);
  const std::string frames = server_.Take();
  EXPECT_LE(BodyBytes(frames, 3), kInFlightCheck + kLeastInFlight + kFrame);
  EXPECT_FALSE(server_.session.wants_write());

  const int asked = server_.host.asked;
  AnswerPing(frames);
  EXPECT_GT(server_.host.asked, asked);
  EXPECT_TRUE(server_.session.wants_write());
  const std::size_t more = BodyBytes(server_.Take(), 3);
  EXPECT_GT(more, 0u);
  EXPECT_LE(more, kLeastInFlight + kFrame);
}

TEST_F(InFlightTest, UrgentAnswerPassesBulkThatWaits) {
  AnswerUrgent(1);
  server_.Take();
  StartBulk(3);
  server_.Take();
  AnswerUrgent(5);
  const std::string frames = server_.Take();
  EXPECT_EQ(BodyBytes(frames, 5), 6u);
  EXPECT_EQ(BodyBytes(frames, 3), 0u);
}

TEST_F(InFlightTest, AllBulkArrivesWhileThePeerAnswers) {
  AnswerUrgent(1);
  server_.Take();
  StartBulk(3);
  std::size_t sent = 0;
  std::string frames;
  for (int i = 0; i < 1000 && sent < kBulkBytes; ++i) {
    frames += server_.Take();
    sent = BodyBytes(frames, 3);
    if (sent == kBulkBytes) break;
    AnswerPing(frames);
    frames.replace(frames.find("PING "), 4, "Done");
  }
  EXPECT_EQ(sent, kBulkBytes);
}

TEST_F(InFlightTest, BulkAloneIsSentAsTheWindowsAllow) {
  StartBulk(1);
  const std::string frames = server_.Take();
  EXPECT_EQ(BodyBytes(frames, 1), kBulkBytes);
  EXPECT_FALSE(HasPing(frames));
}

TEST_F(InFlightTest, EqualsDoNotLimitEachOther) {
  StartBulk(1);
  server_.Reply(Call(3, "u=3"), "equal");
  const std::string frames = server_.Take();
  EXPECT_EQ(BodyBytes(frames, 1), kBulkBytes);
  EXPECT_EQ(BodyBytes(frames, 3), 5u);
  EXPECT_FALSE(HasPing(frames));
}

TEST_F(InFlightTest, StreamThatBecomesUrgentIsNotHeldAnyMore) {
  AnswerUrgent(1);
  server_.Take();
  StartBulk(3);
  server_.Take();
  ASSERT_FALSE(server_.session.wants_write());
  ASSERT_TRUE(server_.Send(testing::PriorityUpdate(3, "u=0")).ok());
  EXPECT_GT(BodyBytes(server_.Take(), 3), kBulkBytes / 2);
}

TEST_F(InFlightTest, StreamThatItsHandlerMakesUrgentIsSentAtOnce) {
  AnswerUrgent(1);
  server_.Take();
  Exchange& bulk = Call(3, "u=3");
  bulk.stream->SendHead(200, false);
  server_.Append(*bulk.stream, std::string(kBulkBytes, 'b'));
  server_.Take();
  const int asked = server_.host.asked;
  bulk.stream->SetPriority(Priority(0));
  EXPECT_GT(server_.host.asked, asked);
  EXPECT_GT(BodyBytes(server_.Take(), 3), kBulkBytes / 2);
}

TEST_F(InFlightTest, StreamThatBecomesUrgentDoesNotWaitForTheFlushOfAReply) {
  AnswerUrgent(1);
  server_.Take();
  StartBulk(3);
  server_.Take();
  AnswerWithoutHaste(5);
  const int asked = server_.host.asked;
  ASSERT_TRUE(server_.Send(testing::PriorityUpdate(3, "u=0")).ok());
  EXPECT_GT(server_.host.asked, asked);
}

TEST_F(InFlightTest, BulkForAPeerThatAnswersNoPingDoesNotWaitForTheFlushOfAReply) {
  AnswerUrgent(1);
  server_.Take();
  StartBulk(3);
  server_.Take();
  AnswerWithoutHaste(5);
  clock_.Advance(kInFlightPatience);
  const int asked = server_.host.asked;
  ASSERT_TRUE(server_.Send(testing::WindowUpdate(0, 1)).ok());
  EXPECT_GT(server_.host.asked, asked);
}

TEST_F(InFlightTest, HeldStreamThatIsResetLeavesTheOthersTheirTurn) {
  AnswerUrgent(1);
  server_.Take();
  StartBulk(3);
  const std::string frames = server_.Take();
  ASSERT_TRUE(server_.Send(testing::RstStream(3, 8)).ok());
  StartBulk(5, "u=4");
  EXPECT_EQ(BodyBytes(server_.Take(), 5), 0u);
  AnswerPing(frames);
  EXPECT_GT(BodyBytes(server_.Take(), 5), 0u);
}

TEST_F(InFlightTest, PeerThatAnswersNoPingIsLimitedNoMore) {
  AnswerUrgent(1);
  server_.Take();
  StartBulk(3);
  const std::size_t sent = BodyBytes(server_.Take(), 3);
  clock_.Advance(kInFlightPatience);
  AnswerUrgent(5);
  EXPECT_EQ(sent + BodyBytes(server_.Take(), 3), kBulkBytes);
}

class NarrowInFlightTest : public InFlightTest {
 protected:
  NarrowInFlightTest() : InFlightTest(256 << 10) {}
};

TEST_F(NarrowInFlightTest, WindowsAreBoundEnough) {
  AnswerUrgent(1);
  server_.Take();
  StartBulk(3);
  const std::string frames = server_.Take();
  EXPECT_EQ(BodyBytes(frames, 3), std::size_t{256} << 10);
  EXPECT_FALSE(HasPing(frames));
}

// Servers of other makers close connections of clients whose PINGs they find too many.
TEST(InFlightClientTest, ClientNeverMeasures) {
  SessionOptions wide;
  wide.windows.stream = wide.windows.connection = kWide;
  Exchange urgent;
  Exchange bulk;
  Pair pair(wide, SessionOptions());
  ASSERT_TRUE(pair.Pump().ok());
  internal::HttpStream& small = pair.Open(urgent, "/small", Priority(0));
  small.SendHead(0, false);
  pair.Append(small, "urgent");
  small.SendEnd();
  internal::HttpStream& large = pair.Open(bulk, "/large", Priority(5));
  large.SendHead(0, false);
  pair.Append(large, std::string(kBulkBytes, 'b'));
  internal::BufList out;
  ASSERT_TRUE(pair.client.Pull(out, 2 * kBulkBytes).ok());
  testing::FrameReader reader;
  const std::string frames = reader.Read(Flatten(out));
  EXPECT_FALSE(HasPing(frames));
  EXPECT_GE(out.size(), kBulkBytes);
}

}  // namespace
}  // namespace weft::http2
