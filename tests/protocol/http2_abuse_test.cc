#include <gtest/gtest.h>

#include <string>

#include "buffer/limits.h"
#include "tests/protocol/http2_server_under_test.h"
#include "tests/support/frames.h"

// What a peer may not do to a server, or not without a bound.
namespace weft::http2 {
namespace {

using testing::Data;
using testing::Headers;
using testing::Ping;
using testing::Preface;
using testing::RstStream;
using testing::Settings;
using testing::WindowUpdate;

TEST(Http2AbuseTest, RestBehindACompleteAnswerIsDroppedUpToABound) {
  Server server(std::string::npos);
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/s").Render()).ok());
  server.request(0).stream->DropRest();
  server.Reply(server.request(0), "no");
  server.Take();
  const std::string piece = Data(1, std::string(16'000, 'x')).Render();
  std::size_t sent = 0;
  std::string said;
  while (said.find("RST_STREAM") == std::string::npos) {
    ASSERT_TRUE(server.Send(piece).ok());
    ASSERT_LE(sent += 16'000, internal::kMostDroppedBody + 16'000);
    said = server.Take();
  }
  EXPECT_GE(sent, internal::kMostDroppedBody);
  EXPECT_NE(said.find("RST_STREAM 1 NO_ERROR"), std::string::npos) << said;
  EXPECT_EQ(server.request(0).closes, 1);
}

TEST(Http2AbuseTest, AcknowledgementsOfADrainsPingAreTakenOnce) {
  Server server(std::string::npos);
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/a").End()).ok());
  server.session.Drain();
  const std::string frames = server.Take();
  const std::uint64_t opaque = std::stoull(frames.substr(frames.find("PING ") + 5));
  ASSERT_TRUE(server.Send(Ping(opaque, true) + Ping(opaque, true) + Ping(opaque, true)).ok());
  EXPECT_EQ(server.Take(), "GOAWAY 1 NO_ERROR\n");
}

TEST(Http2AbuseTest, ADrainsPingIsNotAcknowledgedBeforeItWasSent) {
  Server server(std::string::npos);
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/a").End()).ok());
  server.session.Drain();
  ASSERT_TRUE(server.Send(Ping(0x7765667464726e31, true)).ok());
  EXPECT_TRUE(server.Take().starts_with("GOAWAY 2147483647 NO_ERROR\nPING "));
}

TEST(Http2AbuseTest, StreamsBeforeTheSettingsAreAcknowledgedAreRefusedAboveTheLimit) {
  SessionOptions options;
  options.max_concurrent_streams = 2;
  Server server(std::string::npos, options);
  server.Take();
  std::string bytes = Preface() + Settings({});
  for (std::uint32_t id = 1; id <= 5; id += 2) bytes += Headers(id).Request("POST", "/a").Render();
  ASSERT_TRUE(server.Send(bytes).ok());
  EXPECT_EQ(server.acceptor.exchanges.size(), 2u);
  EXPECT_EQ(server.Take(), "SETTINGS ACK\nRST_STREAM 5 REFUSED_STREAM\n");
}

TEST(Http2AbuseTest, RapidResetEndsTheConnection) {
  SessionOptions options;
  options.reset_burst = 20;
  options.resets_per_second = 1;
  Server server(std::string::npos, options);
  server.Start();
  absl::Status status;
  std::uint32_t id = 1;
  for (; id < 201 && status.ok(); id += 2) {
    status = server.Send(Headers(id).Request("POST", "/a").Render() + RstStream(id, 8));
  }
  EXPECT_FALSE(status.ok());
  EXPECT_LT(id, 61u);
  EXPECT_NE(server.Take().find("GOAWAY"), std::string::npos);
  EXPECT_EQ(server.session.open_streams(), 0u);
}

TEST(Http2AbuseTest, PingFloodEndsTheConnection) {
  SessionOptions options;
  options.max_pending_acks = 10;
  Server server(std::string::npos, options);
  server.Start();
  std::string pings;
  for (std::uint64_t i = 0; i < 50; ++i) pings += Ping(i);
  const absl::Status status = server.Send(pings);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(server.Take().find("GOAWAY 0 ENHANCE_YOUR_CALM"), std::string::npos);
  EXPECT_TRUE(server.session.finished());
}

TEST(Http2AbuseTest, PingsOfAPeerThatReadsNothingStopTheReading) {
  Server server(std::string::npos);
  server.Start();
  const std::string pings = Ping(1) + Ping(2) + Ping(3);
  std::size_t sent = 0;
  while (server.session.wants_read()) {
    ASSERT_TRUE(server.Send(pings).ok());
    sent += pings.size();
    ASSERT_LE(sent, 2 * internal::kOutputHighMark);
  }
  server.Take();
  EXPECT_TRUE(server.session.wants_read());
}

TEST(Http2AbuseTest, PeerThatMakesUsResetItsStreamsIsSentAway) {
  SessionOptions options;
  options.reset_burst = 20;
  Server server(std::string::npos, options);
  server.Start();
  std::string taken;
  std::uint32_t id = 1;
  while (taken.find("GOAWAY") == std::string::npos) {
    ASSERT_LT(id, 61u);
    ASSERT_TRUE(
        server.Send(Headers(id).Request("POST", "/a").Render() + WindowUpdate(id, 0x7fffffff))
            .ok());
    taken += server.Take();
    id += 2;
  }
  EXPECT_GT(id, 41u);
  EXPECT_NE(taken.find("ENHANCE_YOUR_CALM"), std::string::npos);
  EXPECT_TRUE(server.session.finished());
}

TEST(Http2AbuseTest, StreamsThatEndInOrderMakeUpForResetOnes) {
  SessionOptions options;
  options.reset_burst = 4;
  Server server(std::string::npos, options);
  server.Start();
  for (std::uint32_t id = 1; id < 81; id += 4) {
    const std::size_t index = server.acceptor.exchanges.size();
    ASSERT_TRUE(
        server.Send(Headers(id).Request("POST", "/a").Render() + WindowUpdate(id, 0x7fffffff))
            .ok());
    ASSERT_TRUE(server.Send(Headers(id + 2).Request("POST", "/a").End().Render()).ok());
    server.Reply(server.request(index + 1), "fine");
    ASSERT_EQ(server.Take().find("GOAWAY"), std::string::npos);
  }
}

TEST(Http2AbuseTest, BodiesThatNobodyTakesHoldTheConnectionsCredit) {
  SessionOptions options;
  options.unread_limit = 100'000;
  Server server(std::string::npos, options);
  server.acceptor.on_request = [](Exchange& exchange) { exchange.return_credit = false; };
  server.Start();
  std::string taken;
  const std::string body(16'000, 'x');
  std::size_t sent = 0;
  for (std::uint32_t id = 1; id < 41; id += 2) {
    ASSERT_TRUE(
        server.Send(Headers(id).Request("POST", "/a").Render() + Data(id, body).Render()).ok());
    sent += body.size();
    taken = server.Take();
    if (sent > options.unread_limit) {
      EXPECT_EQ(taken.find("WINDOW_UPDATE"), std::string::npos) << "after " << sent << " bytes";
    }
    if (sent > options.unread_limit + 40'000) break;
  }
  for (const auto& exchange : server.acceptor.exchanges) {
    exchange->stream->ReturnCredit(exchange->unreturned);
  }
  EXPECT_NE(server.Take().find("WINDOW_UPDATE"), std::string::npos);
}

TEST(Http2AbuseTest, ContinuationFloodEndsTheConnection) {
  Server server(std::string::npos);
  server.Start();
  const std::string frames =
      Headers(1).Request("POST", "/a").Field("x-long", std::string(500, 'x')).Split(5).Render();
  EXPECT_FALSE(server.Send(frames).ok());
  EXPECT_EQ(server.acceptor.exchanges.size(), 0u);
  server.Take();
  EXPECT_TRUE(server.session.finished());
}

}  // namespace
}  // namespace weft::http2
