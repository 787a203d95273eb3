#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"
#include "weft/sleep.h"

// JSON on the wire, over HTTP/1.1 and HTTP/2.
namespace weft::testing {
namespace {

using std::chrono::seconds;

std::string Post(std::string_view path, std::string_view body, std::string_view fields = "") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: test.local\r\nContent-Type: application/json\r\n" +
         std::string(fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

struct Response {
  int status = 0;
  std::string head;  // with its status line, in small letters but for values
  std::string body;
  bool has(std::string_view field) const { return head.find(field) != std::string::npos; }
};

// Takes a whole response off the front of `bytes`; status 0 when it isn't complete. `eof`: a body
// may end with the connection. `bodyless`: the answer to HEAD.
Response TakeResponse(std::string& bytes, bool eof = false, bool bodyless = false) {
  Response response;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  response.head = bytes.substr(0, end + 2);
  std::size_t at = end + 4;
  const std::size_t length = response.head.find("content-length: ");
  if (bodyless) {
  } else if (length != std::string::npos) {
    const std::size_t size = std::stoul(response.head.substr(length + 16));
    if (bytes.size() < at + size) return {};
    response.body = bytes.substr(at, size);
    at += size;
  } else if (response.has("transfer-encoding: chunked")) {
    while (true) {
      const std::size_t line = bytes.find("\r\n", at);
      if (line == std::string::npos) return {};
      const std::size_t size = std::stoul(bytes.substr(at, line - at), nullptr, 16);
      if (bytes.size() < line + 4 + size) return {};
      response.body += bytes.substr(line + 2, size);
      at = line + 4 + size;
      if (size == 0) break;
    }
  } else {
    if (!eof) return {};
    response.body = bytes.substr(at);
    at = bytes.size();
  }
  response.status = std::stoi(response.head.substr(9));
  bytes.erase(0, at);
  return response;
}

class JsonServerTest : public ::testing::TestWithParam<std::size_t> {
 public:
  JsonServerTest() {
    probe.unary = [](Probe& self, ServerContext& context, const TestRequest& request,
                     TestReply& reply) -> Task<absl::Status> {
      self.Note(request.text());
      EXPECT_EQ(context.protocol(), "json");
      reply.set_text("re: " + request.text());
      co_return absl::OkStatus();
    };
  }
  Response Answer(ServerUnderTest& server, WireClient& client, bool bodyless = false) {
    Response response;
    EXPECT_TRUE(server.Until([&] {
      response = TakeResponse(client.received(), client.closed(), bodyless);
      return response.status != 0 || client.closed();
    })) << client.received();
    return response;
  }

  Probe probe;
};

INSTANTIATE_TEST_SUITE_P(Sizes, JsonServerTest, ::testing::ValuesIn(ByteSizes()), ByteSizeName);

TEST_P(JsonServerTest, CallsShareAConnection) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  for (const char* name : {"a", "b", "\u00e9"}) {
    client.Send(Post(kUnary, "{\"text\": \"" + std::string(name) + "\"}"));
    const Response response = Answer(server, client);
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.has("content-type: application/json\r\n")) << response.head;
    EXPECT_EQ(response.body, "{\"text\":\"re: " + std::string(name) + "\"}");
  }
  EXPECT_EQ(server.shard().connection_count(), 1u);
}

// protobuf's printer would leave such bytes out.
TEST_P(JsonServerTest, ReplyWhoseTextIsNotUtf8IsAnInternalError) {
  probe.unary = [](Probe&, ServerContext&, const TestRequest&,
                   TestReply& reply) -> Task<absl::Status> {
    reply.set_text("ab\xff");
    co_return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  client.Send(Post(kUnary, "{}"));
  const Response response = Answer(server, client);
  EXPECT_EQ(response.status, 500);
  EXPECT_NE(response.body.find("weft.testing.TestReply.text"), std::string::npos) << response.body;
  EXPECT_NE(response.body.find("not UTF-8"), std::string::npos);
}

// JSON has no trailers: the head of a unary reply carries all of the metadata.
TEST_P(JsonServerTest, TrailingMetadataStandsInTheHeadOfAReply) {
  probe.unary = [](Probe&, ServerContext& context, const TestRequest&,
                   TestReply&) -> Task<absl::Status> {
    context.AddInitialMetadata("first", "1");
    context.AddTrailingMetadata("last", "2");
    co_return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  client.Send(Post(kUnary, "{}"));
  const Response response = Answer(server, client);
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.has("first: 1\r\n")) << response.head;
  EXPECT_TRUE(response.has("last: 2\r\n")) << response.head;
}

TEST_P(JsonServerTest, PipelinedCallsAreAnsweredInOrder) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  client.Send(Post(kUnary, R"({"text":"1"})") + Post("/none", "{}") +
              Post(kUnary, R"({"text":"2"})") + "GET / HTTP/1.1\r\nHost: test.local\r\n\r\n" +
              Post(kUnary, R"({"text":"3"})"));
  EXPECT_EQ(Answer(server, client).body, R"({"text":"re: 1"})");
  EXPECT_EQ(Answer(server, client).status, 501);
  EXPECT_EQ(Answer(server, client).body, R"({"text":"re: 2"})");
  EXPECT_EQ(Answer(server, client).status, 404);
  EXPECT_EQ(Answer(server, client).body, R"({"text":"re: 3"})");
}

TEST_P(JsonServerTest, BodyMayBeChunked) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  client.Send("POST " + std::string(kUnary) +
              " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json; charset=utf-8\r\n"
              "Transfer-Encoding: chunked\r\n\r\n"
              "4\r\n{\"te\r\n3;x=y\r\nxt\"\r\n5\r\n:\"c\"}\r\n0\r\nx-sum: 1\r\n\r\n");
  EXPECT_EQ(Answer(server, client).body, R"({"text":"re: c"})");
}

