// Calls whose messages are raw bytes, in all four kinds, against raw and against typed peers,
// through sockets and in process.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/test_service.h"
#include "weft/block_on.h"
#include "weft/bytes.h"
#include "weft/channel.h"
#include "weft/raw_service.h"
#include "weft/raw_stub.h"
#include "weft/server.h"

namespace weft::testing {
namespace {

constexpr std::string_view kUnary = "/weft.testing.TestService/Unary";
constexpr std::string_view kServerStream = "/weft.testing.TestService/ServerStream";
constexpr std::string_view kClientStream = "/weft.testing.TestService/ClientStream";

std::string Pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

TestRequest Request(std::string text) {
  TestRequest request;
  request.set_text(std::move(text));
  return request;
}

Bytes RawRequest(std::string text) { return *Bytes::Serialize(Request(std::move(text))); }

std::string TextOf(const Bytes& bytes) {
  TestReply reply;
  return bytes.Parse(reply).ok() ? reply.text() : "<malformed>";
}

// Echoes; a server stream splits its request in bytes; a client stream joins its requests.
void FillWithEchoes(RawService& service) {
  service
      .AddUnary("/raw/Unary",
                [](ServerContext&, const Bytes& request, Bytes& reply) -> Task<absl::Status> {
                  reply = request;
                  co_return absl::OkStatus();
                })
      .AddServerStream("/raw/Split",
                       [](ServerContext&, const Bytes& request,
                          ServerWriter<Bytes>& writer) -> Task<absl::Status> {
                         absl::Status written;
                         for (std::size_t i = 0; i < request.size() && written.ok(); ++i) {
                           Bytes part = request.Sub(i, 1);
                           written = co_await writer.Write(std::move(part));
                         }
                         co_return written;
                       })
      .AddClientStream(
          "/raw/Join",
          [](ServerContext&, ServerReader<Bytes>& reader, Bytes& reply) -> Task<absl::Status> {
            Bytes part;
            while (co_await reader.Read(part)) reply.Append(part);
            co_return absl::OkStatus();
          })
      .AddBidi("/raw/Chat",
               [](ServerContext&, ServerReaderWriter<Bytes, Bytes>& stream) -> Task<absl::Status> {
                 Bytes message;
                 absl::Status written;
                 while (co_await stream.Read(message)) {
                   written = co_await stream.Write(message);
                 }
                 co_return written;
               });
}

class RawCallTest : public ::testing::TestWithParam<bool> {
 protected:
  RawCallTest() {
    FillWithEchoes(raw_);
    server_.Register(raw_);
    server_.Register(typed_);
    EXPECT_TRUE(server_.Listen("127.0.0.1:0").ok());
    EXPECT_TRUE(server_.Start().ok());
    channel_ = Connect(server_);
  }
  ~RawCallTest() override {
    channel_.reset();
    EXPECT_TRUE(server_.Shutdown(std::chrono::seconds(10)).ok());
  }

  static std::unique_ptr<Channel> Connect(Server& server) {
    if (GetParam()) return std::make_unique<Channel>(server);
    return std::make_unique<Channel>("127.0.0.1:" + std::to_string(server.port()));
  }
  RawStub stub() const { return RawStub(*channel_); }

