#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"

// gRPC on the wire, the server's side: frames in, frames out.
namespace weft::testing {
namespace {

constexpr std::string_view kHead = ":status=200 content-type=application/grpc";

// As real clients say it: head, message and end.
std::string UnaryCall(std::uint32_t stream, std::string_view text) {
  return Call(stream, kUnary).Render() + Data(stream, Ask(text)).End().Render();
}

class GrpcServerTest : public ::testing::TestWithParam<std::size_t> {
 public:
  GrpcServerTest() {
    probe.unary = [](Probe& self, ServerContext&, const TestRequest& request,
                     TestReply& reply) -> Task<absl::Status> {
      self.Note(request.text());
      reply.set_text("re: " + request.text());
      co_return absl::OkStatus();
    };
  }

  Probe probe;
};

INSTANTIATE_TEST_SUITE_P(Sizes, GrpcServerTest, ::testing::ValuesIn(ByteSizes()), ByteSizeName);

TEST_P(GrpcServerTest, UnaryCallIsHeadMessageAndStatus) {  // checklist 4, 7, 28
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(UnaryCall(1, "hi"));
  WireStream& stream = server.Finish(client, 1);
  EXPECT_EQ(stream.head, kHead);
  EXPECT_EQ(Texts(stream), std::vector<std::string>{"re: hi"});
  EXPECT_EQ(stream.trailers, "grpc-status=0");
  EXPECT_EQ(stream.reset, "");
  EXPECT_EQ(probe.notes, std::vector<std::string>{"hi"});
}

TEST_P(GrpcServerTest, ContentTypeMayNameACodecOrParameters) {  // checklist 1, 8
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  std::uint32_t id = 1;
  for (const char* type :
       {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"}) {
    client.Send(Headers(id).Request("POST", kUnary).Field("content-type", type).Render() +
                Data(id, Ask("x")).End().Render());
    EXPECT_EQ(server.Finish(client, id).trailers, "grpc-status=0") << type;
    id += 2;
  }
}

TEST_P(GrpcServerTest, OtherContentTypesGet415) {  // checklist 1
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  std::uint32_t id = 1;
  for (const char* type : {"application/grpcfoo", "text/html", "application/grpc-web", ""}) {
    client.Send(Headers(id).Request("POST", kUnary).Field("content-type", type).Render() +
                Data(id, Ask("x")).End().Render());
    const WireStream& stream = server.Finish(client, id);
    EXPECT_EQ(stream.head.substr(0, 11), ":status=415") << type;
    EXPECT_EQ(stream.head.find("grpc-status"), std::string::npos) << stream.head;
    id += 2;
  }
  EXPECT_TRUE(probe.notes.empty());
}

TEST_P(GrpcServerTest, UnknownMethodsAndServicesAreTrailersOnly) {  // checklist 2, 4, 30
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  std::uint32_t id = 1;
  for (const std::string_view path :
       {"/weft.testing.TestService/Nothing", "/weft.testing.Unknown/Unary",
        "/weft.testing.TestService/unary", "/Unary", "/", "weft.testing.TestService/Unary",
        "/weft.testing.TestService/Unary/", "/.weft.testing.TestService/Unary"}) {
    client.Send(Call(id, path).Render() + Data(id, Ask("x")).End().Render());
    const WireStream& stream = server.Finish(client, id);
    if (path.front() != '/') {  // no path of HTTP at all
      EXPECT_NE(stream.reset, "") << path;
    } else {
      EXPECT_TRUE(stream.trailers_only()) << path;
      EXPECT_TRUE(stream.head.starts_with(std::string(kHead) + " grpc-status=12 grpc-message="))
          << stream.head;
    }
    id += 2;
  }
  EXPECT_TRUE(probe.notes.empty());
}

TEST_P(GrpcServerTest, OtherMethodsThanPostReachNoHandler) {  // checklist 3
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  std::uint32_t id = 1;
  for (const char* method : {"GET", "PUT", "DELETE", "HEAD"}) {
    client.Send(
        Headers(id).Request(method, kUnary).Field("content-type", "application/grpc").End());
    const WireStream& stream = server.Finish(client, id);
    EXPECT_EQ(stream.head.substr(0, 23), ":status=405 allow=POST ") << method;
    EXPECT_EQ(stream.body.empty(), method == std::string_view("HEAD"));
    id += 2;
  }
  EXPECT_TRUE(probe.notes.empty());
}

TEST_P(GrpcServerTest, MalformedTimeoutIsAnErrorAndNoHandlerRuns) {  // checklist 5
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  std::uint32_t id = 1;
  for (const char* timeout : {"123456789S", "1", "S", "", "-1S", "1 S", "1s", "1.5S"}) {
    client.Send(Call(id, kUnary).Field("grpc-timeout", timeout).Render() +
                Data(id, Ask("x")).End().Render());
    const WireStream& stream = server.Finish(client, id);
    EXPECT_TRUE(stream.trailers_only());
    EXPECT_TRUE(stream.head.starts_with(std::string(kHead) + " grpc-status=13 ")) << timeout;
    id += 2;
  }
  EXPECT_TRUE(probe.notes.empty());
}

TEST_P(GrpcServerTest, TimeoutIsTheHandlersDeadline) {  // checklist 5, 7
  probe.unary = [](Probe& self, ServerContext& context, const TestRequest&,
                   TestReply&) -> Task<absl::Status> {
    self.Note(context.deadline() == kNever
                  ? "never"
                  : std::to_string(context.time_left() / std::chrono::milliseconds(1)));
    co_return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  std::uint32_t id = 1;
  for (const char* timeout : {"1H", "2M", "00000003S", "4000m", "5000000u", "6000000n"}) {
    client.Send(Call(id, kUnary).Field("grpc-timeout", timeout).Render() +
                Data(id, Ask("x")).End().Render());
    EXPECT_EQ(server.Finish(client, id).trailers, "grpc-status=0") << timeout;
    id += 2;
  }
  client.Send(UnaryCall(id, "x"));
  server.Finish(client, id);
  EXPECT_EQ(probe.notes,
            (std::vector<std::string>{"3600000", "120000", "3000", "4000", "5000", "6", "never"}));
}

TEST_P(GrpcServerTest, MetadataComesInOrderAndGoesBack) {  // checklist 10, 11, 12, 13
  probe.unary = [](Probe& self, ServerContext& context, const TestRequest&,
                   TestReply&) -> Task<absl::Status> {
    for (std::string_view value : context.metadata().GetAll("x-many")) self.Note(value);
    for (const std::string& value : context.metadata().GetBinary("x-bytes-bin")) self.Note(value);
    for (const auto& [key, value] : context.metadata().All()) {
      if (!key.ends_with("-bin")) context.AddTrailingMetadata(key, value);
    }
    EXPECT_TRUE(context.AddInitialMetadata("x-first", "1"));
    EXPECT_TRUE(context.AddTrailingMetadata("x-raw-bin", std::string_view("\0\xff", 2)));
    EXPECT_FALSE(context.AddTrailingMetadata("grpc-status", "0"));
    EXPECT_FALSE(context.AddTrailingMetadata("X-Upper", "0"));
    EXPECT_FALSE(context.AddTrailingMetadata("x-line", "a\nb"));
    co_return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kUnary)
                  .Field("x-many", "a")
                  .Field("x-other", "o")
                  .Field("x-many", "b,c")
                  .Field("x-bytes-bin", "AAE=,AAI")
                  .Field("x-bytes-bin", "AAM")
                  .Field("x-latin", "caf\xe9")
                  .Field("x-empty", "")
                  .Render() +
              Data(1, Ask("x")).End().Render());
  const WireStream& stream = server.Finish(client, 1);
  EXPECT_EQ(probe.notes,
            (std::vector<std::string>{"a", "b,c", std::string("\0\x01", 2),
                                      std::string("\0\x02", 2), std::string("\0\x03", 2)}));
  EXPECT_EQ(stream.head, std::string(kHead) + " x-first=1");
  EXPECT_TRUE(stream.trailers.starts_with("grpc-status=0 x-many=a x-other=o x-many=b,c"))
      << stream.trailers;
  EXPECT_TRUE(stream.trailers.ends_with("x-raw-bin=AP8")) << stream.trailers;
}

TEST_P(GrpcServerTest, HeaderListAboveTheHardLimitGets431) {  // checklist 14
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kUnary)
                  .Field("x-a", std::string(9000, 'a'))
                  .Field("x-b", std::string(9000, 'b'))
                  .Split(10'000)
                  .End());
  EXPECT_EQ(server.Finish(client, 1).head, ":status=431");
  client.Send(UnaryCall(3, "still here"));
  EXPECT_EQ(server.Finish(client, 3).trailers, "grpc-status=0");
}

TEST_P(GrpcServerTest, MessageMayBeSplitAtEveryByte) {  // checklist 15
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  const std::string body = Ask("split me");
  std::uint32_t id = 1;
  for (std::size_t at = 0; at <= body.size(); ++at) {
    client.Send(Call(id, kUnary).Render() + Data(id, body.substr(0, at)).Pad(3).Render() +
                Data(id, "").Render() + Data(id, body.substr(at)).Render() +
                Data(id, "").End().Render());
    EXPECT_EQ(Texts(server.Finish(client, id)), std::vector<std::string>{"re: split me"}) << at;
    id += 2;
  }
}

TEST_P(GrpcServerTest, SeveralMessagesMayShareAFrame) {  // checklist 15, 26
  probe.client_stream = [](Probe& self, ServerContext&, ServerReader<TestRequest>& reader,
                           TestReply& reply) -> Task<absl::Status> {
    TestRequest request;
    while (co_await reader.Read(request)) self.Note(request.text());
    reply.set_count(static_cast<int>(self.notes.size()));
    co_return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  const std::string all = Ask("one") + Ask("two") + Ask("") + Ask("four");
  client.Send(Call(1, kClientStream).Render() + Data(1, all.substr(0, 12)).Render() +
              Data(1, all.substr(12)).Pad(9).Render() + Data(1, "").End().Render());
  EXPECT_EQ(server.Finish(client, 1).trailers, "grpc-status=0");
  EXPECT_EQ(probe.notes, (std::vector<std::string>{"one", "two", "", "four"}));
}

TEST_P(GrpcServerTest, LimitIsOnTheMessageAndEqualPasses) {  // checklist 16
  ServerUnderTest server(GetParam(), probe, ServerOptions().set_receive_limit(100));
  WireClient& client = server.ConnectHttp2();
  const std::string fits(98, 'x');  // two bytes of tag and length
  ASSERT_EQ(Ask(fits).size(), 105u);
  client.Send(UnaryCall(1, fits));
  EXPECT_EQ(server.Finish(client, 1).trailers, "grpc-status=0");
  client.Send(UnaryCall(3, fits + "x"));
  const WireStream& stream = server.Finish(client, 3);
  EXPECT_TRUE(stream.head.starts_with(std::string(kHead) + " grpc-status=8 ")) << stream.head;
  EXPECT_EQ(probe.notes.size(), 1u);
}

TEST_P(GrpcServerTest, LengthOverTheLimitEndsTheCallBeforeAnyOfIt) {  // checklist 16
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kUnary).Render() +
              Data(1, std::string_view("\0\xff\xff\xff\xff", 5)).Render());
  const WireStream& stream = server.Finish(client, 1);
  EXPECT_TRUE(stream.head.starts_with(std::string(kHead) + " grpc-status=8 ")) << stream.head;
  ASSERT_TRUE(server.Until([&] { return stream.reset == "NO_ERROR"; }));
}

TEST_P(GrpcServerTest, CompressedFlagWithoutEncodingIsInternal) {  // checklist 18
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  std::uint32_t id = 1;
  for (const char flag : {'\1', '\2', '\x80'}) {
    std::string body = Ask("x");
    body[0] = flag;
    client.Send(Call(id, kUnary).Field("grpc-encoding", "identity").Render() +
                Data(id, body).End().Render());
    const WireStream& stream = server.Finish(client, id);
    EXPECT_TRUE(stream.head.starts_with(std::string(kHead) + " grpc-status=13 ")) << stream.head;
    id += 2;
  }
}

TEST_P(GrpcServerTest, UnknownEncodingIsUnimplementedAndTellsWhatIsAccepted) {  // checklist 21
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kUnary).Field("grpc-encoding", "snappy").Render() +
              Data(1, Ask("x")).End().Render());
  const WireStream& stream = server.Finish(client, 1);
  EXPECT_TRUE(stream.trailers_only());
  EXPECT_NE(stream.head.find(" grpc-status=12 "), std::string::npos) << stream.head;
  EXPECT_NE(stream.head.find(" grpc-accept-encoding=identity"), std::string::npos) << stream.head;
}