TEST_P(JsonServerTest, OtherMethodsThanPostReachNoHandler) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  const std::string rest = " HTTP/1.1\r\nHost: h\r\n";
  const std::string json = "Content-Type: application/json\r\nContent-Length: 0\r\n";
  for (const char* method : {"GET", "HEAD", "DELETE", "PUT"}) {
    const bool put = std::string_view(method) == "PUT";
    client.Send(std::string(method)
                    .append(" ")
                    .append(kUnary)
                    .append(put ? "" : "?a=b")
                    .append(rest)
                    .append(put ? json : "")
                    .append("\r\n"));
    const bool bodyless = std::string_view(method) == "HEAD";
    const Response refused = Answer(server, client, bodyless);
    EXPECT_EQ(refused.status, 405) << method;
    EXPECT_TRUE(refused.has("allow: POST\r\n")) << refused.head;
  }
  for (const char* nothing : {"GET /", "HEAD /weft.testing.TestService/Nothing"}) {
    client.Send(nothing + rest + "\r\n");
    const bool bodyless = std::string_view(nothing).starts_with("HEAD");
    EXPECT_EQ(Answer(server, client, bodyless).status, 404) << nothing;
  }
  client.Send(Post(kUnary, R"({"text":"ok"})"));
  EXPECT_EQ(Answer(server, client).body, R"({"text":"re: ok"})");
  EXPECT_EQ(probe.notes, std::vector<std::string>{"ok"});
}