  RawService raw_;
  TestServiceImpl typed_;
  Server server_{ServerOptions().set_loops(1)};
  std::unique_ptr<Channel> channel_;
};
INSTANTIATE_TEST_SUITE_P(Wires, RawCallTest, ::testing::Bool(),
                         [](const auto& wire) { return wire.param ? "InProcess" : "Sockets"; });

TEST_P(RawCallTest, UnaryEchoesAnySize) {
  for (const std::size_t size : {0u, 1u, 256u, 257u, 5000u, 16'384u, 70'000u, 1u << 20, 3u << 20}) {
    const absl::StatusOr<Bytes> reply = stub().Unary("/raw/Unary", Bytes(Pattern(size))).Wait();
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_TRUE(reply->ToString() == Pattern(size)) << size;
  }
}

TEST_P(RawCallTest, RequestMayDieAtOnceAndReplyMayBeTheCallersOwn) {
  Bytes reply = Bytes::Static("old");
  std::string path = "/raw/Unary";
  UnaryCallInto call = stub().Unary(path, Bytes::Copy("new"), &reply);
  path.assign(path.size(), '?');
  EXPECT_TRUE(call.Wait().ok());
  EXPECT_EQ(reply.ToString(), "new");
}

TEST_P(RawCallTest, StreamsOfAllKinds) {
  ClientReader<Bytes> split = stub().ServerStream("/raw/Split", Bytes::Static("abcdef"));
  Bytes message;
  std::string text;
  while (split.Read(message).Wait()) text += message.ToString() + ".";
  EXPECT_EQ(text, "a.b.c.d.e.f.");
  EXPECT_TRUE(split.Finish().Wait().ok());

  ClientWriter<Bytes, Bytes> join = stub().ClientStream("/raw/Join");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(join.Write(Bytes(Pattern(10'000))).Wait().ok());
  }
  const absl::StatusOr<Bytes> joined = join.Finish().Wait();
  ASSERT_TRUE(joined.ok()) << joined.status();
  std::string expected;
  for (int i = 0; i < 20; ++i) expected += Pattern(10'000);
  EXPECT_TRUE(joined->ToString() == expected);

  ClientReaderWriter<Bytes, Bytes> chat = stub().Bidi("/raw/Chat");
  for (const std::size_t size : {0u, 1u, 100'000u, 5u}) {
    ASSERT_TRUE(chat.Write(Bytes(Pattern(size))).Wait().ok());
    ASSERT_TRUE(chat.Read(message).Wait());
    EXPECT_TRUE(message.ToString() == Pattern(size)) << size;
  }
  EXPECT_TRUE(chat.Finish().Wait().ok());
}

Task<std::string> TalkInACoroutine(RawStub stub) {
  Bytes hello = Bytes::Static("hello");
  absl::StatusOr<Bytes> reply = co_await stub.Unary("/raw/Unary", hello);
  ClientReaderWriter<Bytes, Bytes> chat = stub.Bidi("/raw/Chat");
  absl::Status written = co_await chat.Write(*reply);
  Bytes message;
  bool read = co_await chat.Read(message);
  absl::Status status = co_await chat.Finish();
  co_return written.ok() && read&& status.ok() ? message.ToString() : "failed";
}

TEST_P(RawCallTest, CoroutinesAwaitRawCalls) {
  EXPECT_EQ(BlockOn(TalkInACoroutine(stub())), "hello");
}

TEST_P(RawCallTest, RawCallerMeetsTypedHandlers) {
  EXPECT_EQ(TextOf(*stub().Unary(kUnary, RawRequest("hi")).Wait()), "hi");

  TestRequest request = Request("again");
  request.set_count(3);
  ClientReader<Bytes> reader = stub().ServerStream(kServerStream, *Bytes::Serialize(request));
  Bytes message;
  int count = 0;
  while (reader.Read(message).Wait()) ++count;
  EXPECT_EQ(count, 3);

  ClientWriter<Bytes, Bytes> writer = stub().ClientStream(kClientStream);
  EXPECT_TRUE(writer.Write(RawRequest("one")).Wait().ok());
  EXPECT_TRUE(writer.Write(RawRequest("two")).Wait().ok());
  EXPECT_EQ(TextOf(*writer.Finish().Wait()), "two");
}

TEST_P(RawCallTest, MalformedRawRequestIsTheTypedHandlersInternalError) {
  EXPECT_EQ(stub().Unary(kUnary, Bytes::Static("\xff")).Wait().status().code(),
            absl::StatusCode::kInternal);
}

TEST_P(RawCallTest, WhatIsNoPathIsRefusedHere) {
  for (const char* path : {"weft.testing.TestService/Unary", "/Unary", ""}) {
    const absl::Status status = stub().Unary(path, RawRequest("hi")).Wait().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << path;  // checklist 38
    EXPECT_EQ(status.message(), "\"" + std::string(path) +
                                    "\" is no path of a method; those are like "
                                    "\"/package.Service/Method\"");
  }
  EXPECT_EQ(stub().Bidi("raw/Chat").Finish().Wait().code(), absl::StatusCode::kInternal);
}

TEST_P(RawCallTest, UnknownPathIsUnimplemented) {
  EXPECT_EQ(stub().Unary("/raw/Nothing", Bytes()).Wait().status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST_P(RawCallTest, DroppedCallsEndTheirHandlers) {
  {
    ClientReaderWriter<Bytes, Bytes> chat = stub().Bidi("/raw/Chat");
    EXPECT_TRUE(chat.Write(Bytes(Pattern(1 << 20))).Wait().ok());
  }
  EXPECT_EQ(stub().Unary("/raw/Unary", Bytes::Static("on")).Wait()->ToString(), "on");
}

TEST_P(RawCallTest, SizesAreLimitedOnBothSides) {
  const absl::Status received =
      stub().Unary("/raw/Unary", Bytes(Pattern((4 << 20) + 1))).Wait().status();
  EXPECT_EQ(received.code(), absl::StatusCode::kResourceExhausted) << received;
  Channel small("127.0.0.1:" + std::to_string(server_.port()), ChannelOptions().set_send_limit(99));
  const absl::Status sent = RawStub(small).Unary("/raw/Unary", Bytes(Pattern(100))).Wait().status();
  EXPECT_EQ(sent.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(sent.message().find("raw message of 100 bytes: the send limit is 99"),
            std::string::npos)
      << sent;
}

// A proxy: whatever it is called with goes to another server, unread.
class RawProxyTest : public RawCallTest {
 protected:
  RawProxyTest() {
    RawStub next = stub();
    proxy_.AddAnyOther(
        [next](ServerContext& context, ServerReaderWriter<Bytes, Bytes>& in) -> Task<absl::Status> {
          ClientReaderWriter<Bytes, Bytes> out = next.Bidi(context.method());
          Bytes message;
          absl::Status written;
          while (co_await in.Read(message)) {
            written = co_await out.Write(message);
            if (!written.ok()) break;
          }
          out.WritesDone();
          while (co_await out.Read(message)) {
            written = co_await in.Write(message);
            if (!written.ok()) break;
          }
          co_return co_await out.Finish();
        });
    proxy_server_.Register(proxy_);
    EXPECT_TRUE(proxy_server_.Listen("127.0.0.1:0").ok());
    EXPECT_TRUE(proxy_server_.Start().ok());
    to_proxy_ = Connect(proxy_server_);
  }
  ~RawProxyTest() override {
    to_proxy_.reset();
    EXPECT_TRUE(proxy_server_.Shutdown(std::chrono::seconds(10)).ok());
  }

  RawService proxy_;
  Server proxy_server_{ServerOptions().set_loops(1)};
  std::unique_ptr<Channel> to_proxy_;
};
INSTANTIATE_TEST_SUITE_P(Wires, RawProxyTest, ::testing::Bool(),
                         [](const auto& wire) { return wire.param ? "InProcess" : "Sockets"; });

TEST_P(RawProxyTest, PassesCallsOfAllKindsOnUnread) {
  TestService::Stub typed(*to_proxy_);
  TestRequest large = Request("large");
  large.set_payload(Pattern(1 << 20));
  const absl::StatusOr<TestReply> reply = typed.Unary(large).Wait();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_TRUE(reply->payload() == large.payload());

  TestRequest many = Request("many");
  many.set_count(5);
  ClientReader<TestReply> reader = typed.ServerStream(many);
  TestReply part;
  int count = 0;
  while (reader.Read(part).Wait()) ++count;
  EXPECT_EQ(count, 5);
  EXPECT_TRUE(reader.Finish().Wait().ok());

  ClientReaderWriter<TestRequest, TestReply> bidi = typed.Bidi();
  EXPECT_TRUE(bidi.Write(Request("x")).Wait().ok());
  bidi.WritesDone();
  EXPECT_TRUE(bidi.Read(part).Wait());
  EXPECT_EQ(part.text(), "x");
  EXPECT_TRUE(bidi.Finish().Wait().ok());
}

TEST_P(RawProxyTest, PassesTheStatusOn) {
  TestRequest failing = Request("not today");
  failing.set_code(static_cast<int>(absl::StatusCode::kFailedPrecondition));
  const absl::Status status = TestService::Stub(*to_proxy_).Unary(failing).Wait().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "not today");
}

// Typed streams that send what is serialized already.
class Prepared final : public TestService::Service {
 public:
  Task<absl::Status> ServerStream(ServerContext&, const TestRequest&,
                                  ServerWriter<TestReply>& writer) override {
    Bytes message = Bytes::Field(TestReply::kPayloadFieldNumber, Bytes(Pattern(100'000)));
    absl::Status written = co_await writer.WriteSerialized(message);
    co_return written;
  }
};

class PreparedBlocking final : public TestService::BlockingService {
 public:
  absl::Status ServerStream(ServerContext&, const TestRequest&,
                            BlockingWriter<TestReply>& writer) override {
    return writer.WriteSerialized(
        Bytes::Field(TestReply::kPayloadFieldNumber, Bytes(Pattern(100'000))));
  }
};

class WriteSerializedTest : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Handlers, WriteSerializedTest, ::testing::Bool(),
                         [](const auto& wire) { return wire.param ? "Blocking" : "Coroutine"; });

TEST_P(WriteSerializedTest, ArrivesAsTheMessageThatItIs) {
  Prepared coroutines;
  PreparedBlocking blocking;
  Server server(ServerOptions().set_loops(1));
  if (GetParam()) {
    server.Register(blocking);
  } else {
    server.Register(coroutines);
  }
  ASSERT_TRUE(server.Listen("127.0.0.1:0").ok());
  ASSERT_TRUE(server.Start().ok());
  Channel channel("127.0.0.1:" + std::to_string(server.port()));
  ClientReader<TestReply> reader = TestService::Stub(channel).ServerStream(Request("go"));
  TestReply reply;
  ASSERT_TRUE(reader.Read(reply).Wait());
  EXPECT_TRUE(reply.payload() == Pattern(100'000));
  EXPECT_FALSE(reader.Read(reply).Wait());
  EXPECT_TRUE(reader.Finish().Wait().ok());
}

}  // namespace
}  // namespace weft::testing