TEST_P(GrpcServerTest, UnaryWithoutOrWithTwoMessagesIsUnimplemented) {  // checklist 27
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kUnary).End());
  client.Send(Call(3, kUnary).Render() + Data(3, "").End().Render());
  client.Send(Call(5, kUnary).Render() + Data(5, Ask("a") + Ask("b")).End().Render());
  client.Send(Call(7, kServerStream).Render() + Data(7, Ask("a")).Render() +
              Data(7, Ask("b")).End().Render());
  for (const std::uint32_t id : {1u, 3u, 5u, 7u}) {
    const WireStream& stream = server.Finish(client, id);
    EXPECT_TRUE(stream.head.starts_with(std::string(kHead) + " grpc-status=12 ")) << id;
  }
  EXPECT_TRUE(probe.notes.empty());
}

TEST_P(GrpcServerTest, BodyThatEndsInsideAMessageIsInternal) {  // checklist 15
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  const std::string body = Ask("cut off");
  client.Send(Call(1, kUnary).Render() + Data(1, body.substr(0, 3)).End().Render());
  client.Send(Call(3, kUnary).Render() + Data(3, body.substr(0, 8)).End().Render());
  for (const std::uint32_t id : {1u, 3u}) {
    const WireStream& stream = server.Finish(client, id);
    EXPECT_TRUE(stream.head.starts_with(std::string(kHead) + " grpc-status=13 ")) << stream.head;
  }
}

