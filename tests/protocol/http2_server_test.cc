#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/protocol/http2_server_under_test.h"
#include "tests/support/frames.h"
#include "tests/support/http2_pair.h"

// The server's HTTP/2: bytes in, bytes out, at several sizes of input.
namespace weft::http2 {
namespace {

using internal::StreamClose;
using internal::StreamError;
using testing::Data;
using testing::Headers;
using testing::Ping;
using testing::Preface;
using testing::PriorityUpdate;
using testing::RawFrame;
using testing::RstStream;
using testing::Settings;
using testing::SettingsAck;
using testing::WindowUpdate;

class Http2ServerTest : public ::testing::TestWithParam<std::size_t> {};

INSTANTIATE_TEST_SUITE_P(Pieces, Http2ServerTest, ::testing::Values(1, 9, 4096, std::string::npos),
                         [](const auto& piece) {
                           return piece.param == std::string::npos ? std::string("Whole")
                                                                   : std::to_string(piece.param);
                         });

TEST_P(Http2ServerTest, OpensWithItsSettingsAndAcknowledgesTheClients) {
  Server server(GetParam());
  EXPECT_EQ(server.Take(), "SETTINGS 3=1000 6=8192 9=1\n");
  ASSERT_TRUE(server.Send(Preface() + Settings({{4, 1000}})).ok());
  EXPECT_GT(server.host.asked, 0);
  EXPECT_EQ(server.Take(), "SETTINGS ACK\n");
}

TEST_P(Http2ServerTest, UnaryCallIsHeadDataTrailers) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server
                  .Send(Headers(1).Request("POST", "/a.B/C").Field("te", "trailers").Render() +
                        Data(1, "hello").End().Render())
                  .ok());
  Exchange& request = server.request(0);
  EXPECT_EQ(request.method + " " + request.scheme + "://" + request.authority + request.path,
            "POST http://test.local/a.B/C");
  EXPECT_EQ(request.fields, "te=trailers;");
  EXPECT_EQ(request.body, "hello");
  EXPECT_TRUE(request.ended);
  server.Reply(request, "world");
  EXPECT_EQ(server.Take(),
            "HEADERS 1 :status=200\n"
            "DATA 1 \"world\"\n"
            "HEADERS 1 END_STREAM grpc-status=0\n");
  EXPECT_EQ(request.closes, 1);
  EXPECT_EQ(request.close.cause, StreamClose::Cause::kComplete);
}

TEST_P(Http2ServerTest, SmallMessagesShareOneDataFrame) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/s").End()).ok());
  internal::HttpStream& stream = *server.request(0).stream;
  stream.SendHead(200, false);
  for (const char* message : {"one ", "two ", "three"}) server.Append(stream, message);
  EXPECT_EQ(server.Take(), "HEADERS 1 :status=200\nDATA 1 \"one two three\"\n");
  EXPECT_EQ(server.Take(), "");
  server.Append(stream, "four");
  stream.SendEnd();
  EXPECT_EQ(server.Take(), "DATA 1 END_STREAM \"four\"\n");
}

TEST_P(Http2ServerTest, EndWithoutTrailersAfterTheLastByteIsAnEmptyDataFrame) {  // checklist 26
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/s").End()).ok());
  internal::HttpStream& stream = *server.request(0).stream;
  stream.SendHead(200, false);
  server.Append(stream, "all");
  server.Take();
  stream.SendEnd();
  EXPECT_EQ(server.Take(), "DATA 1 END_STREAM \"\"\n");
  EXPECT_EQ(server.request(0).closes, 1);
}

TEST_P(Http2ServerTest, TrailersOnlyIsOneHeadersFrame) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/s").End()).ok());
  internal::HttpStream& stream = *server.request(0).stream;
  stream.head_to_send().AddStatic("grpc-status", "12");
  stream.SendHead(200, true);
  EXPECT_EQ(server.Take(), "HEADERS 1 END_STREAM :status=200 grpc-status=12\n");
}

