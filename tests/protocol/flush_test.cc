#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"
#include "tests/support/written_frames.h"
#include "weft/sleep.h"

// When a server writes: how many writes, and what each carries, under every flush policy.
namespace weft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Writes = std::vector<std::string>;

std::string UnaryCall(std::uint32_t stream, std::string_view text) {
  return Call(stream, kUnary).Render() + Data(stream, Ask(text)).End().Render();
}

// The probe's methods with flush policies of their own, as weft/options.proto gives them.
class ServiceWithPolicies final : public Service {
 public:
  explicit ServiceWithPolicies(Probe& probe) : probe_(probe) {
    Add<0>();
    Add<1>();
    Add<2>();
    Add<3>();
  }
  void Set(std::string_view path, FlushPolicy policy) {
    for (MethodInfo& info : infos_) {
      if (info.path == path) info.flush = policy;
    }
  }
  absl::Span<const Method> methods() const override { return rows_; }

 private:
  template <std::size_t I>
  void Add() {
    infos_[I] = *probe_.methods()[I].info;
    rows_[I] = {&infos_[I], &Forward<I>, nullptr};
  }
  template <std::size_t I>
  static Task<absl::Status> Forward(Service& service, internal::HandlerArgs& args) {
    Probe& probe = static_cast<ServiceWithPolicies&>(service).probe_;
    return probe.methods()[I].handler(probe, args);
  }

  Probe& probe_;
  std::array<MethodInfo, 4> infos_{};
  std::array<Method, 4> rows_{};
};

class FlushPolicyTest : public ::testing::Test {
 public:
  FlushPolicyTest() {
    current = this;
    probe.unary = [](Probe& self, ServerContext&, const TestRequest& request,
                     TestReply& reply) -> Task<absl::Status> {
      self.Note(request.text());
      reply.set_text(request.text());
      co_return absl::OkStatus();
    };
    probe.bidi = EchoTexts;
  }
  ~FlushPolicyTest() override { server.reset(); }

  // With sockets the kernel decides when bytes come, and so what shares a write.
  void SetUp() override {
    const char* wire = std::getenv("WEFT_TEST_WIRE");
    if (wire != nullptr && std::string_view(wire) == "socket") GTEST_SKIP() << "in memory only";
  }
  void Serve(const ServerOptions& options, std::string_view first_words = "h2") {
    server = std::make_unique<ServerUnderTest>(static_cast<std::size_t>(-1), service, options);
    client = &server->Connect(internal::MemoryTransport::kUnlimited, &writes);
    client->returns_credit = false;
    if (first_words != "h2") return;
    client->StartHttp2();
    server->Settle(*client);
    Carried();
  }
  void Serve(FlushPolicy policy) { Serve(ServerOptions().set_flush_policy(policy)); }
  // Lets the server do all that there is to do by now. It answers no PING in it: that would flush.
  void Run() {
    for (int i = 0; i < 20; ++i) server->loop().RunOnce(milliseconds(0));
  }
  void Say(const std::string& bytes) {
    client->Send(bytes);
    Run();
  }
  void Advance(Duration step) {
    server->Advance(step);
    Run();
  }
  // The frames of each write since the last time.
  Writes Carried() { return FramesOf(std::exchange(writes, Writes())); }

  Probe probe;
  ServiceWithPolicies service{probe};
  Writes writes;
  std::unique_ptr<ServerUnderTest> server;
  WireClient* client = nullptr;
  static inline FlushPolicyTest* current = nullptr;  // lint: allow global: for handlers
};

TEST_F(FlushPolicyTest, EachPassGathersTheRepliesOfAPass) {
  Serve(FlushPolicy::EachPass());
  Say(UnaryCall(1, "a") + UnaryCall(3, "b"));
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 HEADERS 3 DATA 1 HEADERS 1 DATA 3 HEADERS 3"});
}