TEST_P(GrpcServerTest, BrokenMessageIsInternalWhateverTheHandlerReturns) {  // checklist 39
  probe.bidi = [](Probe& self, ServerContext& context,
                  ServerReaderWriter<TestRequest, TestReply>& stream) -> Task<absl::Status> {
    TestRequest request;
    while (co_await stream.Read(request)) self.Note(request.text());
    self.Note(context.cancelled() ? "cancelled" : "not cancelled");
    absl::Status written = co_await stream.Write(TestReply::default_instance());
    self.Note(written.ok() ? "written" : "refused");
    co_return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kUnary).Render() + Data(1, Envelope("\xff\xff")).End().Render());
  EXPECT_TRUE(server.Finish(client, 1).head.starts_with(std::string(kHead) + " grpc-status=13 "));
  client.Send(Call(3, kBidi).Render() + Data(3, Ask("good") + Envelope("\xff\xff")).Render());
  EXPECT_TRUE(server.Finish(client, 3).head.starts_with(std::string(kHead) + " grpc-status=13 "));
  ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
  EXPECT_EQ(probe.notes, (std::vector<std::string>{"good", "cancelled", "refused"}));
}

TEST_P(GrpcServerTest, MessageTextIsPercentEncoded) {  // checklist 29, 30, 31
  probe.unary = [](Probe&, ServerContext&, const TestRequest& request,
                   TestReply&) -> Task<absl::Status> {
    co_return absl::NotFoundError(request.text());
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(UnaryCall(1, "100% of \xc3\xa9\n"));
  WireStream& stream = server.Finish(client, 1);
  EXPECT_TRUE(stream.trailers_only());
  EXPECT_EQ(stream.head, std::string(kHead) + " grpc-status=5 grpc-message=100%25 of %C3%A9%0A");
  client.Send(UnaryCall(3, ""));
  EXPECT_EQ(server.Finish(client, 3).head, std::string(kHead) + " grpc-status=5");
}

TEST_P(GrpcServerTest, ErrorDetailsRideInTheTrailers) {
  probe.server_stream = [](Probe&, ServerContext& context, const TestRequest&,
                           ServerWriter<TestReply>& writer) -> Task<absl::Status> {
    absl::Status written = co_await writer.Write(TestReply::default_instance());
    absl::Status status = absl::AbortedError("later");
    status.SetPayload("type.googleapis.com/x.Y", absl::Cord("ab"));
    context.AddTrailingMetadata("x-why", "because");
    co_return written.ok() ? status : written;
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kServerStream).Render() + Data(1, Ask("x")).End().Render());
  const WireStream& stream = server.Finish(client, 1);
  EXPECT_EQ(stream.head, kHead);
  EXPECT_EQ(stream.messages().size(), 1u);
  EXPECT_TRUE(
      stream.trailers.starts_with("grpc-status=10 grpc-message=later grpc-status-details-bin="))
      << stream.trailers;
  EXPECT_TRUE(stream.trailers.ends_with(" x-why=because")) << stream.trailers;
}