TEST_P(Http2ServerTest, EarlyEndIsTrailersThenResetWithNoError) {  // checklist 32
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(
      server.Send(Headers(1).Request("POST", "/s").Render() + Data(1, "part").Render()).ok());
  server.Reply(server.request(0), "enough");
  EXPECT_EQ(server.Take(),
            "HEADERS 1 :status=200\n"
            "DATA 1 \"enough\"\n"
            "HEADERS 1 END_STREAM grpc-status=0\n"
            "RST_STREAM 1 NO_ERROR\n");
  EXPECT_EQ(server.request(0).closes, 1);
  EXPECT_EQ(server.request(0).close.cause, StreamClose::Cause::kComplete);
  // What was on its way is dropped, and the connection lives.
  ASSERT_TRUE(server.Send(Data(1, "late").End()).ok());
  EXPECT_EQ(server.request(0).body, "part");
}

TEST_P(Http2ServerTest, RestBehindACompleteAnswerIsDroppedOnRequest) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(
      server.Send(Headers(1).Request("POST", "/s").Render() + Data(1, "part").Render()).ok());
  server.request(0).stream->DropRest();
  server.Reply(server.request(0), "no");
  EXPECT_EQ(server.Take(),
            "HEADERS 1 :status=200\n"
            "DATA 1 \"no\"\n"
            "HEADERS 1 END_STREAM grpc-status=0\n");
  ASSERT_TRUE(server.Send(Data(1, "late").Render()).ok());
  EXPECT_EQ(server.request(0).closes, 0);
  ASSERT_TRUE(server.Send(Data(1, "later").End()).ok());
  EXPECT_EQ(server.request(0).closes, 1);
  EXPECT_EQ(server.request(0).close.cause, StreamClose::Cause::kComplete);
  EXPECT_EQ(server.request(0).body, "part");
  EXPECT_EQ(server.Take(), "");
}

TEST_P(Http2ServerTest, ADrainWaitsForNoRestThatWillBeDropped) {
  for (const bool drain_first : {true, false}) {
    Server server(GetParam());
    server.Start();
    ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/s").Render()).ok());
    server.request(0).stream->DropRest();
    if (drain_first) server.session.Drain();
    server.Reply(server.request(0), "no");
    std::string frames = server.Take();
    EXPECT_EQ(server.request(0).closes, drain_first ? 1 : 0);
    if (!drain_first) server.session.Drain();
    frames += server.Take();
    EXPECT_NE(frames.find("RST_STREAM 1 NO_ERROR\n"), std::string::npos) << frames;
    EXPECT_EQ(server.request(0).closes, 1);
    EXPECT_EQ(server.session.open_streams(), 0u);
  }
}

// Until its end is out the answer may still fail.
TEST_P(Http2ServerTest, TheRestIsKeptUntilTheAnswerIsOut) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/s").Render()).ok());
  server.request(0).stream->DropRest();
  server.Reply(server.request(0), "no");
  ASSERT_TRUE(server.Send(Data(1, "still read").Render()).ok());
  EXPECT_EQ(server.request(0).body, "still read");
  server.Take();
  ASSERT_TRUE(server.Send(Data(1, "dropped").Render()).ok());
  EXPECT_EQ(server.request(0).body, "still read");
}

TEST_P(Http2ServerTest, TrailersThatCannotBeSentResetTheStream) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/a.B/C").End().Render()).ok());
  Exchange& request = server.request(0);
  request.stream->SendHead(200, false);
  server.Append(*request.stream, "hello");
  request.stream->trailers_to_send().Add("x-large", std::string(100'000, 'x'));
  request.stream->SendEnd();
  EXPECT_EQ(server.Take(),
            "HEADERS 1 :status=200\n"
            "DATA 1 \"hello\"\n"
            "RST_STREAM 1 INTERNAL_ERROR\n");
  EXPECT_EQ(request.closes, 1);
  EXPECT_EQ(request.close.status.code(), absl::StatusCode::kResourceExhausted);
}

TEST_P(Http2ServerTest, TrailersOfARequestEndIt) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server
                  .Send(Headers(1).Request("POST", "/s").Render() + Data(1, "x").Render() +
                        Headers(1).Field("x-sum", "7").End().Render())
                  .ok());
  EXPECT_TRUE(server.request(0).ended);
  EXPECT_EQ(server.request(0).trailers, "x-sum=7;");
}

