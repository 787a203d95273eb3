#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"
#include "weft/sleep.h"

// How calls on the server end before their time: cancelled, late, drained, cut off.
namespace weft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kHead = ":status=200 content-type=application/grpc";
constexpr std::uint32_t kCancel = 8;

std::string Word(bool value) { return value ? "yes" : "no"; }

// What a handler notes of its call once an await of it has been ended.
void NoteEnd(Probe& probe, ServerContext& context, std::string_view what) {
  probe.Note(std::string(what) + (context.cancelled() ? " cancelled" : " not cancelled"));
}

// A handler that is suspended in each of the places that a call can be.
struct Suspended {
  const char* name;
  std::string_view path;
  std::string request;
  void (*install)(Probe& probe);
  const char* note;
};

Task<absl::Status> NapInChild() {
  absl::Status slept = co_await Sleep(std::chrono::hours(1));
  co_return slept;
}

const Suspended kSuspended[] = {
    {"Read", kBidi, Ask("go"),
     [](Probe& probe) {
       probe.bidi = [](Probe& self, ServerContext& context,
                       ServerReaderWriter<TestRequest, TestReply>& stream) -> Task<absl::Status> {
         TestRequest request;
         while (co_await stream.Read(request)) self.Note(request.text());
         NoteEnd(self, context, "read");
         co_return absl::OkStatus();
       };
     },
     "read cancelled"},
    {"WriteAboveTheMark", kServerStream, Ask("go"),
     [](Probe& probe) {
       probe.server_stream = [](Probe& self, ServerContext& context, const TestRequest& request,
                                ServerWriter<TestReply>& writer) -> Task<absl::Status> {
         self.Note(request.text());
         TestReply reply;
         reply.set_payload(std::string(50'000, 'x'));
         absl::Status written;
         while (written.ok()) written = co_await writer.Write(reply);
         EXPECT_EQ(written.code(), absl::StatusCode::kCancelled);
         NoteEnd(self, context, "write");
         co_return written;
       };
     },
     "write cancelled"},
    {"Sleep", kUnary, Ask("go"),
     [](Probe& probe) {
       probe.unary = [](Probe& self, ServerContext& context, const TestRequest& request,
                        TestReply&) -> Task<absl::Status> {
         self.Note(request.text());
         absl::Status slept = co_await Sleep(std::chrono::hours(1));
         EXPECT_EQ(slept.code(), absl::StatusCode::kCancelled);
         NoteEnd(self, context, "sleep");
         co_return absl::OkStatus();
       };
     },
     "sleep cancelled"},
    {"ChildTask", kUnary, Ask("go"),
     [](Probe& probe) {
       probe.unary = [](Probe& self, ServerContext& context, const TestRequest& request,
                        TestReply&) -> Task<absl::Status> {
         self.Note(request.text());
         absl::Status slept = co_await NapInChild();
         NoteEnd(self, context, "child");
         co_return slept;
       };
     },
     "child cancelled"},
};

class GrpcServerEndTest : public ::testing::TestWithParam<std::size_t> {
 public:
  // For tests that move much: byte by byte they would take minutes.
  std::size_t Bulk() const { return std::max<std::size_t>(GetParam(), 4096); }

  // A client that neither reads far nor returns credit, so that writers come to wait.
  WireClient& Suspend(ServerUnderTest& server, const Suspended& where,
                      std::string_view timeout = "") {
    WireClient& client = server.Connect();
    client.returns_credit = false;
    client.StartHttp2(Settings({{4, 1000}}));
    Headers head = Call(1, where.path);
    if (!timeout.empty()) head.Field("grpc-timeout", timeout);
    Data message(1, where.request);
    if (where.path != kBidi) message.End();
    client.Send(head.Render() + message.Render());
    EXPECT_TRUE(server.Until([this] { return !probe.notes.empty(); }));
    server.Settle(client);
    EXPECT_EQ(probe.notes, std::vector<std::string>{"go"});
    return client;
  }

  Probe probe;
};

INSTANTIATE_TEST_SUITE_P(Sizes, GrpcServerEndTest, ::testing::ValuesIn(ByteSizes()), ByteSizeName);

TEST_P(GrpcServerEndTest, ResetEndsEveryAwaitOfTheHandler) {
  for (const Suspended& where : kSuspended) {
    SCOPED_TRACE(where.name);
    probe = Probe();
    where.install(probe);
    ServerUnderTest server(GetParam(), probe);
    WireClient& client = Suspend(server, where);
    client.Send(RstStream(1, kCancel));
    server.Settle(client);
    EXPECT_EQ(probe.notes, (std::vector<std::string>{"go", where.note}));
    EXPECT_EQ(server.open_calls(), 0u);
    EXPECT_FALSE(client.closed());
  }
}

TEST_P(GrpcServerEndTest, LostConnectionEndsEveryAwaitOfTheHandler) {  // checklist 41
  for (const Suspended& where : kSuspended) {
    SCOPED_TRACE(where.name);
    probe = Probe();
    where.install(probe);
    ServerUnderTest server(GetParam(), probe);
    WireClient& client = Suspend(server, where);
    client.Close();
    ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
    EXPECT_EQ(probe.notes, (std::vector<std::string>{"go", where.note}));
    EXPECT_EQ(server.shard().connection_count(), 0u);
  }
}

TEST_P(GrpcServerEndTest, DeadlineEndsEveryAwaitAndResetsTheStream) {  // checklist 37
  for (const Suspended& where : kSuspended) {
    SCOPED_TRACE(where.name);
    probe = Probe();
    where.install(probe);
    ServerUnderTest server(GetParam(), probe);
    WireClient& client = Suspend(server, where, "5S");
    server.Advance(milliseconds(4990));
    server.Settle(client);
    EXPECT_EQ(probe.notes.size(), 1u);
    server.Advance(milliseconds(20));
    ASSERT_TRUE(server.Until([this] { return probe.notes.size() == 2; }));
    EXPECT_EQ(probe.notes[1], where.note);
    // The reset may wait a moment for the client's own.
    server.Advance(seconds(1));
    ASSERT_TRUE(server.Until([&] { return client.stream(1).over(); }));
    EXPECT_EQ(client.stream(1).reset, "CANCEL");
    ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
  }
}

TEST_P(GrpcServerEndTest, DeadlineOfAnUnfinishedRequestNeedsNoHandler) {  // checklist 37
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kUnary).Field("grpc-timeout", "10m").Render() + Data(1, "\0").Render());
  server.Settle(client);
  server.Advance(milliseconds(20));
  server.Advance(seconds(1));
  EXPECT_EQ(server.Finish(client, 1).reset, "CANCEL");
  server.Settle(client);
  EXPECT_EQ(server.open_calls(), 0u);
}

