#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <future>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/limits.h"
#include "server/server_call.h"
#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"
#include "weft/mapped_file.h"
#include "weft/raw_service.h"
#include "weft/sleep.h"

// The server's memory budget: what is held back, what is refused, what goes on, and that all of it
// comes back.
namespace weft::testing {
namespace {

using internal::kBudgetTick;
using internal::kKiB;
using internal::kMiB;
using Level = internal::MemoryBudget::Level;

// The head of a call that is held back, up to its reason.
constexpr std::string_view kRefused =
    ":status=200 content-type=application/grpc grpc-status=14 grpc-message=the server holds back";

// Sends bodies as far as the server's credit goes, 8 KiB of each stream in turn.
class Uploader {
 public:
  explicit Uploader(WireClient& client) : client_(client) {}

  WireClient& client() { return client_; }
  void Add(std::uint32_t stream, const std::string& body, bool end) {
    streams_[stream].rest += body;
    streams_[stream].end = end;
  }
  // How many bytes went out.
  std::size_t Pump() {
    Learn();
    std::size_t sent = 0;
    for (bool any = true; any;) {
      any = false;
      for (auto& [id, stream] : streams_) {
        const std::int64_t room = std::min(connection_, initial_ + stream.credit);
        const std::size_t size =
            std::min({stream.rest.size(), std::size_t{8192},
                      static_cast<std::size_t>(std::max<std::int64_t>(room, 0))});
        if (size == 0) continue;
        Data data(id, std::string_view(stream.rest).substr(0, size));
        stream.rest.erase(0, size);
        if (stream.end && stream.rest.empty()) data.End();
        client_.Send(data.Render());
        connection_ -= static_cast<std::int64_t>(size);
        stream.credit -= static_cast<std::int64_t>(size);
        sent += size;
        any = true;
      }
    }
    return sent;
  }
  bool done() const {
    return std::all_of(streams_.begin(), streams_.end(),
                       [](const auto& stream) { return stream.second.rest.empty(); });
  }

 private:
  struct Stream {
    std::string rest;
    bool end = false;
    std::int64_t credit = 0;  // above the initial window
  };

  void Learn() {
    const std::string& frames = client_.connection_frames();
    for (std::size_t end; (end = frames.find('\n', read_)) != std::string::npos; read_ = end + 1) {
      const std::string line = frames.substr(read_, end - read_);
      unsigned stream = 0;
      unsigned bytes = 0;
      if (std::sscanf(line.c_str(), "WINDOW_UPDATE %u %u", &stream, &bytes) == 2) {
        streams_[stream].credit += bytes;
      } else if (std::sscanf(line.c_str(), "WINDOW_UPDATE %u", &bytes) == 1) {
        connection_ += bytes;
      } else if (const std::size_t at = line.find(" 4=");
                 line.starts_with("SETTINGS ") && at != std::string::npos) {
        initial_ = std::stol(line.substr(at + 3));
      }
    }
  }

  WireClient& client_;
  std::map<std::uint32_t, Stream> streams_;
  std::int64_t connection_ = 65535;
  std::int64_t initial_ = 65535;
  std::size_t read_ = 0;  // of connection_frames()
};

class MemoryBudgetTest : public ::testing::Test {
 public:
  MemoryBudgetTest() {
    probe.unary = [](Probe&, ServerContext&, const TestRequest& request,
                     TestReply& reply) -> Task<absl::Status> {
      reply.set_text("re: " + request.text());
      reply.set_payload(std::string(static_cast<std::size_t>(request.size()), 'r'));
      co_return absl::OkStatus();
    };
    // Reads nothing until the gate opens.
    probe.client_stream = [](Probe& self, ServerContext&, ServerReader<TestRequest>& reader,
                             TestReply& reply) -> Task<absl::Status> {
      while (self.notes.empty()) {
        absl::Status slept = co_await Sleep(std::chrono::milliseconds(1));
        if (!slept.ok()) co_return slept;
      }
      TestRequest request;
      int count = 0;
      while (co_await reader.Read(request)) ++count;
      reply.set_count(count);
      co_return absl::OkStatus();
    };
    // Writes without an end.
    probe.server_stream = [](Probe&, ServerContext&, const TestRequest&,
                             ServerWriter<TestReply>& writer) -> Task<absl::Status> {
      TestReply reply;
      reply.set_payload(std::string(4 * kKiB, 'x'));
      absl::Status written;
      while (written.ok()) written = co_await writer.Write(reply);
      co_return written;
    };
  }