TEST_P(Http2ServerTest, PaddingIsNotPartOfTheBodyAndItsCreditComesBack) {
  SessionOptions options;
  options.windows.stream = 1000;
  Server server(GetParam(), options);
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/s").Pad(30).Split(20).Render()).ok());
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(server.Send(Data(1, "0123456789").Pad(100).Render()).ok()) << i;
    expected += "0123456789";
    server.Take();
  }
  EXPECT_EQ(server.request(0).body, expected);
  EXPECT_EQ(server.request(0).closes, 0);
}

TEST_P(Http2ServerTest, StreamCreditComesBackOnlyWhenReturned) {
  SessionOptions options;
  options.windows.stream = 100;
  Server server(GetParam(), options);
  server.acceptor.on_request = [](Exchange& exchange) { exchange.return_credit = false; };
  server.Start();
  ASSERT_TRUE(
      server
          .Send(Headers(1).Request("POST", "/s").Render() + Data(1, std::string(100, 'x')).Render())
          .ok());
  EXPECT_EQ(server.Take(), "");
  // The connection hears of it as soon as it is worth a frame, and not before.
  const int asked = server.host.asked;
  server.request(0).stream->ReturnCredit(10);
  EXPECT_EQ(server.host.asked, asked);
  server.request(0).stream->ReturnCredit(90);
  EXPECT_EQ(server.host.asked, asked + 1);
  EXPECT_EQ(server.Take(), "WINDOW_UPDATE 1 100\n");
}

TEST_P(Http2ServerTest, WindowOfThePeerIsObeyedAndTrailersWaitBehindTheData) {
  Server server(GetParam());
  ASSERT_TRUE(server.Send(Preface() + Settings({{4, 5}})).ok());
  server.Take();
  ASSERT_TRUE(server.Send(SettingsAck() + Headers(1).Request("POST", "/s").End().Render()).ok());
  server.Reply(server.request(0), "0123456789ab");
  EXPECT_EQ(server.Take(), "HEADERS 1 :status=200\nDATA 1 \"01234\"\n");
  ASSERT_TRUE(server.Send(WindowUpdate(1, 3)).ok());
  EXPECT_EQ(server.Take(), "DATA 1 \"567\"\n");
  ASSERT_TRUE(server.Send(Settings({{4, 9}})).ok());
  EXPECT_EQ(server.Take(),
            "SETTINGS ACK\n"
            "DATA 1 \"89ab\"\n"
            "HEADERS 1 END_STREAM grpc-status=0\n");
}

TEST_P(Http2ServerTest, UrgentStreamGoesFirstAndOthersInOrder) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server
                  .Send(WindowUpdate(0, 1 << 20) + Settings({{4, 1 << 20}}) +
                        Headers(1).Request("GET", "/low").Field("priority", "u=5").End().Render() +
                        Headers(3).Request("GET", "/mid").End().Render() +
                        Headers(5).Request("GET", "/top").Field("priority", "u=1").End().Render())
                  .ok());
  server.Take();
  const std::string body(40'000, 'x');
  for (std::size_t i = 0; i < 3; ++i) server.request(i).stream->SendHead(200, false);
  server.Take();
  for (std::size_t i = 0; i < 3; ++i) {
    server.Append(*server.request(i).stream, body);
    server.request(i).stream->SendEnd();
  }
  EXPECT_EQ(server.Take(),
            "DATA 5 16384\nDATA 5 16384\nDATA 5 END_STREAM 7232\n"
            "DATA 3 16384\nDATA 3 16384\nDATA 3 END_STREAM 7232\n"
            "DATA 1 16384\nDATA 1 16384\nDATA 1 END_STREAM 7232\n");
}