TEST_F(FlushPolicyTest, AtOnceWritesEachReplyByItself) {
  Serve(FlushPolicy::AtOnce());
  Say(UnaryCall(1, "a") + UnaryCall(3, "b"));
  EXPECT_EQ(Carried(), (Writes{"HEADERS 1 DATA 1 HEADERS 1", "HEADERS 3 DATA 3 HEADERS 3"}));
  EXPECT_EQ(Texts(server->Finish(*client, 3)), std::vector<std::string>{"b"});
}

TEST_F(FlushPolicyTest, UpToGathersTheRepliesOfSeveralPasses) {
  Serve(FlushPolicy::UpTo(milliseconds(5)));
  Say(UnaryCall(1, "a"));
  Advance(milliseconds(3));
  Say(UnaryCall(3, "b"));
  EXPECT_EQ(probe.notes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Carried(), Writes());
  Advance(milliseconds(2));
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 HEADERS 3 DATA 1 HEADERS 1 DATA 3 HEADERS 3"});
}

TEST_F(FlushPolicyTest, AtOnceWritesEachMessageAlsoOfAHandlerThatDoesNotWait) {
  probe.server_stream = [](Probe& self, ServerContext&, const TestRequest&,
                           ServerWriter<TestReply>& writer) -> Task<absl::Status> {
    TestReply reply;
    for (int i = 0; i < 3; ++i) {
      absl::Status written = co_await writer.Write(reply);
      if (!written.ok()) co_return written;
      self.Note("written");
    }
    co_return absl::OkStatus();
  };
  Serve(FlushPolicy::AtOnce());
  Say(Call(1, kServerStream).Render() + Data(1, Ask("")).End().Render());
  EXPECT_EQ(Carried(), (Writes{"HEADERS 1 DATA 1", "DATA 1", "DATA 1", "HEADERS 1"}));
}

// None of the writes suspends: nothing of it has left when the last is done.
TEST_F(FlushPolicyTest, MessagesBelowTheMarkShareAFrameAndNoWriteWaits) {
  probe.server_stream = [](Probe& self, ServerContext&, const TestRequest&,
                           ServerWriter<TestReply>& writer) -> Task<absl::Status> {
    TestReply reply;
    reply.set_text(std::string(100, 'x'));
    for (int i = 0; i < 100; ++i) {
      absl::Status written = co_await writer.Write(reply);
      if (!written.ok()) co_return written;
      self.notes.assign(1, std::to_string(i));
      EXPECT_TRUE(current->writes.empty());
    }
    co_return absl::OkStatus();
  };
  for (const FlushPolicy policy : {FlushPolicy::EachPass(), FlushPolicy::UpTo(milliseconds(5))}) {
    Serve(policy);
    Say(Call(1, kServerStream).Render() + Data(1, Ask("")).End().Render());
    EXPECT_EQ(probe.notes, std::vector<std::string>{"99"});
    Advance(milliseconds(5));
    EXPECT_EQ(Carried(), Writes{"HEADERS 1 DATA 1 HEADERS 1"});
    EXPECT_EQ(server->Finish(*client, 1).messages().size(), 100u);
    server.reset();
  }
}

TEST_F(FlushPolicyTest, UpToGathersTheMessagesOfAStreamIntoOneFrame) {
  Serve(FlushPolicy::UpTo(milliseconds(5)));
  Say(Call(1, kBidi).Render());
  for (const char* text : {"a", "b", "c"}) {
    Say(Data(1, Ask(text)).Render());
    Advance(milliseconds(1));
  }
  EXPECT_EQ(Carried(), Writes());
  Advance(milliseconds(2));
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 DATA 1"});
  EXPECT_EQ(Texts(client->stream(1)), (std::vector<std::string>{"a", "b", "c"}));
  Say(Data(1, "").End().Render());
  Advance(milliseconds(5));
  EXPECT_EQ(Carried(), Writes{"HEADERS 1"});
}