TEST_P(GrpcServerTest, HandlerThatThrowsIsUnknownAndKeepsItsText) {  // checklist 39
  probe.unary = [](Probe&, ServerContext&, const TestRequest& request,
                   TestReply&) -> Task<absl::Status> {
    if (request.text() == "int") throw 7;
    throw std::runtime_error("the password is 1234");
    co_return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(UnaryCall(1, "int") + UnaryCall(3, "error"));
  for (const std::uint32_t id : {1u, 3u}) {
    const WireStream& stream = server.Finish(client, id);
    EXPECT_TRUE(stream.head.starts_with(std::string(kHead) + " grpc-status=2 ")) << stream.head;
    EXPECT_EQ(stream.head.find("1234"), std::string::npos) << stream.head;
  }
}

TEST_P(GrpcServerTest, ServersNeverInventApplicationCodes) {  // checklist 38
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  const std::string broken[] = {
      Call(1, "/none").End(),
      Call(3, kUnary).End(),
      Call(5, kUnary).Render() + Data(5, "\7").End().Render(),
      Call(7, kUnary).Field("grpc-timeout", "x").End(),
      Call(9, kUnary).Field("grpc-encoding", "x").End(),
      Call(11, kUnary).Render() + Data(11, Envelope("\xff")).End().Render(),
      Call(13, kBidi).End(),
  };
  std::uint32_t id = 1;
  for (const std::string& bytes : broken) {
    client.Send(bytes);
    const std::string head = server.Finish(client, id).head;
    for (const char* code : {"3", "5", "6", "9", "10", "11", "15"}) {
      EXPECT_EQ(head.find(std::string("grpc-status=") + code + " "), std::string::npos) << head;
    }
    id += 2;
  }
}

TEST_P(GrpcServerTest, HeadIsHeldBackUntilTheFirstMessageOrSaidSo) {  // checklist 31
  probe.bidi = [](Probe&, ServerContext& context,
                  ServerReaderWriter<TestRequest, TestReply>& stream) -> Task<absl::Status> {
    TestRequest request;
    while (co_await stream.Read(request)) {
      if (request.text() == "head") context.SendInitialMetadata();
      if (request.text() == "late") {
        EXPECT_FALSE(context.AddInitialMetadata("x-late", "1"));
      }
    }
    co_return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kBidi).Render() + Data(1, Ask("wait")).Render());
  server.Settle(client);
  EXPECT_EQ(client.stream(1).head, "");
  client.Send(Data(1, Ask("head")));
  ASSERT_TRUE(server.Until([&] { return client.stream(1).head == kHead; }));
  client.Send(Data(1, Ask("late")).End());
  EXPECT_EQ(server.Finish(client, 1).trailers, "grpc-status=0");
}