TEST_P(Http2ServerTest, PriorityUpdateMayComeAheadOfItsStream) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server
                  .Send(PriorityUpdate(3, "u=1") + Headers(1).Request("POST", "/a").End().Render() +
                        Headers(3).Request("POST", "/a").Field("priority", "u=7").End().Render())
                  .ok());
  for (const std::size_t index : {0u, 1u}) {
    server.request(index).stream->SendHead(200, false);
    server.Append(*server.request(index).stream, std::string(20'000, 'x'));
  }
  const std::string taken = server.Take();
  EXPECT_LT(taken.find("DATA 3"), taken.find("DATA 1")) << taken;
}

TEST_P(Http2ServerTest, DefaultPriorityYieldsToThePeersWordAndBothToOurs) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server
                  .Send(Headers(1).Request("GET", "/a").End().Render() +
                        Headers(3).Request("GET", "/b").Field("priority", "u=5").End().Render() +
                        Headers(5).Request("GET", "/c").Field("priority", "what").End().Render())
                  .ok());
  internal::HttpStream& silent = *server.request(0).stream;
  internal::HttpStream& said = *server.request(1).stream;
  EXPECT_EQ(silent.SetDefaultPriority(Priority(1)), Priority(1));
  EXPECT_EQ(said.SetDefaultPriority(Priority(1)), Priority(5));
  EXPECT_EQ(server.request(2).stream->SetDefaultPriority(Priority(2, true)), Priority(2, true));
  ASSERT_TRUE(server.Send(PriorityUpdate(1, "u=6") + PriorityUpdate(3, "?")).ok());
  EXPECT_EQ(silent.SetDefaultPriority(Priority(1)), Priority(6));
  EXPECT_EQ(server.request(0).priorities, "6;");
  EXPECT_EQ(server.request(1).priorities, "");
  silent.SetPriority(Priority(2));
  ASSERT_TRUE(server.Send(PriorityUpdate(1, "u=7")).ok());
  EXPECT_EQ(silent.SetDefaultPriority(Priority(1)), Priority(2));
  EXPECT_EQ(server.request(0).priorities, "6;");
}

TEST_P(Http2ServerTest, PrioritiesOfAPeerThatIsNotHonoredAreNotTold) {
  SessionOptions options;
  options.honor_peer_priority = false;
  Server server(GetParam(), options);
  server.Start();
  ASSERT_TRUE(server
                  .Send(PriorityUpdate(1, "u=0") +
                        Headers(1).Request("GET", "/a").Field("priority", "u=1").End().Render() +
                        PriorityUpdate(1, "u=2"))
                  .ok());
  EXPECT_EQ(server.request(0).stream->SetDefaultPriority(Priority(4)), Priority(4));
  EXPECT_EQ(server.request(0).priorities, "");
}

// Its stream has ended for the application, but the connection still knows it.
TEST_P(Http2ServerTest, UpdateOfAResetStreamIsToldToNobody) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/a").Render()).ok());
  server.request(0).stream->Reset(StreamError::kCancel);
  ASSERT_TRUE(server.Send(PriorityUpdate(1, "u=2")).ok());
  EXPECT_EQ(server.request(0).closes, 1);
  EXPECT_EQ(server.request(0).priorities, "");
  server.Take();
}

TEST_P(Http2ServerTest, IncrementalStreamsShareFrameByFrame) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server
                  .Send(WindowUpdate(0, 1 << 20) + Settings({{4, 1 << 20}}) +
                        Headers(1).Request("GET", "/a").Field("priority", "i").End().Render() +
                        Headers(3).Request("GET", "/b").End().Render() + PriorityUpdate(3, "i"))
                  .ok());
  server.Take();
  for (std::size_t i = 0; i < 2; ++i) {
    server.request(i).stream->SendHead(200, false);
    server.Append(*server.request(i).stream, std::string(40'000, 'x'));
    server.request(i).stream->SendEnd();
  }
  EXPECT_EQ(server.Take(),
            "HEADERS 1 :status=200\nHEADERS 3 :status=200\n"
            "DATA 1 16384\nDATA 3 16384\nDATA 1 16384\nDATA 3 16384\n"
            "DATA 1 END_STREAM 7232\nDATA 3 END_STREAM 7232\n");
}

TEST_P(Http2ServerTest, LowerUrgencyIsSlowedButNotStarved) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server
                  .Send(WindowUpdate(0, 1 << 30) + Settings({{4, 1 << 30}}) +
                        Headers(1).Request("GET", "/low").End().Render() +
                        Headers(3).Request("GET", "/top").End().Render())
                  .ok());
  server.Take();
  server.request(1).stream->SetPriority(Priority(0));
  for (std::size_t i = 0; i < 2; ++i) {
    server.request(i).stream->SendHead(200, false);
    server.Append(*server.request(i).stream, std::string(1 << 20, 'x'));
  }
  const std::string frames = server.Take();
  const std::size_t low = frames.find("DATA 1");
  ASSERT_NE(low, std::string::npos);
  EXPECT_LT(low, frames.rfind("DATA 3"));
}