TEST_P(JsonServerTest, ErrorsHaveTheirHttpStatusAndDetails) {
  probe.unary = [](Probe&, ServerContext& context, const TestRequest& request,
                   TestReply&) -> Task<absl::Status> {
    absl::Status status(static_cast<absl::StatusCode>(request.code()), request.text());
    status.SetPayload("type.googleapis.com/weft.testing.TestReply", absl::Cord("\x0a\x01z"));
    status.SetPayload("type.googleapis.com/not.Linked", absl::Cord("ab"));
    context.AddInitialMetadata("x-first", "1");
    context.AddTrailingMetadata("x-last", "2");
    co_return status;
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  const int expected[] = {499, 500, 400, 504, 404, 409, 403, 429,
                          400, 409, 400, 501, 500, 503, 500, 401};
  for (int code = 1; code <= 16; ++code) {
    client.Send(
        Post(kUnary, "{\"text\":\"say \\\"no\\\"\",\"code\":" + std::to_string(code) + "}"));
    const Response response = Answer(server, client);
    EXPECT_EQ(response.status, expected[code - 1]) << code;
    EXPECT_TRUE(response.has("content-type: application/json\r\n")) << response.head;
    EXPECT_TRUE(response.has("x-first: 1\r\n")) << response.head;
    EXPECT_TRUE(response.has("x-last: 2\r\n")) << response.head;
    EXPECT_TRUE(response.body.starts_with("{\"code\":" + std::to_string(code) +
                                          ",\"message\":\"say \\\"no\\\"\",\"details\":["))
        << response.body;
    EXPECT_NE(
        response.body.find(R"({"@type":"type.googleapis.com/weft.testing.TestReply","text":"z"})"),
        std::string::npos)
        << response.body;
    EXPECT_NE(response.body.find(R"({"@type":"type.googleapis.com/not.Linked","value":"YWI="})"),
              std::string::npos)
        << response.body;
  }
}

TEST_P(JsonServerTest, MalformedJsonIs400) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  for (const char* body : {"", "{", "[]", "{\"text\":1", "{\"text\":{}}", "{\"nothing\":1}",
                           "{\"count\":\"x\"}", "{\"text\":\"\\ud800\"}", "{}{}"}) {
    client.Send(Post(kUnary, body));
    const Response response = Answer(server, client);
    EXPECT_EQ(response.status, 400) << body << response.body;
    EXPECT_TRUE(response.body.starts_with("{\"code\":3,")) << response.body;
  }
  EXPECT_TRUE(probe.notes.empty());
  client.Send(Post(kUnary, "{}"));
  EXPECT_EQ(Answer(server, client).status, 200);
}

TEST_P(JsonServerTest, WrongContentTypeIs415AndTheConnectionLives) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  for (const char* type : {"text/plain", "application/grpc", "application/jsonx", "json", ""}) {
    client.Send("POST " + std::string(kUnary) + " HTTP/1.1\r\nHost: h\r\nContent-Type: " + type +
                "\r\nContent-Length: 2\r\n\r\n{}");
    EXPECT_EQ(Answer(server, client).status, 415) << type;
  }
  client.Send(Post(kUnary, "{}"));
  EXPECT_EQ(Answer(server, client).status, 200);
}

TEST_P(JsonServerTest, TooLargeBodyIs429) {  // checklist 16
  ServerUnderTest server(GetParam(), probe, ServerOptions().set_receive_limit(100));
  WireClient& client = server.Connect();
  client.Send(Post(kUnary, "{\"text\":\"" + std::string(89, 'x') + "\"}"));
  EXPECT_EQ(Answer(server, client).status, 200);
  client.Send(Post(kUnary, "{\"text\":\"" + std::string(90, 'x') + "\"}"));
  const Response response = Answer(server, client);
  EXPECT_EQ(response.status, 429);
  EXPECT_TRUE(response.body.starts_with("{\"code\":8,")) << response.body;
  EXPECT_NE(response.body.find("ServerOptions::set_receive_limit"), std::string::npos)
      << response.body;
  client.Send(Post(kUnary, "{}"));
  EXPECT_EQ(Answer(server, client).status, 200);
  client.Send("POST " + std::string(kUnary) +
              " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
              "Transfer-Encoding: chunked\r\n\r\n65\r\n" +
              std::string(101, ' ') + "\r\n0\r\n\r\n");
  EXPECT_EQ(Answer(server, client).status, 429);
}

