#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/frames.h"
#include "tests/support/http2_pair.h"

// The client's HTTP/2: what it writes for a call, and what it makes of a server's frames, broken
// ones included.
namespace weft::http2 {
namespace {

using internal::StreamClose;
using internal::StreamError;
using testing::Data;
using testing::FrameReader;
using testing::GoAway;
using testing::Headers;
using testing::Ping;
using testing::RawFrame;
using testing::RstStream;
using testing::Settings;
using testing::SettingsAck;
using testing::WindowUpdate;

class Client {
 public:
  explicit Client(std::size_t piece, const SessionOptions& options = SessionOptions())
      : session(options, pools.streams, host, events), piece_(piece) {}

  absl::Status Send(const std::string& bytes) { return Feed(session, pools.chunks, bytes, piece_); }

  std::string Take() {
    std::string lines;
    while (session.wants_write()) {
      internal::BufList out;
      const absl::Status status = session.Pull(out, 64 * 1024);
      EXPECT_TRUE(status.ok()) << status;
      if (out.empty()) break;
      lines += reader_.Read(Flatten(out));
    }
    return lines;
  }

  void Start(const std::string& settings = Settings({})) {
    Take();
    ASSERT_TRUE(Send(settings + SettingsAck()).ok());
    ASSERT_EQ(Take(), "SETTINGS ACK\n");
  }

  internal::HttpStream& Open(Exchange& exchange, std::string_view path = "/a.B/C",
                             std::optional<Priority> priority = std::nullopt) {
    internal::HttpStream& stream =
        session.OpenStream(exchange, RequestTarget("POST", "http", "test.local", path), priority);
    exchange.stream = &stream;
    return stream;
  }

  void Append(internal::HttpStream& stream, std::string_view bytes) {
    stream.outbound().Append(pools.chunks, bytes);
    stream.BodyAppended();
  }

  // A whole unary request.
  void Request(Exchange& exchange, std::string_view body = "hello") {
    internal::HttpStream& stream = Open(exchange);
    stream.SendHead(0, false);
    Append(stream, body);
    stream.SendEnd();
  }

  Pools pools;
  RecordingHost host;
  RecordingClientEvents events;
  ClientSession session;