TEST_P(Http2ServerTest, PullKeepsToTheBudgetAndLosesNothing) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server
                  .Send(WindowUpdate(0, 1 << 20) + Settings({{4, 1 << 20}}) +
                        Headers(1).Request("GET", "/a").End().Render())
                  .ok());
  server.Take();
  server.Reply(server.request(0), std::string(300'000, 'x'));
  std::size_t pulls = 0, bytes = 0;
  while (server.session.wants_write()) {
    internal::BufList out;
    ASSERT_TRUE(server.session.Pull(out, 20'000).ok());
    EXPECT_LE(out.size(), 20'000u + 64) << "the last frame is cut to fit, but for trailers";
    EXPECT_GT(out.size(), 0u);
    bytes += out.size();
    ++pulls;
  }
  EXPECT_GT(bytes, 300'000u);
  EXPECT_GE(pulls, 9u);
  EXPECT_EQ(server.request(0).closes, 1);
}

TEST_P(Http2ServerTest, DrainedIsToldOnceBelowTheLowMark) {
  SessionOptions options;
  options.stream_high_mark = 1000;
  options.stream_low_mark = 100;
  Server server(GetParam(), options);
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("GET", "/a").End()).ok());
  internal::HttpStream& stream = *server.request(0).stream;
  stream.SendHead(200, false);
  server.Append(stream, std::string(900, 'x'));
  EXPECT_FALSE(stream.above_high_mark());
  server.Append(stream, std::string(200, 'x'));
  EXPECT_TRUE(stream.above_high_mark());
  EXPECT_EQ(server.request(0).drained, 0);
  server.Take();
  EXPECT_EQ(server.request(0).drained, 1);
  server.Append(stream, "x");
  server.Take();
  EXPECT_EQ(server.request(0).drained, 1);
}

TEST_P(Http2ServerTest, LessUrgentBytesWaitForTheWritersOfDrainedStreamsIfTheHostTellsOfThem) {
  for (const bool tells : {false, true}) {
    SessionOptions options;
    options.stream_high_mark = 1000;
    options.stream_low_mark = 100;
    Server server(GetParam(), options);
    server.host.lets_writers_run = tells;
    server.Start();
    ASSERT_TRUE(server
                    .Send(Headers(1).Request("GET", "/a").Field("priority", "u=1").End().Render() +
                          Headers(3).Request("GET", "/b").Field("priority", "u=6").End().Render() +
                          Headers(5).Request("GET", "/c").Field("priority", "u=0").End().Render())
                    .ok());
    for (const std::size_t i : {0u, 1u, 2u}) server.request(i).stream->SendHead(200, false);
    server.Take();
    server.Append(*server.request(0).stream, std::string(1001, 'a'));
    server.Append(*server.request(1).stream, std::string(20, 'b'));
    std::string taken = server.Take();
    EXPECT_EQ(server.request(0).drained, 1);
    EXPECT_NE(taken.find("DATA 1"), std::string::npos);
    EXPECT_EQ(taken.find("DATA 3") == std::string::npos, tells) << taken;
    if (!tells) continue;
    EXPECT_FALSE(server.session.wants_write());
    server.Append(*server.request(0).stream, "a");
    server.Append(*server.request(2).stream, "c");
    taken = server.Take();
    EXPECT_LT(taken.find("DATA 5"), taken.find("DATA 1"));
    EXPECT_NE(taken.find("DATA 1"), std::string::npos) << "more urgent than what waits";
    EXPECT_EQ(taken.find("DATA 3"), std::string::npos) << taken;
    server.session.WritersRan();
    EXPECT_TRUE(server.session.wants_write());
    EXPECT_NE(server.Take().find("DATA 3"), std::string::npos);
  }
}

TEST_P(Http2ServerTest, ResetByThePeerTellsItsCode) {  // checklist 35, 41
  for (const auto error : {StreamError::kCancel, StreamError::kRefusedStream,
                           StreamError::kEnhanceYourCalm, StreamError::kNoError}) {
    Server server(GetParam());
    server.Start();
    ASSERT_TRUE(server
                    .Send(Headers(1).Request("POST", "/s").Render() +
                          RstStream(1, static_cast<std::uint32_t>(error)))
                    .ok());
    EXPECT_EQ(server.request(0).closes, 1);
    EXPECT_EQ(server.request(0).close.cause, StreamClose::Cause::kPeerReset);
    EXPECT_EQ(server.request(0).close.error, error);
    EXPECT_EQ(server.session.open_streams(), 0u);
    EXPECT_EQ(server.Take(), "");
  }
}

TEST_P(Http2ServerTest, OwnResetDropsUnsentBytesAndIsToldLater) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/s").Render()).ok());
  internal::HttpStream& stream = *server.request(0).stream;
  stream.SendHead(200, false);
  server.Append(stream, "never seen");
  stream.Reset(StreamError::kCancel);
  EXPECT_EQ(server.request(0).closes, 0);
  stream.SendEnd();  // does nothing any more
  EXPECT_EQ(server.Take(), "RST_STREAM 1 CANCEL\n");
  EXPECT_EQ(server.request(0).closes, 1);
  EXPECT_EQ(server.request(0).close.cause, StreamClose::Cause::kLocalReset);
}

TEST_P(Http2ServerTest, ResetInsideOnRequestIsToldAfterIt) {
  Server server(GetParam());
  server.Start();
  server.acceptor.on_request = [](Exchange& exchange) {
    exchange.stream->Reset(StreamError::kRefusedStream);
  };
  ASSERT_TRUE(
      server.Send(Headers(1).Request("POST", "/s").Render() + Data(1, "x").End().Render()).ok());
  EXPECT_EQ(server.request(0).closes, 1);
  EXPECT_EQ(server.request(0).body, "");
  EXPECT_EQ(server.Take(), "RST_STREAM 1 REFUSED_STREAM\n");
}

TEST_P(Http2ServerTest, DrainSaysGoAwayTwiceAndEndsWithTheLastStream) {  // checklist 42
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/a").End()).ok());
  server.session.Drain();
  std::string frames = server.Take();
  ASSERT_TRUE(frames.starts_with("GOAWAY 2147483647 NO_ERROR\nPING ")) << frames;
  const std::uint64_t opaque = std::stoull(frames.substr(frames.find("PING ") + 5));
  // One more stream was on its way: it is served.
  ASSERT_TRUE(
      server.Send(Headers(3).Request("POST", "/b").End().Render() + Ping(opaque, true)).ok());
  EXPECT_EQ(server.Take(), "GOAWAY 3 NO_ERROR\n");
  ASSERT_TRUE(server.Send(Headers(5).Request("POST", "/late").End()).ok());
  ASSERT_EQ(server.acceptor.exchanges.size(), 2u);
  server.Reply(server.request(0), "a");
  server.Take();
  EXPECT_FALSE(server.session.finished());
  server.Reply(server.request(1), "b");
  server.Take();
  EXPECT_TRUE(server.session.finished());
}

TEST_P(Http2ServerTest, GoAwayEndsAtOnceWithItsText) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/a").End()).ok());
  server.session.GoAway(0xb, "too_many_pings");
  EXPECT_FALSE(server.session.finished());
  EXPECT_EQ(server.Take(), "GOAWAY 1 ENHANCE_YOUR_CALM \"too_many_pings\"\n");
  EXPECT_TRUE(server.session.finished());
  server.session.Abort(absl::UnavailableError("gone"));
  EXPECT_EQ(server.request(0).closes, 1);
}

TEST_P(Http2ServerTest, PingIsAnsweredAndTold) {
  Server server(GetParam());
  server.Start();
  ASSERT_TRUE(server.Send(Ping(0x1122334455667788)).ok());
  EXPECT_EQ(server.events.pings, 1);
  EXPECT_EQ(server.Take(), "PING ACK 1234605616436508552\n");
  server.session.Ping(77);
  EXPECT_TRUE(server.Take().starts_with("PING "));
}

TEST_P(Http2ServerTest, HeaderListAboveTheHardLimitGets431) {  // checklist 14
  Server server(GetParam());
  server.Start();
  std::string request =
      Headers(1).Request("POST", "/s").Field("x-big", std::string(9000, 'b')).End();
  ASSERT_TRUE(server.Send(request).ok());
  ASSERT_EQ(server.acceptor.exchanges.size(), 1u);  // above the soft limit only: not ours to refuse
  ASSERT_TRUE(server
                  .Send(Headers(3)
                            .Request("POST", "/s")
                            .Field("x-a", std::string(9000, 'b'))
                            .Field("x-b", std::string(9000, 'b'))
                            .Split(10'000)
                            .End())
                  .ok());
  EXPECT_EQ(server.acceptor.exchanges.size(), 1u);
  EXPECT_EQ(server.Take(), "HEADERS 3 END_STREAM :status=431\n");
  EXPECT_EQ(server.session.open_streams(), 1u);
}

TEST_P(Http2ServerTest, EofWithOpenStreamsSaysSo) {
  Server server(GetParam());
  server.Start();
  EXPECT_TRUE(server.session.RecvEof().ok());
  EXPECT_TRUE(server.session.finished());
  Server busy(GetParam());
  busy.Start();
  ASSERT_TRUE(busy.Send(Headers(1).Request("POST", "/a").Render()).ok());
  const absl::Status status = busy.session.RecvEof();
  EXPECT_EQ(status.ToString(),
            "UNAVAILABLE: the peer closed the connection while 1 HTTP/2 stream was open");
  busy.session.Abort(status);
  EXPECT_EQ(busy.request(0).closes, 1);
  EXPECT_EQ(busy.request(0).close.cause, StreamClose::Cause::kConnectionLost);
  EXPECT_EQ(busy.request(0).close.status, status);
}

TEST_P(Http2ServerTest, HeldConnectionCreditComesBackLater) {
  SessionOptions options;
  options.windows.stream = 1 << 20;
  Server server(GetParam(), options);
  server.Start();
  server.session.HoldCredit(true);
  std::string bytes = Headers(1).Request("POST", "/a");
  for (int i = 0; i < 4; ++i) bytes += Data(1, std::string(16'000, 'x')).Render();
  ASSERT_TRUE(server.Send(bytes).ok());
  EXPECT_EQ(server.Take(), "");
  server.session.HoldCredit(false);
  EXPECT_EQ(server.Take(), "WINDOW_UPDATE 64000\n");
}

// What a broken or hostile peer gets. `frames`: what is sent to it.
struct Broken {
  const char* name;
  std::string bytes;
  std::string frames;
};

class Http2BrokenPeerTest : public ::testing::TestWithParam<Broken> {};

TEST_P(Http2BrokenPeerTest, ConnectionEndsWithGoAwayAndReason) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{9}, std::string::npos}) {
    Server server(piece);
    server.Take();
    const absl::Status status = server.Send(GetParam().bytes);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_TRUE(std::string(status.message()).starts_with("the peer broke HTTP/2: ")) << status;
    std::string frames = server.Take();
    if (frames.starts_with("SETTINGS ACK\n")) frames.erase(0, 13);
    EXPECT_EQ(frames.substr(0, GetParam().frames.size()), GetParam().frames) << status;
    EXPECT_TRUE(server.session.finished());
    server.session.Abort(status);
    for (auto& exchange : server.acceptor.exchanges) EXPECT_EQ(exchange->closes, 1);
  }
}

const std::string kStart = Preface() + Settings({}) + SettingsAck();
const std::string kOpen = kStart + Headers(1).Request("POST", "/a").Render();

INSTANTIATE_TEST_SUITE_P(
    Table, Http2BrokenPeerTest,
    ::testing::Values(
        Broken{"Preface", "PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n", "GOAWAY 0 PROTOCOL_ERROR"},
        Broken{"NoSettings", Preface() + Ping(1), "GOAWAY 0 PROTOCOL_ERROR"},
        Broken{"FrameTooLarge", kStart + RawFrame(0, 0, 1, std::string(16385, 'x')),
               "GOAWAY 0 FRAME_SIZE_ERROR"},
        Broken{"SettingsLength", kStart + RawFrame(4, 0, 0, "12345"), "GOAWAY 0 FRAME_SIZE_ERROR"},
        Broken{"SettingsOnStream", kStart + RawFrame(4, 0, 1, ""), "GOAWAY 0 PROTOCOL_ERROR"},
        Broken{"SettingsWindow", Preface() + Settings({{4, 0x80000000}}),
               "GOAWAY 0 FLOW_CONTROL_ERROR"},
        Broken{"PingLength", kStart + RawFrame(6, 0, 0, "1234567"), "GOAWAY 0 FRAME_SIZE_ERROR"},
        Broken{"DataOnZero", kStart + RawFrame(0, 0, 0, "x"), "GOAWAY 0 PROTOCOL_ERROR"},
        Broken{"DataOnIdle", kStart + RawFrame(0, 0, 7, "x"), "GOAWAY 0 PROTOCOL_ERROR"},
        Broken{"EvenStream", kStart + Headers(2).Request("GET", "/").End().Render(),
               "GOAWAY 0 PROTOCOL_ERROR"},
        Broken{"Hpack", kStart + RawFrame(1, 5, 1, "\xff\xff\xff\xff\xff\xff"),
               "GOAWAY 1 COMPRESSION_ERROR"},
        Broken{"ContinuationMissing", kStart + RawFrame(1, 0, 1, "") + Ping(1),
               "GOAWAY 1 PROTOCOL_ERROR"},
        Broken{"ContinuationAlone", kStart + RawFrame(9, 4, 1, ""), "GOAWAY 0 PROTOCOL_ERROR"},
        Broken{"Padding",
               kOpen + RawFrame(0, 8, 1,
                                "\x09"
                                "abc"),
               "GOAWAY 1 PROTOCOL_ERROR"},
        Broken{"WindowOverflow", kStart + WindowUpdate(0, 0x7fffffff),
               "GOAWAY 0 FLOW_CONTROL_ERROR"},
        Broken{"WindowZero", kStart + WindowUpdate(0, 0), "GOAWAY 0 PROTOCOL_ERROR"},
        Broken{"PushPromise", kOpen + RawFrame(5, 4, 1, std::string("\0\0\0\2", 4)),
               "GOAWAY 1 PROTOCOL_ERROR"},
        Broken{"RstOnIdle", kStart + RstStream(9, 0), "GOAWAY 0 PROTOCOL_ERROR"}),
    [](const auto& row) { return std::string(row.param.name); });

// Broken on one stream only: the others live on.
TEST_P(Http2ServerTest, StreamErrorsEndOneStream) {
  const struct {
    std::string bytes;
    const char* frames;
  } rows[] = {
      {Headers(3).Field(":method", "GET").End(), "RST_STREAM 3 PROTOCOL_ERROR\n"},
      {Headers(3).Request("GET", "/").Field("UPPER", "x").End(), "RST_STREAM 3 PROTOCOL_ERROR\n"},
      {Headers(3).Request("GET", "/").Field("connection", "close").End(),
       "RST_STREAM 3 PROTOCOL_ERROR\n"},
      {Headers(3).Field("te", "trailers").Request("GET", "/").End(),
       "RST_STREAM 3 PROTOCOL_ERROR\n"},
      {Headers(3).Request("GET", "/").Field("content-length", "5").End(),
       "RST_STREAM 3 PROTOCOL_ERROR\n"},
      {Headers(3).Request("GET", "/").Render() + WindowUpdate(3, 0x7fffffff),
       "RST_STREAM 3 FLOW_CONTROL_ERROR\n"},
  };
  for (const auto& row : rows) {
    Server server(GetParam());
    server.Start();
    ASSERT_TRUE(server.Send(Headers(1).Request("POST", "/good").Render() + row.bytes).ok())
        << row.frames;
    EXPECT_EQ(server.Take(), row.frames);
    ASSERT_TRUE(server.Send(Data(1, "alive").End()).ok());
    EXPECT_EQ(server.request(0).body, "alive");
    EXPECT_EQ(server.session.open_streams(), 1u);
    for (std::size_t i = 1; i < server.acceptor.exchanges.size(); ++i) {
      EXPECT_EQ(server.request(i).close.cause, StreamClose::Cause::kProtocol);
      EXPECT_TRUE(std::string(server.request(i).close.status.message())
                      .starts_with("the peer broke HTTP/2 on stream 3: "))
          << server.request(i).close.status;
    }
  }
}

}  // namespace
}  // namespace weft::http2