// RFC 9110 §10.1.1: the length alone is reason enough; 9112 §9.3: the client may send the body all
// the same, so that the connection is of no more use.
TEST_P(JsonServerTest, BodyThatIsToldToBeTooLargeIsRefusedWithout100) {
  ServerUnderTest server(GetParam(), probe, ServerOptions().set_receive_limit(100));
  WireClient& client = server.Connect();
  client.Send("POST " + std::string(kUnary) +
              " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
              "Expect: 100-continue\r\nContent-Length: 101\r\n\r\n");
  const Response response = Answer(server, client);
  EXPECT_EQ(response.status, 429) << response.head;
  EXPECT_NE(response.body.find("message of 101 bytes"), std::string::npos) << response.body;
  EXPECT_TRUE(response.has("connection: close\r\n")) << response.head;
}

TEST_P(JsonServerTest, DeadlineIs504) {
  probe.unary = [](Probe& self, ServerContext& context, const TestRequest&,
                   TestReply&) -> Task<absl::Status> {
    self.Note("go");
    absl::Status slept = co_await Sleep(std::chrono::hours(1));
    self.Note(context.cancelled() ? "cancelled" : "not cancelled");
    co_return slept;
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  client.Send(Post(kUnary, "{}", "Grpc-Timeout: 2S\r\n"));
  ASSERT_TRUE(server.Until([this] { return !probe.notes.empty(); }));
  server.Advance(seconds(3));
  const Response response = Answer(server, client);
  EXPECT_EQ(response.status, 504);
  EXPECT_TRUE(response.body.starts_with("{\"code\":4,")) << response.body;
  EXPECT_EQ(probe.notes, (std::vector<std::string>{"go", "cancelled"}));
}

TEST_P(JsonServerTest, ServerStreamIsLines) {
  probe.server_stream = [](Probe&, ServerContext&, const TestRequest& request,
                           ServerWriter<TestReply>& writer) -> Task<absl::Status> {
    TestReply reply;
    for (int i = 0; i < request.count(); ++i) {
      reply.set_count(i + 1);
      absl::Status written = co_await writer.Write(reply);
      if (!written.ok()) co_return written;
    }
    co_return absl::Status(static_cast<absl::StatusCode>(request.code()), request.text());
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  client.Send(Post(kServerStream, R"({"count":3})"));
  Response response = Answer(server, client);
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.has("content-type: application/x-ndjson\r\n")) << response.head;
  EXPECT_EQ(response.body, "{\"count\":1}\n{\"count\":2}\n{\"count\":3}\n");
  client.Send(Post(kServerStream, "{}"));
  response = Answer(server, client);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  // An error after the first line can only be a line; before it, it is the answer.
  client.Send(Post(kServerStream, R"({"count":1,"code":5,"text":"gone"})"));
  response = Answer(server, client);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            "{\"count\":1}\n{\"error\":{\"code\":5,\"message\":\"gone\",\"details\":[]}}\n");
  client.Send(Post(kServerStream, R"({"code":5,"text":"gone"})"));
  response = Answer(server, client);
  EXPECT_EQ(response.status, 404);
}

TEST_P(JsonServerTest, StreamsOfRequestsAreRefused) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  client.Send(Post(kClientStream, "{}"));
  EXPECT_EQ(Answer(server, client).status, 501);
  client.Send(Post(kBidi, "{}"));
  EXPECT_EQ(Answer(server, client).status, 501);
}

TEST_P(JsonServerTest, Http2CarriesTheSame) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  const auto post = [](std::uint32_t id, std::string_view body) {
    return Headers(id).Request("POST", kUnary).Field("content-type", "application/json").Render() +
           Data(id, body).End().Render();
  };
  client.Send(post(1, R"({"text":"h2"})") + post(3, "{"));
  const WireStream& good = server.Finish(client, 1);
  EXPECT_EQ(good.head, ":status=200 content-type=application/json");
  EXPECT_EQ(good.body, R"({"text":"re: h2"})");
  EXPECT_EQ(good.trailers, "");
  const WireStream& bad = server.Finish(client, 3);
  EXPECT_EQ(bad.head, ":status=400 content-type=application/json");
}