TEST_P(GrpcServerEndTest, AbandonedServerEndsEveryAwait) {
  for (const Suspended& where : kSuspended) {
    SCOPED_TRACE(where.name);
    probe = Probe();
    where.install(probe);
    ServerUnderTest server(GetParam(), probe);
    WireClient& client = Suspend(server, where);
    server.shard().Abandon();
    ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0 && client.closed(); }));
    EXPECT_EQ(probe.notes, (std::vector<std::string>{"go", where.note}));
  }
}

TEST_P(GrpcServerEndTest, HandlerThatOutlivesItsConnectionStillKnowsItsCall) {
  probe.bidi = [](Probe& self, ServerContext& context,
                  ServerReaderWriter<TestRequest, TestReply>& stream) -> Task<absl::Status> {
    TestRequest request;
    while (co_await stream.Read(request)) self.Note(request.text());
    // A few turns later the connection and its session are gone.
    for (int i = 0; i < 5; ++i) {
      absl::Status slept = co_await Sleep(Duration::zero());
      static_cast<void>(slept);
    }
    self.Note(Word(!context.peer().empty()));
    self.Note(context.authority());
    self.Note(context.method());
    self.Note(context.metadata().Get("x-key").value_or("none"));
    absl::Status written = co_await stream.Write(TestReply::default_instance());
    self.Note(Word(written.ok()));
    context.AddTrailingMetadata("x-late", "1");
    co_return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kBidi).Field("x-key", "value that is long enough for the heap").Render());
  server.Settle(client);
  client.Close();
  ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
  EXPECT_EQ(probe.notes,
            (std::vector<std::string>{"yes", "test.local", std::string(kBidi),
                                      "value that is long enough for the heap", "no"}));
}