TEST_F(FlushPolicyTest, WriterThatWaitsForRoomIsNotKeptWaiting) {
  probe.server_stream = [](Probe& self, ServerContext&, const TestRequest&,
                           ServerWriter<TestReply>& writer) -> Task<absl::Status> {
    TestReply reply;
    reply.set_text(std::string(internal::kStreamHighMark + 1, 'x'));
    absl::Status written = co_await writer.Write(reply);
    self.Note(written.ok() ? "written" : "failed");
    co_return written;
  };
  Serve(FlushPolicy::UpTo(seconds(1)));
  Say(Call(1, kServerStream).Render() + Data(1, Ask("")).End().Render());
  EXPECT_EQ(probe.notes, std::vector<std::string>{"written"});
  EXPECT_FALSE(Carried().empty());
}

TEST_F(FlushPolicyTest, MethodsPolicyGoesBeforeTheServers) {
  service.Set(kUnary, FlushPolicy::AtOnce());
  Serve(FlushPolicy::UpTo(milliseconds(5)));
  Say(UnaryCall(1, "a") + UnaryCall(3, "b"));
  EXPECT_EQ(Carried(), (Writes{"HEADERS 1 DATA 1 HEADERS 1", "HEADERS 3 DATA 3 HEADERS 3"}));
  server.reset();

  service.Set(kUnary, FlushPolicy::UpTo(milliseconds(5)));
  Serve(FlushPolicy::AtOnce());
  Say(UnaryCall(1, "a"));
  EXPECT_EQ(Carried(), Writes());
  Advance(milliseconds(5));
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 DATA 1 HEADERS 1"});
}

TEST_F(FlushPolicyTest, StreamsOfSeveralPoliciesShareAConnection) {
  service.Set(kUnary, FlushPolicy::UpTo(milliseconds(5)));
  Serve(FlushPolicy::EachPass());
  Say(UnaryCall(1, "waits"));
  EXPECT_EQ(Carried(), Writes());
  Say(Call(3, kBidi).Render() + Data(3, Ask("now")).Render());
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 HEADERS 3 DATA 1 HEADERS 1 DATA 3"});
  Say(UnaryCall(5, "waits again"));
  EXPECT_EQ(Carried(), Writes());
  Advance(milliseconds(5));
  EXPECT_EQ(Carried(), Writes{"HEADERS 5 DATA 5 HEADERS 5"});
}

TEST_F(FlushPolicyTest, ControlFramesDoNotWaitAndTakeAlongWhatDoes) {
  Serve(FlushPolicy::UpTo(seconds(1)));
  Say(UnaryCall(1, "a"));
  EXPECT_EQ(Carried(), Writes());
  Say(Ping(77));
  Writes carried = Carried();
  ASSERT_EQ(carried.size(), 1u);
  EXPECT_NE(carried[0].find("PING"), std::string::npos) << carried[0];
  EXPECT_NE(carried[0].find("DATA 1 HEADERS 1"), std::string::npos) << carried[0];
  // Credit for a large request goes while the reply waits.
  Say(Call(3, kUnary).Render() + Data(3, Ask(std::string(16000, 'x')).substr(0, 16000)).Render());
  for (int i = 0; i < 5; ++i) Say(Data(3, std::string(16000, 'x')).Render());
  carried = Carried();
  EXPECT_FALSE(carried.empty());
}