 private:
  const std::size_t piece_;
  FrameReader reader_;
};

constexpr char kRequest1[] =
    "HEADERS 1 :method=POST :scheme=http :authority=test.local :path=/a.B/C\n"
    "DATA 1 END_STREAM \"hello\"\n";

class Http2ClientTest : public ::testing::TestWithParam<std::size_t> {};

INSTANTIATE_TEST_SUITE_P(Pieces, Http2ClientTest, ::testing::Values(1, 9, 4096, std::string::npos),
                         [](const auto& piece) {
                           return piece.param == std::string::npos ? std::string("Whole")
                                                                   : std::to_string(piece.param);
                         });

TEST_P(Http2ClientTest, OpensWithPrefaceAndSettings) {
  Client client(GetParam());
  EXPECT_EQ(client.Take(),
            "PREFACE\n"
            "SETTINGS 2=0 6=8192 9=1\n");
  EXPECT_EQ(client.events.settings, 0);
  ASSERT_TRUE(client.Send(Settings({})).ok());
  EXPECT_EQ(client.events.settings, 1);
}

TEST_P(Http2ClientTest, UnaryCallRunsThrough) {
  Exchange call;
  Client client(GetParam());
  client.Start();
  client.Request(call);
  EXPECT_EQ(client.Take(), kRequest1);
  ASSERT_TRUE(client
                  .Send(Headers(1).Status(200).Field("content-type", "application/grpc").Render() +
                        Data(1, "wor").Render() + Data(1, "ld").Render() +
                        Headers(1).Field("grpc-status", "0").End().Render())
                  .ok());
  EXPECT_EQ(call.status, 200);
  EXPECT_EQ(call.fields, "content-type=application/grpc;");
  EXPECT_EQ(call.body, "world");
  EXPECT_EQ(call.trailers, "grpc-status=0;");
  EXPECT_EQ(call.closes, 1);
  EXPECT_EQ(call.close.cause, StreamClose::Cause::kComplete);
  EXPECT_EQ(client.Take(), "");
}

TEST_P(Http2ClientTest, HalfCloseWithNothingLeftIsAnEmptyDataFrame) {  // checklist 26
  Exchange call;
  Client client(GetParam());
  client.Start();
  internal::HttpStream& stream = client.Open(call);
  stream.SendHead(0, false);
  client.Append(stream, "x");
  EXPECT_TRUE(client.Take().ends_with("DATA 1 \"x\"\n"));
  stream.SendEnd();
  EXPECT_EQ(client.Take(), "DATA 1 END_STREAM \"\"\n");
}

TEST_P(Http2ClientTest, InformationalHeadsAreSkipped) {  // checklist 34
  Exchange call;
  Client client(GetParam());
  client.Start();
  client.Request(call);
  client.Take();
  ASSERT_TRUE(client
                  .Send(Headers(1).Status(100).Render() +
                        Headers(1).Status(103).Field("link", "x").Render())
                  .ok());
  EXPECT_EQ(call.status, 0);
  ASSERT_TRUE(client.Send(Headers(1).Status(200).Field("grpc-status", "0").End().Render()).ok());
  EXPECT_EQ(call.status, 200);
  EXPECT_EQ(call.fields, "grpc-status=0;");
  EXPECT_TRUE(call.ended);
  EXPECT_EQ(call.closes, 1);
}

TEST_P(Http2ClientTest, EndBeforeHalfCloseResetsWithNoError) {  // checklist 32
  Exchange call;
  Client client(GetParam());
  client.Start();
  internal::HttpStream& stream = client.Open(call);
  stream.SendHead(0, false);
  client.Append(stream, "more to come");
  client.Take();
  client.Append(stream, "unsent");
  ASSERT_TRUE(client.Send(Headers(1).Status(200).Field("grpc-status", "8").End().Render()).ok());
  EXPECT_EQ(call.closes, 1);
  EXPECT_EQ(call.close.cause, StreamClose::Cause::kComplete);
  EXPECT_EQ(client.Take(), "RST_STREAM 1 NO_ERROR\n");
  EXPECT_EQ(client.session.open_streams(), 0u);
}

TEST_P(Http2ClientTest, ResetCodesComeThrough) {  // checklist 35
  for (const std::uint32_t code : {0u, 1u, 2u, 3u, 7u, 8u, 11u, 12u}) {
    Exchange call;
    Client client(GetParam());
    client.Start();
    client.Request(call);
    client.Take();
    ASSERT_TRUE(client.Send(Headers(1).Status(200).Render() + RstStream(1, code)).ok());
    EXPECT_EQ(call.closes, 1);
    EXPECT_EQ(call.close.cause, StreamClose::Cause::kPeerReset);
    EXPECT_EQ(static_cast<std::uint32_t>(call.close.error), code);
  }
}

TEST_P(Http2ClientTest, GoAwayFreesStreamsAboveItAndLetsTheOthersRun) {  // checklist 42
  Exchange first, second;
  Client client(GetParam());
  client.Start();
  client.Request(first);
  client.Request(second);
  client.Take();
  ASSERT_TRUE(client.Send(GoAway(1, 0, "bye")).ok());
  EXPECT_EQ(client.events.goaways, 1);
  EXPECT_EQ(client.events.goaway_last, 1);
  EXPECT_EQ(client.events.goaway_debug, "bye");
  EXPECT_FALSE(client.session.can_open());
  EXPECT_EQ(second.closes, 1);
  EXPECT_EQ(second.close.cause, StreamClose::Cause::kGoAway);
  EXPECT_EQ(first.closes, 0);
  EXPECT_FALSE(client.session.finished());
  ASSERT_TRUE(client.Send(Headers(1).Status(200).Field("grpc-status", "0").End().Render()).ok());
  EXPECT_EQ(first.close.cause, StreamClose::Cause::kComplete);
  EXPECT_TRUE(client.session.finished());
}

TEST_P(Http2ClientTest, RequestThatNeverLeftIsSafeToRepeatAfterGoAway) {
  Exchange call;
  Client client(GetParam());
  client.Start();
  client.Request(call);
  ASSERT_TRUE(client.Send(GoAway(0x7fffffff, 0)).ok());
  EXPECT_EQ(client.Take(), "");
  EXPECT_EQ(call.closes, 1);
  EXPECT_EQ(call.close.cause, StreamClose::Cause::kGoAway);
}

TEST_P(Http2ClientTest, RequestWhoseHeadCannotBeSentEndsAloneAndIsNotToBeRepeated) {
  Exchange large, next;
  Client client(GetParam());
  client.Start();
  internal::HttpStream& stream = client.Open(large);
  stream.head_to_send().Add("x-large", std::string(100'000, 'x'));
  stream.SendHead(0, true);
  client.Take();
  EXPECT_EQ(large.closes, 1);
  EXPECT_EQ(large.close.cause, StreamClose::Cause::kProtocol);
  EXPECT_EQ(large.close.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(client.session.open_streams(), 0u);
  client.Request(next);
  EXPECT_NE(client.Take().find(":path=/a.B/C"), std::string::npos);
}

TEST_P(Http2ClientTest, RequestMadeWhenAnotherCouldNotBeSentGoesOutInTheSamePull) {
  Client client(GetParam());
  struct Repeating final : internal::HttpStreamEvents {
    void OnHead(internal::HttpHead&, bool) override {}
    void OnBody(internal::Slice) override {}
    void OnEnd(internal::HeaderList&) override {}
    void OnDrained() override {}
    void OnClosed(const StreamClose&) override { client->Request(*next); }
    Client* client = nullptr;
    Exchange* next = nullptr;
  };
  Exchange next;
  Repeating large;
  large.client = &client;
  large.next = &next;
  client.Start();
  internal::HttpStream& stream =
      client.session.OpenStream(large, RequestTarget("POST", "http", "test.local", "/a.B/C"), {});
  stream.head_to_send().Add("x-large", std::string(100'000, 'x'));
  stream.SendHead(0, true);
  internal::BufList out;
  ASSERT_TRUE(client.session.Pull(out, 64 * 1024).ok());
  EXPECT_NE(Flatten(out).find("hello"), std::string::npos);
  client.session.Abort(absl::CancelledError("the test is over"));
}

TEST_P(Http2ClientTest, StreamLimitOfThePeerIsKeptAndCapacityTold) {
  Exchange first, second;
  Client client(GetParam());
  client.Start(Settings({{3, 1}}));
  ASSERT_TRUE(client.session.can_open());
  client.Request(first);
  EXPECT_FALSE(client.session.can_open());
  client.Take();
  const int before = client.events.capacity;
  ASSERT_TRUE(client.Send(Settings({{3, 2}})).ok());
  EXPECT_GT(client.events.capacity, before);
  ASSERT_TRUE(client.session.can_open());
  client.Request(second);
  EXPECT_FALSE(client.session.can_open());
  const int full = client.events.capacity;
  ASSERT_TRUE(client.Send(Headers(1).Status(200).End().Render()).ok());
  EXPECT_GT(client.events.capacity, full);
  EXPECT_TRUE(client.session.can_open());
}

TEST_P(Http2ClientTest, ResetBeforeTheHeadNeverReachesTheWire) {
  Exchange call;
  Client client(GetParam());
  client.Start();
  client.Open(call).Reset(StreamError::kCancel);
  EXPECT_EQ(call.closes, 0);
  EXPECT_EQ(client.Take(), "");
  EXPECT_EQ(call.closes, 1);
  EXPECT_EQ(call.close.cause, StreamClose::Cause::kLocalReset);
}

TEST_P(Http2ClientTest, ResetBeforeTheFirstPullSendsNothingOrAReset) {
  Exchange call;
  Exchange next;
  Client client(GetParam());
  client.Start();
  client.Request(call);
  call.stream->Reset(StreamError::kCancel);
  EXPECT_EQ(call.closes, 0);
  client.Take();
  EXPECT_EQ(call.closes, 1);
  EXPECT_EQ(client.session.open_streams(), 0u);
  client.Request(next);
  EXPECT_NE(client.Take().find("HEADERS 3"), std::string::npos);
}

TEST_P(Http2ClientTest, PriorityIsSaidInTheRequestAndUpdated) {
  Exchange call;
  Client client(GetParam());
  client.Start(Settings({{9, 1}}));
  internal::HttpStream& stream = client.Open(call, "/p", Priority(1, /*incremental=*/true));
  stream.SendHead(0, false);
  EXPECT_EQ(client.Take(),
            "HEADERS 1 :method=POST :scheme=http :authority=test.local :path=/p priority=u=1, i\n");
  stream.SetPriority(Priority(6));
  EXPECT_EQ(client.Take(), "PRIORITY_UPDATE 1 \"u=6\"\n");
}

TEST_P(Http2ClientTest, UploadsObeyUrgency) {
  Exchange low, top;
  Client client(GetParam());
  client.Start(Settings({{4, 1 << 20}}) + WindowUpdate(0, 1 << 20));
  internal::HttpStream& slow = client.Open(low, "/low", Priority(6));
  slow.SendHead(0, false);
  internal::HttpStream& fast = client.Open(top, "/top", Priority(0));
  fast.SendHead(0, false);
  client.Append(slow, std::string(20'000, 'x'));
  slow.SendEnd();
  client.Append(fast, std::string(20'000, 'x'));
  fast.SendEnd();
  const std::string frames = client.Take();
  EXPECT_TRUE(
      frames.ends_with("DATA 3 16384\nDATA 3 END_STREAM 3616\n"
                       "DATA 1 16384\nDATA 1 END_STREAM 3616\n"))
      << frames;
}

TEST_P(Http2ClientTest, OversizedResponseHeadEndsTheStreamWithItsSize) {  // checklist 14
  Exchange call, other;
  Client client(GetParam());
  client.Start();
  client.Request(call);
  client.Request(other);
  client.Take();
  ASSERT_TRUE(client
                  .Send(Headers(1)
                            .Status(200)
                            .Field("x-a", std::string(9000, 'a'))
                            .Field("x-b", std::string(9000, 'b'))
                            .Split(10'000))
                  .ok());
  EXPECT_EQ(call.close.cause, StreamClose::Cause::kProtocol);
  EXPECT_EQ(call.close.status.ToString(),
            "RESOURCE_EXHAUSTED: the peer sent a response head of 18112 bytes on HTTP/2 stream 1, "
            "above the limit of 16384");
  EXPECT_EQ(client.Take(), "RST_STREAM 1 ENHANCE_YOUR_CALM\n");
  EXPECT_EQ(other.closes, 0);
}

TEST_P(Http2ClientTest, MalformedResponsesEndTheStream) {
  for (const std::string& bytes :
       {Headers(1).Field("no-status", "x").Render(),
        Headers(1).Status(200).Field("UP", "x").Render(), Headers(1).Status(101).Render(),
        Headers(1).Field(":status", "2x0").Render()}) {
    Exchange call;
    Client client(GetParam());
    client.Start();
    client.Request(call);
    client.Take();
    ASSERT_TRUE(client.Send(bytes).ok());
    EXPECT_EQ(client.Take(), "RST_STREAM 1 PROTOCOL_ERROR\n");
    EXPECT_EQ(call.closes, 1);
    EXPECT_EQ(call.close.cause, StreamClose::Cause::kProtocol);
    EXPECT_EQ(call.status, 0);
  }
}

TEST_P(Http2ClientTest, PushIsRefused) {
  Exchange call;
  Client client(GetParam());
  client.Start();
  client.Request(call);
  client.Take();
  EXPECT_FALSE(
      client
          .Send(RawFrame(5, 4, 1,
                         std::string("\0\0\0\2", 4) + testing::LiteralField(":path", "/pushed")))
          .ok());
}

TEST_P(Http2ClientTest, PingAnswerIsTold) {
  Client client(GetParam());
  client.Start();
  client.session.Ping(42);
  const std::string frame = client.Take();
  ASSERT_TRUE(client.Send(Ping(std::stoull(frame.substr(5)), true)).ok());
  EXPECT_EQ(client.events.ping_ack, 42u);
}

TEST_P(Http2ClientTest, DrainLetsOpenCallsFinish) {
  Exchange call;
  Client client(GetParam());
  client.Start();
  client.Request(call);
  client.session.Drain();
  EXPECT_FALSE(client.session.can_open());
  EXPECT_EQ(client.Take().substr(0, 19), "GOAWAY 0 NO_ERROR\nH");
  EXPECT_FALSE(client.session.finished());
  ASSERT_TRUE(client.Send(Headers(1).Status(200).End().Render()).ok());
  EXPECT_EQ(call.close.cause, StreamClose::Cause::kComplete);
  EXPECT_TRUE(client.session.finished());
}

TEST_P(Http2ClientTest, HeadOutlivesTheSession) {
  internal::HttpHead kept;
  {
    struct Keeper final : internal::HttpStreamEvents {
      void OnHead(internal::HttpHead& head, bool) override { swap(to->fields, head.fields); }
      void OnBody(internal::Slice) override {}
      void OnEnd(internal::HeaderList&) override {}
      void OnDrained() override {}
      void OnClosed(const internal::StreamClose&) override {}
      internal::HttpHead* to = nullptr;
    };
    static internal::ChunkPool chunks;
    static internal::BlockPool blocks;
    static StreamPool streams(chunks, blocks);
    Keeper keeper;
    keeper.to = &kept;
    RecordingHost host;
    RecordingClientEvents events;
    ClientSession session(SessionOptions(), streams, host, events);
    internal::HttpStream& stream =
        session.OpenStream(keeper, RequestTarget("GET", "http", "a", "/"), {});
    stream.SendHead(0, true);
    internal::BufList out;
    ASSERT_TRUE(session.Pull(out, 1 << 20).ok());
    ASSERT_TRUE(Feed(session, chunks,
                     Settings({}) + Headers(1).Status(200).Field("x-name", "value").Render(),
                     GetParam())
                    .ok());
  }
  EXPECT_EQ(kept.fields.Find("x-name"), "value");
}

}  // namespace
}  // namespace weft::http2
