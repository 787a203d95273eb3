#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <future>
#include <string>
#include <string_view>

#include "buffer/limits.h"
#include "server/server_call.h"
#include "tests/protocol/memory_fixture.h"
#include "weft/blocking_stream.h"
#include "weft/mapped_file.h"
#include "weft/raw_service.h"

// What counts in the server's memory budget, and until when.
namespace weft::testing {
namespace {

using internal::kBudgetTick;
using internal::kKiB;
using internal::kMiB;
using Level = internal::BudgetCount::Level;
using MemoryChargeTest = MemoryTest;

// Replies whose large fields are sent from where they are do not lie in chunks.
TEST_F(MemoryChargeTest, RepliesThatAreSentFromTheirMessagesCount) {
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
TEST_F(MemoryChargeTest, ThousandParsedRequestsWithoutAnEndAreHeldBackAndGoOnOnceTheyEnd) {
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
TEST_F(MemoryChargeTest, RequestCountsUntilItsHandlerIsDone) {
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

TEST_F(MemoryChargeTest, RawRepliesCount) {
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
TEST_F(MemoryChargeTest, MappedRepliesDoNotCount) {
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

TEST_F(MemoryChargeTest, RequestsInTheQueueOfWorkersCount) {
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
TEST_F(MemoryChargeTest, WhatABlockingHandlerHasNotReadCounts) {
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
TEST_F(MemoryChargeTest, HeapBytesComeAndGoWithIdleStreams) {
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

// A field of a few bytes on the wire may be one of kilobytes, by HPACK's table, in each of a
// thousand heads.
TEST_F(MemoryChargeTest, LargeHeadsCount) {
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  WireClient& client = server.ConnectHttp2();
  const std::string large(3 * kKiB, 'h');
  std::uint32_t accepted = 0;
  for (std::uint32_t id = 1; id < 800; id += 2) {
    Headers head = Call(id, kUnary);
    for (int i = 0; i < 4; ++i) head.Field("large", large);
    client.Send(head);
    server.Settle(client);
    if (!client.stream(id).over()) ++accepted;
  }
  // Up to one connection's share, half of the budget.
  EXPECT_GE(accepted, 150u);
  EXPECT_LE(accepted, 175u);
  EXPECT_TRUE(client.stream(799).head.starts_with(kRefused)) << client.stream(799).head;
  for (std::uint32_t id = 1; id < 800; id += 2) {
    if (!client.stream(id).over()) client.Send(RstStream(id, 8));
  }
  server.Settle(client);
  EXPECT_EQ(server.shard().environment().chunks.stats().bytes_charged, 0u);
  server.Advance(kBudgetTick);
  ExpectServed(server, client, 1001);
}

// A client that does not end its request keeps the stream open behind an answer.
TEST_F(MemoryChargeTest, LargeHeadCountsNoMoreOnceItsCallIsAnswered) {
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  WireClient& client = server.ConnectHttp2();
  client.Send(Headers(1)
                  .Request("POST", kUnary)
                  .Field("content-type", "application/json")
                  .Field("grpc-timeout", "10m")
                  .Field("large", std::string(8 * kKiB, 'h')));
  server.Settle(client);
  ASSERT_EQ(server.open_calls(), 1u);
  EXPECT_GE(server.shard().environment().chunks.stats().bytes_charged, 8 * kKiB);
  server.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(server.Until([&] { return !client.stream(1).head.empty(); }));
  EXPECT_EQ(server.shard().environment().chunks.stats().bytes_charged, 0u);
}

TEST_F(MemoryChargeTest, OrdinaryHeadsDoNotCount) {
  ServerUnderTest server(kUnlimited, probe, Budget(4 * kMiB));
  WireClient& client = server.ConnectHttp2();
  for (std::uint32_t id = 1; id < 200; id += 2) {
    client.Send(Call(id, kUnary).Field("some", std::string(500, 's')));
  }
  server.Settle(client);
  EXPECT_EQ(server.open_calls(), 100u);
  EXPECT_EQ(server.shard().environment().chunks.stats().bytes_charged, 0u);
}

// What workers encode shows in the pool without its loop's doing.
TEST_F(MemoryChargeTest, RepliesOfBlockingStreamsCountAsTheyAreWritten) {
  class Writers final : public TestService::BlockingService {
   public:
    absl::Status ServerStream(ServerContext&, const TestRequest&,
                              BlockingWriter<TestReply>& writer) override {
      TestReply reply;
      reply.set_payload(std::string(512 * kKiB, 'w'));
      return writer.Write(reply);
    }
  } writers;
  ServerUnderTest server(kUnlimited, writers, Budget(4 * kMiB));
  WireClient& client = server.Connect();
  client.StartHttp2(Settings({{4, 0}}));
  std::uint32_t accepted = 0;
  for (std::uint32_t id = 1; id < 40; id += 2) {
    client.Send(Call(id, kServerStream).Render() + Data(id, Ask("go")).End().Render());
    // Until its handler is done.
    ASSERT_TRUE(
        server.Until([&] { return client.stream(id).over() || !client.stream(id).head.empty(); }));
    server.Settle(client);
    if (!client.stream(id).over()) ++accepted;
  }
  EXPECT_GE(accepted, 4u);
  EXPECT_LE(accepted, 5u);
  EXPECT_TRUE(client.stream(39).head.starts_with(kRefused)) << client.stream(39).head;
  client.Close();
  ASSERT_TRUE(server.Until([&] { return server.shard().connection_count() == 0; }));
}

}  // namespace
}  // namespace weft::testing