TEST_P(GrpcServerTest, StreamEchoesWhileBothSidesAreOpen) {  // checklist 26
  probe.bidi = EchoTexts;
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kBidi));
  std::vector<std::string> sent;
  for (int i = 0; i < 5; ++i) {
    sent.push_back(std::to_string(i));
    client.Send(Data(1, Ask(sent.back())));
    ASSERT_TRUE(server.Until([&] { return Texts(client.stream(1)) == sent; })) << i;
  }
  client.Send(Data(1, "").End());
  EXPECT_EQ(server.Finish(client, 1).trailers, "grpc-status=0");
}

TEST_P(GrpcServerTest, EarlyFinishIsTrailersThenResetWithNoError) {  // checklist 32
  probe.client_stream = [](Probe&, ServerContext&, ServerReader<TestRequest>&,
                           TestReply& reply) -> Task<absl::Status> {
    reply.set_text("enough");
    co_return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kClientStream).Render() + Data(1, Ask("a")).Render());
  WireStream& stream = server.Finish(client, 1);
  EXPECT_EQ(Texts(stream), std::vector<std::string>{"enough"});
  EXPECT_EQ(stream.trailers, "grpc-status=0");
  ASSERT_TRUE(server.Until([&] { return stream.reset == "NO_ERROR"; }));
  client.Send(Data(1, Ask("late")).End());
  server.Settle(client);
  EXPECT_EQ(server.open_calls(), 0u);
}