TEST_P(GrpcServerEndTest, OnCancelRunsOnceAndNotAfterTheHandlerReturned) {
  probe.unary = [](Probe& self, ServerContext& context, const TestRequest& request,
                   TestReply& reply) -> Task<absl::Status> {
    self.Note("go");
    context.OnCancel([&self] { self.Note("told"); });
    if (request.text() == "wait") {
      absl::Status slept = co_await Sleep(std::chrono::hours(1));
      static_cast<void>(slept);
    }
    reply.set_payload(std::string(200'000, 'x'));
    co_return absl::OkStatus();
  };
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  client.returns_credit = false;
  client.StartHttp2(Settings({{4, 1000}}));
  client.Send(Call(1, kUnary).Render() + Data(1, Ask("wait")).End().Render());
  server.Settle(client);
  client.Send(RstStream(1, kCancel));
  server.Settle(client);
  EXPECT_EQ(probe.notes, (std::vector<std::string>{"go", "told"}));
  // This one has returned; its answer waits for the client.
  client.Send(Call(3, kUnary).Render() + Data(3, Ask("")).End().Render());
  server.Settle(client);
  EXPECT_EQ(server.open_calls(), 1u);
  client.Send(RstStream(3, kCancel));
  server.Settle(client);
  EXPECT_EQ(server.open_calls(), 0u);
  EXPECT_EQ(probe.notes, (std::vector<std::string>{"go", "told", "go"}));
}

TEST_P(GrpcServerEndTest, WriteAwaitedLaterSeesWhatHappenedMeanwhile) {
  probe.server_stream = [](Probe& self, ServerContext&, const TestRequest& request,
                           ServerWriter<TestReply>& writer) -> Task<absl::Status> {
    TestReply reply;
    reply.set_payload(std::string(100'000, 'x'));
    internal::ServerWrite write = writer.Write(reply);
    self.Note("go");
    absl::Status slept = co_await Sleep(seconds(1));
    absl::Status written = co_await std::move(write);
    self.Note(written.ok() ? "written" : "refused");
    co_return request.text() == "fail" ? absl::NotFoundError("x") : absl::OkStatus();
  };
  ServerUnderTest server(Bulk(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kServerStream).Render() + Data(1, Ask("")).End().Render());
  ASSERT_TRUE(server.Until([&] {
    return client.stream(1).messages().size() == 1 && client.stream(1).body.size() > 100'000;
  }));
  server.Advance(seconds(2));
  EXPECT_EQ(server.Finish(client, 1).trailers, "grpc-status=0");
  EXPECT_EQ(probe.notes, (std::vector<std::string>{"go", "written"}));
  client.returns_credit = false;
  client.Send(Call(3, kServerStream).Render() + Data(3, Ask("")).End().Render());
  server.Settle(client);
  client.Send(RstStream(3, kCancel));
  server.Settle(client);
  ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
  EXPECT_EQ(probe.notes, (std::vector<std::string>{"go", "written", "go", "refused"}));
}

TEST_P(GrpcServerEndTest, SlowReaderHoldsTheWriterAtTheMark) {
  probe.server_stream = [](Probe& self, ServerContext&, const TestRequest&,
                           ServerWriter<TestReply>& writer) -> Task<absl::Status> {
    TestReply reply;
    reply.set_payload(std::string(1000, 'x'));
    for (int i = 0; i < 1000; ++i) {
      absl::Status written = co_await writer.Write(reply);
      if (!written.ok()) co_return written;
      self.Note("");
    }
    co_return absl::OkStatus();
  };
  ServerUnderTest server(Bulk(), probe);
  WireClient& client = server.Connect();
  client.returns_credit = false;
  client.StartHttp2();
  client.Send(Call(1, kServerStream).Render() + Data(1, Ask("x")).End().Render());
  server.Settle(client);
  ASSERT_TRUE(server.Until([&] { return client.stream(1).body.size() == 65535; }));
  server.Settle(client);
  // The client's window, and then the stream's mark and a message.
  EXPECT_GE(probe.notes.size(), 120u);
  EXPECT_LE(probe.notes.size(), 140u);
  client.returns_credit = true;
  client.Send(WindowUpdate(0, 65535) + WindowUpdate(1, 65535));
  const WireStream& stream = server.Finish(client, 1);
  EXPECT_EQ(stream.trailers, "grpc-status=0");
  EXPECT_EQ(stream.messages().size(), 1000u);
}

TEST_P(GrpcServerEndTest, SlowHandlerHoldsTheClientAtTheWindow) {
  probe.bidi = [](Probe& self, ServerContext&,
                  ServerReaderWriter<TestRequest, TestReply>& stream) -> Task<absl::Status> {
    absl::Status slept = co_await Sleep(seconds(10));
    TestRequest request;
    while (co_await stream.Read(request)) self.Note("");
    co_return slept;
  };
  ServerUnderTest server(Bulk(), probe);
  WireClient& client = server.ConnectHttp2();
  TestRequest request;
  request.set_payload(std::string(1000, 'x'));
  const std::string message = Envelope(request.SerializeAsString());
  client.Send(Call(1, kBidi));
  for (int i = 0; i < 60; ++i) client.Send(Data(1, message));
  server.Settle(client);
  EXPECT_EQ(client.connection_frames().find("WINDOW_UPDATE 1 "), std::string::npos);
  client.Send(Data(1, "").End());
  server.Advance(seconds(11));
  EXPECT_EQ(server.Finish(client, 1).head, std::string(kHead) + " grpc-status=0");
  EXPECT_EQ(probe.notes.size(), 60u);
}

TEST_P(GrpcServerEndTest, DrainLetsOpenStreamsEndAndTakesNoNewOnes) {  // checklist 42
  probe.bidi = EchoTexts;
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  WireClient& idle = server.ConnectHttp2();
  WireClient& silent = server.Connect();
  client.answers_pings = idle.answers_pings = false;  // but by hand
  client.Send(Call(1, kBidi).Render() + Data(1, Ask("a")).Render());
  ASSERT_TRUE(server.Until([&] { return Texts(client.stream(1)).size() == 1; }));
  server.Settle(idle);
  bool done = false;
  server.shard().Drain([&done] { done = true; });
  ASSERT_TRUE(server.Until([&] {
    return client.connection_frames().find("GOAWAY 2147483647 NO_ERROR\nPING ") !=
           std::string::npos;
  }));
  const std::string& frames = client.connection_frames();
  const std::size_t ping = frames.rfind("\nPING ");
  ASSERT_NE(ping, std::string::npos) << frames;
  // One more was on its way: it is served. Then the last id is told.
  client.Send(Call(3, kBidi).Render() + Data(3, Ask("b")).Render() +
              Ping(std::stoull(frames.substr(ping + 6)), true));
  ASSERT_TRUE(server.Until(
      [&] { return client.connection_frames().find("GOAWAY 3 NO_ERROR") != std::string::npos; }));
  client.Send(Call(5, kBidi).Render() + Data(5, Ask("c")).Render());
  client.Send(Data(1, Ask("d")).End().Render() + Data(3, "").End().Render());
  EXPECT_EQ(Texts(server.Finish(client, 1)), (std::vector<std::string>{"a", "d"}));
  EXPECT_EQ(Texts(server.Finish(client, 3)), std::vector<std::string>{"b"});
  EXPECT_TRUE(client.stream(5).head.empty());
  ASSERT_TRUE(server.Until([&] { return client.eof() && silent.eof(); }));
  client.EndWrites();
  silent.EndWrites();
  const std::string& idle_frames = idle.connection_frames();
  ASSERT_TRUE(server.Until([&] { return idle_frames.find("\nPING ") != std::string::npos; }));
  idle.Send(Ping(std::stoull(idle_frames.substr(idle_frames.rfind("\nPING ") + 6)), true));
  ASSERT_TRUE(server.Until([&] { return idle.eof(); }));
  EXPECT_FALSE(done);
  idle.EndWrites();
  EXPECT_TRUE(server.Until([&] { return done; }));
}

// Blocking handlers, on worker threads.
class BlockingProbe final : public TestService::BlockingService {
 public:
  absl::Status Unary(ServerContext& context, const TestRequest& request,
                     TestReply& reply) override {
    if (request.text() == "throw") throw std::runtime_error("the password is 1234");
    if (request.text() == "wait") WaitForRelease();
    context.AddTrailingMetadata("x-trailer", "t");
    reply.set_text("re: " + request.text());
    return absl::OkStatus();
  }
  absl::Status ServerStream(ServerContext&, const TestRequest& request,
                            BlockingWriter<TestReply>& writer) override {
    TestReply reply;
    reply.set_payload(std::string(static_cast<std::size_t>(request.size()), 'x'));
    for (int i = 0; i < request.count(); ++i) {
      if (absl::Status written = writer.Write(reply); !written.ok()) {
        refused = written.code() == absl::StatusCode::kCancelled;
        return written;
      }
    }
    return absl::OkStatus();
  }
  absl::Status ClientStream(ServerContext& context, BlockingReader<TestRequest>& reader,
                            TestReply& reply) override {
    TestRequest request;
    int count = 0;
    while (reader.Read(request)) reads = ++count;
    if (context.cancelled()) refused = true;
    reply.set_count(count);
    return absl::OkStatus();
  }
  absl::Status Bidi(ServerContext&, BlockingReaderWriter<TestRequest, TestReply>& stream) override {
    TestRequest request;
    TestReply reply;
    while (stream.Read(request)) {
      reply.set_text(request.text());
      if (absl::Status written = stream.Write(reply); !written.ok()) return written;
    }
    return absl::AlreadyExistsError("end");
  }

  void WaitForRelease() {
    std::unique_lock lock(mutex_);
    ++waiting;
    changed_.wait(lock, [this] { return released_; });
  }
  void Release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  std::atomic<int> waiting{0};
  std::atomic<int> reads{0};
  std::atomic<bool> refused{false};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
};

class GrpcBlockingServerTest : public ::testing::TestWithParam<std::size_t> {
 public:
  std::size_t Bulk() const { return std::max<std::size_t>(GetParam(), 4096); }

  BlockingProbe probe;
};

INSTANTIATE_TEST_SUITE_P(Sizes, GrpcBlockingServerTest, ::testing::ValuesIn(ByteSizes()),
                         ByteSizeName);

TEST_P(GrpcBlockingServerTest, AllKindsOfCallsWork) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kUnary).Render() + Data(1, Ask("hi")).End().Render());
  EXPECT_EQ(server.Finish(client, 1).trailers, "grpc-status=0 x-trailer=t");
  EXPECT_EQ(Texts(client.stream(1)), std::vector<std::string>{"re: hi"});
  TestRequest request;
  request.set_count(20);
  request.set_size(300);
  client.Send(Call(3, kServerStream).Render() +
              Data(3, Envelope(request.SerializeAsString())).End().Render());
  EXPECT_EQ(server.Finish(client, 3).trailers, "grpc-status=0");
  EXPECT_EQ(client.stream(3).messages().size(), 20u);
  client.Send(Call(5, kClientStream).Render() + Data(5, Ask("a") + Ask("b").substr(0, 4)).Render());
  client.Send(Data(5, Ask("b").substr(4) + Ask("c")).End());
  EXPECT_EQ(server.Finish(client, 5).trailers, "grpc-status=0");
  EXPECT_EQ(probe.reads, 3);
  client.Send(Call(7, kBidi).Render() + Data(7, Ask("a")).Render());
  ASSERT_TRUE(server.Until([&] { return Texts(client.stream(7)).size() == 1; }));
  client.Send(Data(7, Ask("b")).End());
  EXPECT_EQ(server.Finish(client, 7).trailers, "grpc-status=6 grpc-message=end");
  EXPECT_EQ(Texts(client.stream(7)), (std::vector<std::string>{"a", "b"}));
}

TEST_P(GrpcBlockingServerTest, FullQueueIsResourceExhausted) {
  ServerUnderTest server(GetParam(), probe, ServerOptions().set_workers(1).set_worker_queue(1));
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kUnary).Render() + Data(1, Ask("wait")).End().Render());
  ASSERT_TRUE(server.Until([this] { return probe.waiting == 1; }));
  client.Send(Call(3, kUnary).Render() + Data(3, Ask("queued")).End().Render() +
              Call(5, kUnary).Render() + Data(5, Ask("refused")).End().Render());
  const WireStream& refused = server.Finish(client, 5);
  EXPECT_TRUE(refused.head.starts_with(std::string(kHead) + " grpc-status=8 ")) << refused.head;
  probe.Release();
  EXPECT_EQ(server.Finish(client, 1).trailers, "grpc-status=0 x-trailer=t");
  EXPECT_EQ(server.Finish(client, 3).trailers, "grpc-status=0 x-trailer=t");
}