TEST_P(JsonServerTest, Http2BodyThatIsToldToBeTooLargeIsRefusedAtItsHead) {
  ServerUnderTest server(GetParam(), probe, ServerOptions().set_receive_limit(100));
  WireClient& client = server.ConnectHttp2();
  client.Send(Headers(1)
                  .Request("POST", kUnary)
                  .Field("content-type", "application/json")
                  .Field("content-length", "101")
                  .Field("expect", "100-continue")
                  .Render());
  const WireStream& refused = server.Finish(client, 1);
  EXPECT_EQ(refused.head, ":status=429 content-type=application/json");
}

// Calls and streams are pooled: what one protocol leaves in them must not show in the other.
TEST_P(JsonServerTest, BothProtocolsUseOneMethodInTurns) {
  probe.unary = [](Probe&, ServerContext&, const TestRequest& request,
                   TestReply& reply) -> Task<absl::Status> {
    reply.set_text("re: " + request.text());
    co_return absl::OkStatus();
  };
  TestRequest request;
  request.set_text("grpc");
  ServerUnderTest server(GetParam(), probe);
  WireClient& json = server.Connect();
  WireClient& grpc = server.ConnectHttp2();
  std::uint32_t id = 1;
  for (int round = 0; round < 3; ++round) {
    json.Send(Post(kUnary, R"({"text":"json"})"));
    ASSERT_EQ(Answer(server, json).body, R"({"text":"re: json"})");
    for (int i = 0; i < 3; ++i, id += 2) {
      grpc.Send(
          Headers(id).Request("POST", kUnary).Field("content-type", "application/grpc").Render() +
          Data(id, Envelope(request.SerializeAsString())).End().Render());
      ASSERT_EQ(server.Finish(grpc, id).trailers, "grpc-status=0") << "stream " << id;
    }
  }
}

TEST_P(JsonServerTest, ConnectionCloseIsObeyed) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  client.Send(Post(kUnary, "{}", "Connection: close\r\n"));
  const Response response = Answer(server, client);
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.has("connection: close\r\n")) << response.head;
  EXPECT_TRUE(server.Until([&] { return client.eof(); }));
}

TEST_P(JsonServerTest, DrainAnswersTheOpenCallAndCloses) {
  probe.unary = [](Probe& self, ServerContext&, const TestRequest&,
                   TestReply& reply) -> Task<absl::Status> {
    self.Note("go");
    absl::Status slept = co_await Sleep(seconds(1));
    reply.set_text("done");
    co_return slept;
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  client.Send(Post(kUnary, "{}"));
  ASSERT_TRUE(server.Until([this] { return !probe.notes.empty(); }));
  bool done = false;
  server.shard().Drain([&done] { done = true; });
  server.Advance(seconds(2));
  const Response response = Answer(server, client);
  EXPECT_EQ(response.body, R"({"text":"done"})");
  EXPECT_TRUE(response.has("connection: close\r\n")) << response.head;
  ASSERT_TRUE(server.Until([&] { return client.eof(); }));
  client.EndWrites();
  EXPECT_TRUE(server.Until([&] { return done; }));
}

TEST_P(JsonServerTest, BadConnectionsGetTheirAnswerAndLeaveOthersUnharmed) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& good = server.Connect();
  const std::string broken[] = {
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET /\r\n\r\n",
      "GET / HTTP/1.1\nHost: h\n\n",
      "GET / HTTP/1.1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
  };
  for (const std::string& bytes : broken) {
    WireClient& bad = server.Connect();
    bad.Send(bytes);
    ASSERT_TRUE(server.Until([&] { return bad.eof(); })) << bytes << bad.received();
    EXPECT_NE(bad.received().find("HTTP/1.1 4"), std::string::npos) << bytes << bad.received();
    bad.EndWrites();
  }
  good.Send(Post(kUnary, "{}"));
  EXPECT_EQ(Answer(server, good).status, 200);
  EXPECT_TRUE(server.Until([&] { return server.shard().connection_count() == 1; }));
}

}  // namespace
}  // namespace weft::testing