  static ServerOptions Budget(std::size_t bytes) {
    return ServerOptions().set_memory_budget(bytes);
  }

  // A unary call of another client's that is answered as if nothing were the matter.
  static void ExpectServed(ServerUnderTest& server, WireClient& client, std::uint32_t id) {
    client.Send(Call(id, kUnary).Render() + Data(id, Ask("hi")).End().Render());
    const WireStream& stream = server.Finish(client, id);
    EXPECT_EQ(stream.trailers, "grpc-status=0") << stream.head;
    EXPECT_EQ(Texts(stream), std::vector<std::string>{"re: hi"});
  }
  static void ExpectRefused(ServerUnderTest& server, WireClient& client, std::uint32_t id) {
    client.Send(Call(id, kUnary).End());  // there may be no credit for a body
    const WireStream& stream = server.Finish(client, id);
    EXPECT_TRUE(stream.trailers_only());
    EXPECT_TRUE(stream.head.starts_with(kRefused)) << stream.head;
  }
  // Until the client has nothing to send or no credit for it.
  static void Exhaust(ServerUnderTest& server, Uploader& uploader) {
    do {
      server.Settle(uploader.client());
    } while (uploader.Pump() > 0);
    server.Settle(uploader.client());
  }
  static std::string Message(std::size_t size) {
    TestRequest request;
    request.set_payload(std::string(size, 'm'));
    return Envelope(request.SerializeAsString());
  }
  // Client streams that their handlers do not read, with `each` bytes for each of them.
  static void Stall(Uploader& uploader, std::uint32_t streams, std::size_t each) {
    for (std::uint32_t i = 0; i < streams; ++i) {
      uploader.client().Send(Call(2 * i + 1, kClientStream));
      std::string body;
      while (body.size() < each) body += Message(10'000);
      uploader.Add(2 * i + 1, body, /*end=*/true);
    }
  }
  // Stalls them until the server's marks stop the client, and then its next call is refused.
  static void StallUntilRefused(ServerUnderTest& server, Uploader& uploader, std::uint32_t streams,
                                std::size_t each) {
    Stall(uploader, streams, each);
    Exhaust(server, uploader);
    EXPECT_FALSE(uploader.done());
    EXPECT_NE(server.budget().level(), Level::kFree);
    ExpectRefused(server, uploader.client(), 2 * streams + 1);
  }
  // Stalls so many connections that together they hold 512 KiB, each about its least share.
  static std::vector<Uploader> Crowd(ServerUnderTest& server) {
    std::vector<Uploader> crowd;
    for (int i = 0; i < 12; ++i) {
      Stall(crowd.emplace_back(server.ConnectHttp2()), 4, 128 * kKiB);
      server.Settle(crowd.back().client());
    }
    for (Uploader& uploader : crowd) Exhaust(server, uploader);
    return crowd;
  }
  // They all go on once the gate is open.
  static bool AllDone(ServerUnderTest& server, std::vector<Uploader>& crowd) {
    bool done = true;
    for (Uploader& uploader : crowd) {
      uploader.Pump();
      done = done && uploader.done();
    }
    server.Advance(std::chrono::milliseconds(1));
    return done && server.open_calls() == 0;
  }
  static std::size_t Holds(ServerUnderTest& server) {
    const internal::ChunkPool::Stats stats = server.shard().environment().chunks.stats();
    return stats.bytes_in_use + stats.bytes_charged;
  }

  // Lets the handlers of client streams read.
  void OpenGate() { probe.Note("open"); }

  Probe probe;
};

// What a connection may have on its way when it is held back; a part that a read did not fill its
// chunk with counts as its chunk.
constexpr std::size_t kOnItsWay = 4 * internal::kMostStreamWindow;

TEST_F(MemoryBudgetTest, ThousandStalledReadersAreHeldBackAndGoOnOnceTheyRead) {
  constexpr std::size_t kBudget = 48 * kMiB;
  constexpr std::uint32_t kStreams = 1000;
  ServerUnderTest server(kUnlimited, probe, Budget(kBudget).set_max_concurrent_streams(2000));
  WireClient& other = server.ConnectHttp2();
  ExpectServed(server, other, 1);
  Uploader uploader(server.ConnectHttp2());
  StallUntilRefused(server, uploader, kStreams, 50 * kMiB / kStreams);
  EXPECT_EQ(server.budget().level(), Level::kTight);
  EXPECT_GE(Holds(server), kBudget / 2);
  EXPECT_LE(Holds(server), kBudget / 2 + kOnItsWay + kMiB);
  ExpectServed(server, other, 3);
  // Time brings nothing to those that nobody waits for.
  for (int tick = 0; tick < 5; ++tick) {
    server.Advance(kBudgetTick);
    Exhaust(server, uploader);
  }
  EXPECT_LE(Holds(server), kBudget / 2 + kOnItsWay + kMiB);

  OpenGate();
  ASSERT_TRUE(server.Until([&] {
    uploader.Pump();
    server.Advance(std::chrono::milliseconds(1));
    return uploader.done() && server.open_calls() == 0;
  }));
  for (std::uint32_t i = 0; i < kStreams; ++i) {
    EXPECT_EQ(server.Finish(uploader.client(), 2 * i + 1).trailers, "grpc-status=0");
  }
  server.Advance(2 * kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
  ExpectServed(server, uploader.client(), 5003);
  EXPECT_LT(Holds(server), 256 * kKiB);
}

TEST_F(MemoryBudgetTest, CancelledStreamsGiveTheirBytesBack) {
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  Uploader uploader(server.ConnectHttp2());
  StallUntilRefused(server, uploader, 100, kMiB);
  for (std::uint32_t id = 1; id < 200; id += 2) uploader.client().Send(RstStream(id, 8));
  server.Settle(uploader.client());
  server.Advance(kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
  ExpectServed(server, uploader.client(), 1003);
  OpenGate();
}

TEST_F(MemoryBudgetTest, LostConnectionGivesItsBytesBack) {
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  Uploader uploader(server.ConnectHttp2());
  StallUntilRefused(server, uploader, 100, kMiB);
  uploader.client().Close();
  ASSERT_TRUE(server.Until([&] { return server.shard().connection_count() == 0; }));
  server.Advance(kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
  OpenGate();
}

// None of them is complete, and together they hold more than the budget: if all were held back for
// good, none would ever end.
TEST_F(MemoryBudgetTest, CallsThatWaitForTheirRequestsAreLentCreditInTurn) {
  ServerUnderTest server(kUnlimited, probe, Budget(kMiB));
  Uploader uploader(server.ConnectHttp2());
  Uploader second(server.ConnectHttp2());
  for (Uploader* each : {&uploader, &second}) {
    for (std::uint32_t id = 1; id <= 15; id += 2) {
      each->client().Send(Call(id, kUnary));
      each->Add(id, Message(kMiB), /*end=*/true);
    }
  }
  Exhaust(server, uploader);
  Exhaust(server, second);
  EXPECT_NE(server.budget().level(), Level::kFree);
  EXPECT_EQ(server.open_calls(), 16u);
  EXPECT_FALSE(uploader.done());
  EXPECT_FALSE(second.done());
  int ticks = 0;
  while (server.open_calls() > 0 && ticks < 200) {
    ++ticks;
    server.Advance(kBudgetTick);
    Exhaust(server, uploader);
    Exhaust(server, second);
  }
  // 16 MiB, kLentCredit at a time.
  ASSERT_LT(ticks, 80);
  for (Uploader* each : {&uploader, &second}) {
    for (std::uint32_t id = 1; id <= 15; id += 2) {
      EXPECT_EQ(server.Finish(each->client(), id).trailers, "grpc-status=0");
    }
  }
  server.Advance(kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
}

// The turns are those of peers that the server stops.
TEST_F(MemoryBudgetTest, NobodyWaitsForTheTurnsOfIdleStreams) {
  probe.bidi = [](Probe&, ServerContext&,
                  ServerReaderWriter<TestRequest, TestReply>& stream) -> Task<absl::Status> {
    TestRequest request;
    while (co_await stream.Read(request)) {
    }
    co_return absl::OkStatus();
  };
  ServerUnderTest server(kUnlimited, probe, Budget(kMiB));
  std::vector<WireClient*> idle;
  for (int i = 0; i < 40; ++i) {
    idle.push_back(&server.ConnectHttp2());
    idle.back()->Send(Call(1, kBidi));
  }
  Uploader uploader(server.ConnectHttp2());
  for (std::uint32_t id = 1; id <= 15; id += 2) {
    uploader.client().Send(Call(id, kUnary));
    uploader.Add(id, Message(kMiB), /*end=*/true);
  }
  Exhaust(server, uploader);
  EXPECT_FALSE(uploader.done());
  int ticks = 0;
  while (server.open_calls() > 40 && ticks < 200) {
    ++ticks;
    server.Advance(kBudgetTick);
    Exhaust(server, uploader);
  }
  EXPECT_LT(ticks, 40);  // 8 MiB, kLentCredit at a time
  for (WireClient* client : idle) client->Close();
  ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
}

TEST_F(MemoryBudgetTest, HealthIsToldWhileTheBudgetIsFull) {
  constexpr std::string_view kCheck = "/grpc.health.v1.Health/Check";
  RawService health;
  health.AddUnary(kCheck, [](ServerContext&, const Bytes&, Bytes& reply) -> Task<absl::Status> {
    reply = Bytes::Static("well");
    co_return absl::OkStatus();
  });
  RawService any;
  any.AddAnyOther(
      [](ServerContext&, ServerReaderWriter<Bytes, Bytes>& stream) -> Task<absl::Status> {
        absl::Status written = co_await stream.Write(Bytes::Static("well"));
        co_return written;
      });
  for (RawService* service : {&health, &any}) {
    ServerUnderTest server(kUnlimited, probe, Budget(512 * kKiB), service);
    probe.notes.clear();  // the gate is shut
    std::vector<Uploader> crowd = Crowd(server);
    ASSERT_EQ(server.budget().level(), Level::kFull);
    WireClient& fresh = server.ConnectHttp2();
    fresh.Send(Call(1, kCheck).Render() + Data(1, Envelope("")).End().Render());
    const WireStream& told = server.Finish(fresh, 1);
    EXPECT_EQ(told.trailers, "grpc-status=0") << told.head;
    EXPECT_EQ(told.messages(), std::vector<std::string>{"well"});
    ExpectRefused(server, fresh, 3);
    OpenGate();
  }
}

TEST_F(MemoryBudgetTest, PeerThatOpensStreamsAndNeverReadsIsRefusedMore) {
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  WireClient& other = server.ConnectHttp2();
  WireClient& client = server.Connect();
  client.StartHttp2(Settings({{4, 0}}));  // no body may be sent to it
  std::uint32_t accepted = 0;
  for (std::uint32_t id = 1; id < 400; id += 2) {
    client.Send(Call(id, kServerStream).Render() + Data(id, Ask("go")).End().Render());
    server.Settle(client);
    if (!client.stream(id).over()) ++accepted;
  }
  // Each writer waits with what its stream's mark lets it have; half of the budget is one
  // connection's share when no other has calls.
  EXPECT_GE(accepted, 20u);
  EXPECT_LE(accepted, 50u);
  EXPECT_LT(Holds(server), 4 * kMiB);
  EXPECT_TRUE(client.stream(399).head.starts_with(kRefused)) << client.stream(399).head;
  ExpectServed(server, other, 1);
  for (std::uint32_t id = 1; id < 400; id += 2) {
    if (!client.stream(id).over()) client.Send(RstStream(id, 8));
  }
  server.Settle(client);
  server.Advance(kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
  EXPECT_EQ(server.open_calls(), 0u);
  client.Send(Settings({{4, 65535}}));
  ExpectServed(server, client, 1001);
}

// Replies whose large fields are sent from where they are do not lie in chunks.
TEST_F(MemoryBudgetTest, RepliesThatAreSentFromTheirMessagesCount) {
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  WireClient& client = server.Connect();
  client.StartHttp2(Settings({{4, 0}}));
  TestRequest request;
  request.set_size(512 * kKiB);
  std::uint32_t accepted = 0;
  for (std::uint32_t id = 1; id < 40; id += 2) {
    client.Send(Call(id, kUnary).Render() +
                Data(id, Envelope(request.SerializeAsString())).End().Render());
    server.Settle(client);
    if (!client.stream(id).over()) ++accepted;
  }
  EXPECT_GE(accepted, 4u);
  EXPECT_LE(accepted, 5u);
  EXPECT_TRUE(client.stream(39).head.starts_with(kRefused)) << client.stream(39).head;
  client.Close();
  ASSERT_TRUE(server.Until([&] { return server.shard().connection_count() == 0; }));
  EXPECT_EQ(server.shard().environment().chunks.stats().bytes_charged, 0u);
  server.Advance(kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
}

// The client never ends them, so that no handler begins: what was parsed of them lies in messages.
TEST_F(MemoryBudgetTest, ThousandParsedRequestsWithoutAnEndAreHeldBackAndGoOnOnceTheyEnd) {
  constexpr std::size_t kBudget = 8 * kMiB;
  constexpr std::uint32_t kStreams = 1000;
  constexpr std::size_t kEach = 64 * kKiB;
  ServerUnderTest server(kUnlimited, probe, Budget(kBudget).set_max_concurrent_streams(2000));
  WireClient& other = server.ConnectHttp2();
  ExpectServed(server, other, 1);
  Uploader uploader(server.ConnectHttp2());
  for (std::uint32_t i = 0; i < kStreams; ++i) uploader.client().Send(Call(2 * i + 1, kUnary));
  // One after the other, so that each is complete before the next begins.
  std::uint32_t complete = 0;
  for (; complete < kStreams && uploader.done(); ++complete) {
    uploader.Add(2 * complete + 1, Message(kEach), /*end=*/false);
    Exhaust(server, uploader);
  }
  EXPECT_FALSE(uploader.done());
  --complete;
  EXPECT_EQ(server.budget().level(), Level::kTight);
  EXPECT_GE(Holds(server), complete * kEach);
  EXPECT_GE(Holds(server), kBudget / 2);
  EXPECT_LE(Holds(server), kBudget / 2 + kMiB);
  ExpectServed(server, other, 3);
  ExpectRefused(server, uploader.client(), 5001);

  for (std::uint32_t i = 0; i < complete; ++i) {
    uploader.client().Send(Data(2 * i + 1, "").End());
    EXPECT_EQ(server.Finish(uploader.client(), 2 * i + 1).trailers, "grpc-status=0");
  }
  server.Advance(2 * kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
  Exhaust(server, uploader);
  EXPECT_TRUE(uploader.done());
  for (std::uint32_t i = complete; i < kStreams; ++i) {
    uploader.client().Send(RstStream(2 * i + 1, 8));
  }
  ExpectServed(server, uploader.client(), 5003);
  EXPECT_LT(Holds(server), 256 * kKiB);
}

// While it runs it has its request; then nobody has, whenever the client takes the reply.
TEST_F(MemoryBudgetTest, RequestCountsUntilItsHandlerIsDone) {
  probe.unary = [](Probe& self, ServerContext&, const TestRequest& request,
                   TestReply& reply) -> Task<absl::Status> {
    while (self.notes.empty()) {
      absl::Status slept = co_await Sleep(std::chrono::milliseconds(1));
      if (!slept.ok()) co_return slept;
    }
    reply.set_text("re: " + request.text());
    co_return absl::OkStatus();
  };
  ServerUnderTest server(kUnlimited, probe, Budget(64 * kMiB));
  const auto charged = [&] { return server.shard().environment().chunks.stats().bytes_charged; };
  WireClient& client = server.Connect();
  client.StartHttp2(Settings({{4, 0}}));
  Uploader uploader(client);
  client.Send(Call(1, kUnary));
  uploader.Add(1, Ask("small"), /*end=*/true);
  Exhaust(server, uploader);
  EXPECT_EQ(server.open_calls(), 1u);
  EXPECT_EQ(charged(), 0u);
  client.Send(Call(3, kUnary));
  uploader.Add(3, Message(kMiB), /*end=*/true);
  Exhaust(server, uploader);
  EXPECT_GE(charged(), kMiB);
  EXPECT_LE(charged(), kMiB + 4 * kKiB);
  OpenGate();
  ASSERT_TRUE(server.Until([&] {
    server.Advance(std::chrono::milliseconds(1));
    return charged() == 0;
  }));
  EXPECT_EQ(server.open_calls(), 2u);  // the replies can't go
}

// Replies of raw bytes: "/raw/Buffer" with half a megabyte of memory, "/raw/File" with a file's.
void AddRawReplies(RawService& raw) {
  raw.AddUnary("/raw/Buffer", [](ServerContext&, const Bytes&, Bytes& reply) -> Task<absl::Status> {
    reply = Bytes(std::string(512 * kKiB, 'b'));
    co_return absl::OkStatus();
  });
  raw.AddUnary("/raw/File", [](ServerContext&, const Bytes&, Bytes& reply) -> Task<absl::Status> {
    absl::StatusOr<MappedFile> file = MappedFile::Open("/proc/self/exe");
    if (!file.ok()) co_return file.status();
    absl::StatusOr<Bytes> region = file->Region(0, 512 * kKiB);
    if (!region.ok()) co_return region.status();
    reply = *std::move(region);
    co_return absl::OkStatus();
  });
}

// Calls the path on 20 streams of a client that takes no body; returns how many are accepted.
std::uint32_t OpenRaw(ServerUnderTest& server, WireClient& client, std::string_view path) {
  std::uint32_t accepted = 0;
  for (std::uint32_t id = 1; id < 40; id += 2) {
    client.Send(Call(id, path).Render() + Data(id, Envelope("")).End().Render());
    server.Settle(client);
    if (!client.stream(id).over()) ++accepted;
  }
  return accepted;
}

TEST_F(MemoryBudgetTest, RawRepliesCount) {
  RawService raw;
  AddRawReplies(raw);
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB), &raw);
  WireClient& client = server.Connect();
  client.StartHttp2(Settings({{4, 0}}));
  const std::uint32_t accepted = OpenRaw(server, client, "/raw/Buffer");
  EXPECT_GE(accepted, 4u);
  EXPECT_LE(accepted, 5u);
  EXPECT_TRUE(client.stream(39).head.starts_with(kRefused)) << client.stream(39).head;
  client.Close();
  ASSERT_TRUE(server.Until([&] { return server.shard().connection_count() == 0; }));
  EXPECT_EQ(server.shard().environment().chunks.stats().bytes_charged, 0u);
  server.Advance(kBudgetTick);
  EXPECT_EQ(server.budget().level(), Level::kFree);
}

// Regions of files are the page cache's: whose connection waits with them is not above its share.
TEST_F(MemoryBudgetTest, MappedRepliesDoNotCount) {
  RawService raw;
  AddRawReplies(raw);
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB), &raw);
  WireClient& client = server.Connect();
  client.StartHttp2(Settings({{4, 0}}));
  EXPECT_EQ(OpenRaw(server, client, "/raw/File"), 20u);
  EXPECT_EQ(server.budget().level(), Level::kFree);
  Uploader uploader(server.ConnectHttp2());
  Stall(uploader, 100, kMiB);
  Exhaust(server, uploader);
  ASSERT_EQ(server.budget().level(), Level::kTight);
  ExpectRefused(server, uploader.client(), 1001);
  client.Send(Settings({{4, 65535}}));
  for (std::uint32_t id = 1; id < 40; id += 2) client.Send(RstStream(id, 8));
  ExpectServed(server, client, 41);
  OpenGate();
}

// Each peer in its turn, however many come after it.
TEST_F(MemoryBudgetTest, NewConnectionsDoNotGoBeforeThoseThatWait) {
  ServerUnderTest server(kUnlimited, probe, Budget(kMiB));
  Uploader old(server.ConnectHttp2());
  for (std::uint32_t id = 1; id <= 7; id += 2) {
    old.client().Send(Call(id, kUnary));
    old.Add(id, Message(kMiB), /*end=*/true);
  }
  Exhaust(server, old);
  EXPECT_EQ(server.budget().level(), Level::kTight);
  EXPECT_FALSE(old.done());
  int ticks = 0;
  for (; ticks < 100 && !old.done(); ++ticks) {
    Uploader fresh(server.ConnectHttp2());
    fresh.client().Send(Call(1, kUnary));
    fresh.Add(1, Message(kMiB), /*end=*/true);
    Exhaust(server, fresh);
    server.Advance(kBudgetTick);
    Exhaust(server, old);
    fresh.client().Close();
    server.Advance(std::chrono::milliseconds(1));
  }
  EXPECT_LT(ticks, 60);
}

TEST_F(MemoryBudgetTest, Http1IsAnswered503AndItsBodiesWait) {
  ServerUnderTest server(kUnlimited, probe, Budget(512 * kKiB));
  const std::string head =
      "POST /weft.testing.TestService/Unary HTTP/1.1\r\nHost: a\r\n"
      "Content-Type: application/json\r\nContent-Length: ";
  const std::string body = "{\"text\":\"" + std::string(2 * kMiB, 'j') + "\"}";
  WireClient& slow = server.Connect();
  slow.Send(head + std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, 1000));
  ASSERT_TRUE(server.Until([&] { return server.open_calls() == 1; }));
  std::vector<Uploader> crowd = Crowd(server);
  EXPECT_EQ(server.budget().level(), Level::kFull);

  WireClient& refused = server.Connect();
  refused.Send(head + "2\r\n\r\n{}");
  ASSERT_TRUE(server.Until(
      [&] { return refused.received().find("at its memory budget") != std::string::npos; }));
  EXPECT_TRUE(refused.received().starts_with("HTTP/1.1 503 ")) << refused.received();
  EXPECT_NE(refused.received().find("retry-after: 1\r\n"), std::string::npos);

  // Its body is not read on, but for what it is lent; the HTTP/2 one waits for nothing.
  const std::size_t before = Holds(server);
  slow.Send(body.substr(1000));
  server.Settle(crowd[0].client());
  server.Settle(crowd[0].client());
  EXPECT_LE(Holds(server), before + 128 * kKiB);
  for (int tick = 0; tick < 5; ++tick) {
    server.Advance(kBudgetTick);
    server.Settle(crowd[0].client());
  }
  EXPECT_GT(Holds(server), before + 128 * kKiB);
  EXPECT_EQ(slow.received(), "");
  OpenGate();
  ASSERT_TRUE(server.Until([&] {
    return AllDone(server, crowd) && slow.received().find("re: jjj") != std::string::npos;
  }));
  EXPECT_TRUE(slow.received().starts_with("HTTP/1.1 200 "));
}

TEST_F(MemoryBudgetTest, NewConnectionIsHeldBackWhileTheBudgetIsFull) {
  ServerUnderTest server(kUnlimited, probe, Budget(512 * kKiB));
  std::vector<Uploader> crowd = Crowd(server);
  ASSERT_EQ(server.budget().level(), Level::kFull);
  WireClient& fresh = server.ConnectHttp2();
  ExpectRefused(server, fresh, 1);
  OpenGate();
  ASSERT_TRUE(server.Until([&] { return AllDone(server, crowd); }));
  server.Advance(kBudgetTick);
  ExpectServed(server, fresh, 3);
}

// No budget is needed for this: credit comes as messages are taken.
TEST_F(MemoryBudgetTest, SenderFasterThanTheHandlerIsBoundByItsWindow) {
  probe.client_stream = [](Probe&, ServerContext&, ServerReader<TestRequest>& reader,
                           TestReply& reply) -> Task<absl::Status> {
    TestRequest request;
    int count = 0;
    while (co_await reader.Read(request)) {
      ++count;
      absl::Status slept = co_await Sleep(std::chrono::milliseconds(1));
      if (!slept.ok()) co_return slept;
    }
    reply.set_count(count);
    co_return absl::OkStatus();
  };
  ServerUnderTest server(kUnlimited, probe);
  Uploader uploader(server.ConnectHttp2());
  Stall(uploader, 1, 3 * kMiB);
  std::size_t most = 0;
  ASSERT_TRUE(server.Until([&] {
    uploader.Pump();
    server.Advance(std::chrono::milliseconds(1));
    most = std::max(most, Holds(server));
    return server.open_calls() == 0 && uploader.done();
  }));
  // The window does not grow for a reader that is slow, however short the path.
  EXPECT_GT(most, 32 * kKiB);
  EXPECT_LT(most, 512 * kKiB);
  EXPECT_EQ(server.Finish(uploader.client(), 1).trailers, "grpc-status=0");
}

// Its handler reads one message and then none until it is let go.
class BlockingReaders final : public TestService::BlockingService {
 public:
  absl::Status ClientStream(ServerContext&, BlockingReader<TestRequest>& reader,
                            TestReply&) override {
    TestRequest request;
    bool more = reader.Read(request);
    ++begun;
    gate_.wait();
    while (more) more = reader.Read(request);
    return absl::OkStatus();
  }
  absl::Status Unary(ServerContext&, const TestRequest&, TestReply&) override {
    gate_.wait();
    return absl::OkStatus();
  }
  void LetGo() { open_.set_value(); }

  std::atomic<std::uint32_t> begun{0};

 private:
  std::promise<void> open_;
  const std::shared_future<void> gate_{open_.get_future()};
};

TEST_F(MemoryBudgetTest, RequestsInTheQueueOfWorkersCount) {
  BlockingReaders handlers;
  ServerUnderTest server(kUnlimited, handlers, Budget(64 * kMiB).set_workers(1));
  Uploader uploader(server.ConnectHttp2());
  for (std::uint32_t id = 1; id <= 5; id += 2) {
    uploader.client().Send(Call(id, kUnary));
    uploader.Add(id, Message(kMiB), /*end=*/true);
  }
  Exhaust(server, uploader);
  const internal::ChunkPool& chunks = server.shard().environment().chunks;
  EXPECT_GE(chunks.stats().bytes_charged, 3 * kMiB);
  handlers.LetGo();
  ASSERT_TRUE(server.Until([&] { return server.open_calls() == 0; }));
  EXPECT_EQ(chunks.stats().bytes_charged, 0u);
}

// A reader takes over all that has come, however little of it its handler has read.
TEST_F(MemoryBudgetTest, WhatABlockingHandlerHasNotReadCounts) {
  BlockingReaders readers;
  ServerUnderTest server(kUnlimited, readers, Budget(5 * kMiB));
  Uploader uploader(server.ConnectHttp2());
  uploader.client().Send(Call(1, kClientStream));
  const std::string message = Message(10'000);
  uploader.Add(1, message + message + message + message + message, /*end=*/false);
  Exhaust(server, uploader);
  EXPECT_TRUE(uploader.done());
  EXPECT_TRUE(server.Until([&] { return readers.begun == 1; }));
  Exhaust(server, uploader);
  const internal::ServerCall& call = server.shard().environment().calls.front();
  EXPECT_GE(call.held_bytes(), 40'000u);  // but for a prefix
  EXPECT_FALSE(call.waits_for_body());    // its handler does something else
  readers.LetGo();
  EXPECT_TRUE(server.Until([&] { return call.waits_for_body(); }));
  EXPECT_EQ(call.held_bytes(), 0u);
  uploader.client().Send(Data(1, "").End().Render());
  EXPECT_EQ(server.Finish(uploader.client(), 1).trailers, "grpc-status=0");
}

// By it the loop decides when the heap is to be trimmed.
TEST_F(MemoryBudgetTest, HeapBytesComeAndGoWithIdleStreams) {
  constexpr std::size_t kStreams = 1000;
  ServerUnderTest server(kUnlimited, probe, ServerOptions().set_max_concurrent_streams(kStreams));
  const std::size_t before = server.shard().HeapBytes();
  WireClient& client = server.ConnectHttp2();
  for (std::uint32_t i = 0; i < kStreams; ++i) client.Send(Call(2 * i + 1, kClientStream));
  server.Settle(client);
  ASSERT_EQ(server.open_calls(), kStreams);
  EXPECT_GT(server.shard().HeapBytes(), before + kStreams * kKiB);
  client.Close();
  ASSERT_TRUE(server.Until([&] {
    server.Advance(std::chrono::milliseconds(1));
    return server.open_calls() == 0 && server.shard().connection_count() == 0;
  }));
  for (int i = 0; i < 3; ++i) {
    server.Advance(internal::kPoolTrimInterval + std::chrono::milliseconds(100));
  }
  EXPECT_LT(server.shard().HeapBytes(), before + 16 * kKiB);
}

TEST_F(MemoryBudgetTest, ServerMayEndWhileConnectionsAreHeldBack) {
  ServerUnderTest server(kUnlimited, probe, Budget(512 * kKiB));
  std::vector<Uploader> crowd = Crowd(server);
  EXPECT_EQ(server.budget().level(), Level::kFull);
  server.shard().Drain([] {});
  OpenGate();
}

}  // namespace
}  // namespace weft::testing