TEST_P(GrpcBlockingServerTest, HandlerThatThrowsIsUnknown) {  // checklist 39
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kUnary).Render() + Data(1, Ask("throw")).End().Render());
  const WireStream& stream = server.Finish(client, 1);
  EXPECT_TRUE(stream.head.starts_with(std::string(kHead) + " grpc-status=2 ")) << stream.head;
  EXPECT_EQ(stream.head.find("1234"), std::string::npos);
}

TEST_P(GrpcBlockingServerTest, CancellationWakesABlockedReader) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kClientStream).Render() + Data(1, Ask("a")).Render());
  ASSERT_TRUE(server.Until([this] { return probe.reads == 1; }));
  client.Send(RstStream(1, kCancel));
  ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
  EXPECT_TRUE(probe.refused);
}

TEST_P(GrpcBlockingServerTest, CancellationWakesABlockedWriter) {
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.Connect();
  client.returns_credit = false;
  client.StartHttp2(Settings({{4, 1000}}));
  TestRequest request;
  request.set_count(10'000);
  request.set_size(1000);
  client.Send(Call(1, kServerStream).Render() +
              Data(1, Envelope(request.SerializeAsString())).End().Render());
  ASSERT_TRUE(server.Until([&] { return client.stream(1).body.size() == 1000; }));
  client.Send(RstStream(1, kCancel));
  ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
  EXPECT_TRUE(probe.refused);
}

TEST_P(GrpcBlockingServerTest, BrokenMessageEndsTheCallAtOnce) {  // checklist 39
  ServerUnderTest server(GetParam(), probe);
  WireClient& client = server.ConnectHttp2();
  client.Send(Call(1, kClientStream).Render() + Data(1, Envelope("\xff\xff")).Render());
  const WireStream& stream = server.Finish(client, 1);
  EXPECT_TRUE(stream.head.starts_with(std::string(kHead) + " grpc-status=13 ")) << stream.head;
}

// The sum of the WINDOW_UPDATEs that have come for `stream`.
std::size_t CreditOf(const WireClient& client, std::uint32_t stream) {
  const std::string wanted = "WINDOW_UPDATE " + std::to_string(stream) + " ";
  const std::string& frames = client.connection_frames();
  std::size_t sum = 0;
  for (std::size_t at = frames.find(wanted); at != std::string::npos;
       at = frames.find(wanted, at + 1)) {
    sum += std::stoul(frames.substr(at + wanted.size()));
  }
  return sum;
}

TEST_P(GrpcBlockingServerTest, MessageLargerThanTheWindowArrives) {
  ServerUnderTest server(Bulk(), probe);
  WireClient& client = server.ConnectHttp2();
  TestRequest request;
  request.set_payload(std::string(150'000, 'x'));
  const std::string body = Envelope(request.SerializeAsString());
  client.Send(Call(1, kClientStream));
  // As the server's first window allows, and then as it returns credit.
  for (std::size_t at = 0; at < body.size(); at += 10'000) {
    ASSERT_TRUE(server.Until([&] { return 65'535 + CreditOf(client, 1) >= at + 10'000; })) << at;
    client.Send(Data(1, body.substr(at, 10'000)));
  }
  client.Send(Data(1, "").End());
  EXPECT_EQ(server.Finish(client, 1).trailers, "grpc-status=0");
  EXPECT_EQ(probe.reads, 1);
}

}  // namespace
}  // namespace weft::testing