TEST_F(FlushPolicyTest, PeersCreditFlushesWhatItHeldUp) {
  service.Set(kUnary, FlushPolicy::UpTo(seconds(1)));
  Serve(FlushPolicy::EachPass());
  Say(Call(1, kBidi).Render() + Data(1, Ask(std::string(50'000, 'x')).substr(0, 16000)).Render());
  const std::string rest = Ask(std::string(50'000, 'x'));
  for (std::size_t at = 16000; at < rest.size(); at += 16000) {
    Say(Data(1, rest.substr(at, 16000)).Render());
  }
  // 50,000 of the 65,535 bytes of credit are used up; the next echo is held up by the rest.
  for (std::size_t at = 0; at < rest.size(); at += 16000) {
    Say(Data(1, rest.substr(at, 16000)).Render());
  }
  EXPECT_EQ(client->stream(1).body.size(), 65'535u);
  Carried();
  Say(UnaryCall(3, "waits"));
  EXPECT_EQ(Carried(), Writes());
  Say(WindowUpdate(0, 1000) + WindowUpdate(1, 1000));
  EXPECT_EQ(client->stream(1).body.size(), 66'535u);
}

TEST_F(FlushPolicyTest, ReplyDoesNotWaitForItsDeadline) {
  Serve(FlushPolicy::UpTo(milliseconds(5)));
  Say(Call(1, kUnary).Field("grpc-timeout", "9m").Render() + Data(1, Ask("a")).End().Render());
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 DATA 1 HEADERS 1"});
  Say(Call(3, kUnary).Field("grpc-timeout", "10m").Render() + Data(3, Ask("a")).End().Render());
  EXPECT_EQ(Carried(), Writes());
  Advance(milliseconds(5));
  EXPECT_EQ(Carried(), Writes{"HEADERS 3 DATA 3 HEADERS 3"});
}

TEST_F(FlushPolicyTest, DeadlineItselfDoesNotWait) {
  probe.unary = [](Probe&, ServerContext&, const TestRequest&, TestReply&) -> Task<absl::Status> {
    absl::Status slept = co_await Sleep(seconds(100));
    co_return slept;
  };
  Serve(FlushPolicy::UpTo(seconds(1)));
  Say(Call(1, kUnary).Field("grpc-timeout", "50m").Render() + Data(1, Ask("a")).End().Render());
  Advance(milliseconds(50));
  Advance(milliseconds(10));
  EXPECT_EQ(Carried(), Writes{"RST_STREAM 1"});
}

TEST_F(FlushPolicyTest, RefusedCallDoesNotWait) {
  Serve(FlushPolicy::UpTo(seconds(1)));
  Say(Call(1, "/no.Such/Method").End().Render());
  EXPECT_EQ(Carried(), Writes{"HEADERS 1"});
  Say(Call(3, kUnary).Render() + Data(3, "\1junk").End().Render());
  EXPECT_EQ(Carried(), Writes{"HEADERS 3"});
}

TEST_F(FlushPolicyTest, ResetStreamsReplyIsDroppedAndTheOthersLeaveInTime) {
  Serve(FlushPolicy::UpTo(milliseconds(5)));
  Say(UnaryCall(1, "a") + UnaryCall(3, "b"));
  Say(RstStream(1, 8));
  EXPECT_EQ(Carried(), Writes());
  Advance(milliseconds(5));
  EXPECT_EQ(Carried(), Writes{"HEADERS 3 DATA 3 HEADERS 3"});
  EXPECT_EQ(server->open_calls(), 0u);
}

TEST_F(FlushPolicyTest, DrainFlushesAtOnceAndNothingWaitsAfterIt) {
  probe.server_stream = [](Probe&, ServerContext&, const TestRequest&,
                           ServerWriter<TestReply>& writer) -> Task<absl::Status> {
    absl::Status slept = co_await Sleep(milliseconds(100));
    if (!slept.ok()) co_return slept;
    TestReply reply;
    absl::Status written = co_await writer.Write(reply);
    co_return written;
  };
  Serve(FlushPolicy::UpTo(seconds(1)));
  Say(UnaryCall(1, "a") + Call(3, kServerStream).Render() + Data(3, Ask("")).End().Render());
  EXPECT_EQ(Carried(), Writes());
  bool drained = false;
  server->shard().Drain([&drained] { drained = true; });
  Run();
  const Writes carried = Carried();
  ASSERT_FALSE(carried.empty());
  EXPECT_NE(carried[0].find("DATA 1 HEADERS 1"), std::string::npos) << carried[0];
  Advance(milliseconds(100));
  EXPECT_EQ(Carried(), Writes{"HEADERS 3 DATA 3 HEADERS 3"});
  EXPECT_TRUE(server->Finish(*client, 3).ended);
  client->Close();
  EXPECT_TRUE(server->Until([&drained] { return drained; }));
}

TEST_F(FlushPolicyTest, ForcedShutdownStillSendsTheRepliesThatWait) {
  Serve(FlushPolicy::UpTo(seconds(1)));
  Say(UnaryCall(1, "a"));
  server->shard().Abandon();
  Run();
  EXPECT_EQ(server->Finish(*client, 1).trailers, "grpc-status=0");
}

// The write fails inside of the handler's Write, which goes on.
TEST_F(FlushPolicyTest, HandlerOutlivesAConnectionThatEndsInItsWrite) {
  probe.server_stream = [](Probe& self, ServerContext&, const TestRequest&,
                           ServerWriter<TestReply>& writer) -> Task<absl::Status> {
    TestReply reply;
    current->client->Close();
    absl::Status written;
    for (int i = 0; i < 3 && written.ok(); ++i) {
      written = co_await writer.Write(reply);
    }
    self.Note(absl::StatusCodeToString(written.code()));
    co_return written;
  };
  Serve(FlushPolicy::AtOnce());
  Say(Call(1, kServerStream).Render() + Data(1, Ask("")).End().Render());
  EXPECT_EQ(probe.notes, std::vector<std::string>{"CANCELLED"});
  EXPECT_TRUE(server->Until([this] { return server->shard().connection_count() == 0; }));
}

TEST_F(FlushPolicyTest, ConnectionMayEndInTheLastWordOfAUnaryCall) {
  probe.unary = [](Probe&, ServerContext&, const TestRequest&, TestReply&) -> Task<absl::Status> {
    current->client->Close();
    co_return absl::OkStatus();
  };
  Serve(FlushPolicy::AtOnce());
  Say(UnaryCall(1, "a") + UnaryCall(3, "b"));
  EXPECT_TRUE(server->Until([this] { return server->shard().connection_count() == 0; }));
  EXPECT_EQ(server->open_calls(), 0u);
}

std::string Post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: test.local\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

TEST_F(FlushPolicyTest, WholeAnswerOverHttp11DoesNotWaitSinceNothingCanShareItsWrite) {
  Serve(ServerOptions().set_flush_policy(FlushPolicy::UpTo(seconds(1))), "http/1.1");
  Say(Post(kUnary, R"({"text":"a"})"));
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_TRUE(writes[0].ends_with(R"({"text":"a"})")) << writes[0];
}

TEST_F(FlushPolicyTest, AtOnceOverHttp11WritesEachPipelinedAnswer) {
  Serve(ServerOptions().set_flush_policy(FlushPolicy::AtOnce()), "http/1.1");
  Say(Post(kUnary, R"({"text":"a"})") + Post(kUnary, R"({"text":"b"})"));
  ASSERT_EQ(writes.size(), 2u);
  EXPECT_TRUE(writes[0].ends_with(R"({"text":"a"})")) << writes[0];
  EXPECT_TRUE(writes[1].ends_with(R"({"text":"b"})")) << writes[1];
}

TEST_F(FlushPolicyTest, PartsOfAnAnswerOverHttp11Wait) {
  probe.server_stream = [](Probe&, ServerContext&, const TestRequest&,
                           ServerWriter<TestReply>& writer) -> Task<absl::Status> {
    TestReply reply;
    for (const char* text : {"a", "b", "c"}) {
      reply.set_text(text);
      absl::Status written = co_await writer.Write(reply);
      if (!written.ok()) co_return written;
      absl::Status slept = co_await Sleep(milliseconds(4));
      if (!slept.ok()) co_return slept;
    }
    co_return absl::OkStatus();
  };
  Serve(ServerOptions().set_flush_policy(FlushPolicy::UpTo(milliseconds(6))), "http/1.1");
  Say(Post(kServerStream, "{}"));
  Advance(milliseconds(4));  // "b" is written
  EXPECT_EQ(writes, Writes());
  Advance(milliseconds(2));
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_NE(writes[0].find(R"({"text":"b"})"), std::string::npos) << writes[0];
  Advance(milliseconds(2));  // "c"
  Advance(milliseconds(4));  // and the end, which does not wait
  ASSERT_EQ(writes.size(), 2u);
  EXPECT_TRUE(writes[1].ends_with("0\r\n\r\n")) << writes[1];
}

}  // namespace
}  // namespace weft::testing