TEST_P(GrpcServerTest, LargeMessagesPassTheWindowsBothWays) {  // checklist 15
  probe.unary = [](Probe&, ServerContext&, const TestRequest& request,
                   TestReply& reply) -> Task<absl::Status> {
    reply.set_payload(request.payload());
    co_return absl::OkStatus();
  };
  ServerUnderTest server(std::max<std::size_t>(GetParam(), 9), probe);
  WireClient& client = server.ConnectHttp2();
  TestRequest request;
  for (int i = 0; i < 100'000; ++i) request.mutable_payload()->push_back(static_cast<char>(i * 7));
  const std::string body = Envelope(request.SerializeAsString());
  client.Send(Call(1, kUnary));
  for (std::size_t at = 0; at < body.size(); at += 16384) {
    client.Send(at + 16384 >= body.size() ? Data(1, body.substr(at)).End()
                                          : Data(1, body.substr(at, 16384)));
    server.Settle(client);  // until the window is open again
  }
  const WireStream& stream = server.Finish(client, 1);
  EXPECT_EQ(stream.trailers, "grpc-status=0");
  ASSERT_EQ(stream.messages().size(), 1u);
  TestReply reply;
  ASSERT_TRUE(reply.ParseFromString(stream.messages()[0]));
  EXPECT_EQ(reply.payload(), request.payload());
}

TEST_P(GrpcServerTest, ReplyOverTheSendLimitIsResourceExhausted) {  // checklist 16
  ServerUnderTest server(GetParam(), probe, ServerOptions().set_send_limit(10));
  WireClient& client = server.ConnectHttp2();
  client.Send(UnaryCall(1, "a longer text"));
  EXPECT_TRUE(server.Finish(client, 1).head.starts_with(std::string(kHead) + " grpc-status=8 "));
}

TEST_P(GrpcServerTest, OneBrokenConnectionLeavesOthersUnharmed) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& good = server.ConnectHttp2();
  const std::string broken[] = {
      Preface() + RawFrame(4, 0, 0, "12345"),
      Preface() + Settings({}) + Data(1, "no stream").Render(),
      Preface() + Settings({}) + RawFrame(1, 4, 1, "\xff\xff\xff"),
      "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00", 7),
  };
  for (const std::string& bytes : broken) {
    WireClient& bad = server.Connect();
    bad.Send(bytes + std::string(1000, 'x'));
    bad.EndWrites();
    EXPECT_TRUE(server.Until([&] { return bad.closed(); }));
  }
  good.Send(UnaryCall(1, "hi"));
  EXPECT_EQ(server.Finish(good, 1).trailers, "grpc-status=0");
  ASSERT_TRUE(server.Until([&] { return server.shard().connection_count() == 1; }));
}

}  // namespace
}  // namespace weft::testing
