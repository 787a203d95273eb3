// Streams of all kinds, in threads and in coroutines of the channel's own loop and of another one.
#include <atomic>
#include <future>

#include "tests/unit/client/client_fixture.h"
#include "weft/spawn.h"
#include "weft/when_all.h"

namespace weft::testing {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

constexpr int kMessages = 10000;

TestRequest Numbered(int i) {
  TestRequest request;
  request.set_text(std::to_string(i));
  return request;
}

TestRequest Count(int count, int size) {
  TestRequest request;
  request.set_count(count);
  request.set_size(size);
  return request;
}

class StreamTest : public ServedFixture, public ::testing::Test {};

TEST_F(StreamTest, ThreadReadsAServerStreamInOrder) {
  auto reader = stub_.ServerStream(Count(kMessages, 100));
  TestReply reply;
  int next = 0;
  while (reader.Read(reply).Wait()) {
    ASSERT_EQ(reply.count(), next++);
    ASSERT_EQ(reply.payload().size(), 100U);
  }
  EXPECT_EQ(next, kMessages);
  EXPECT_TRUE(reader.Finish().Wait().ok());
}

TEST_F(StreamTest, ThreadWritesAClientStream) {
  auto writer = stub_.ClientStream();
  for (int i = 0; i < kMessages; ++i) ASSERT_TRUE(writer.Write(Numbered(i)).Wait().ok()) << i;
  const absl::StatusOr<TestReply> reply = writer.Finish().Wait();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->count(), kMessages);
  EXPECT_EQ(reply->text(), std::to_string(kMessages - 1));
}

TEST_F(StreamTest, OneThreadReadsWhileAnotherWrites) {
  auto stream = stub_.Bidi();
  std::thread writer([&stream] {
    for (int i = 0; i < kMessages; ++i) ASSERT_TRUE(stream.Write(Numbered(i)).Wait().ok()) << i;
    stream.WritesDone();
  });
  TestReply reply;
  int next = 0;
  while (stream.Read(reply).Wait()) ASSERT_EQ(reply.text(), std::to_string(next++));
  writer.join();
  EXPECT_EQ(next, kMessages);
  EXPECT_TRUE(stream.Finish().Wait().ok());
}

// Where the coroutine lives: on the channel's own loop, or on another.
class AwaitedStreamTest : public ServedFixture, public ::testing::TestWithParam<bool> {
 protected:
  AwaitedStreamTest() {
    ChannelOptions options;
    if (GetParam()) options.add_loop(loop_.loop());
    channel_ = std::make_unique<Channel>(target_, options);
    stub_ = TestService::Stub(*channel_);
  }
  ~AwaitedStreamTest() override { channel_.reset(); }

  // What the task says about its end.
  std::string Run(Task<void> task, std::promise<std::string>& result) {
    Spawn(loop_.loop(), std::move(task));
    return result.get_future().get();
  }

  LoopOnThread loop_;
};
INSTANTIATE_TEST_SUITE_P(Loops, AwaitedStreamTest, ::testing::Bool(), [](const auto& where) {
  return where.param ? "OnTheChannelsLoop" : "OnAnotherLoop";
});

Task<void> ReadAll(TestService::Stub stub, std::promise<std::string>& result) {
  auto reader = stub.ServerStream(Count(kMessages, 100));
  TestReply reply;
  int next = 0;
  while (co_await reader.Read(reply)) {
    if (reply.count() == next) ++next;
  }
  absl::Status status = co_await reader.Finish();
  result.set_value(std::to_string(next) + " " + status.ToString());
}

TEST_P(AwaitedStreamTest, ReadsAServerStreamInOrder) {
  std::promise<std::string> result;
  EXPECT_EQ(Run(ReadAll(stub_, result), result), "10000 OK");
}

Task<void> WriteAll(TestService::Stub stub, std::promise<std::string>& result) {
  auto writer = stub.ClientStream();
  for (int i = 0; i < kMessages; ++i) {
    TestRequest request = Numbered(i);
    absl::Status written = co_await writer.Write(request);
    if (!written.ok()) break;
  }
  absl::StatusOr<TestReply> reply = co_await writer.Finish();
  result.set_value(reply.ok() ? std::to_string(reply->count()) : reply.status().ToString());
}

TEST_P(AwaitedStreamTest, WritesAClientStream) {
  std::promise<std::string> result;
  EXPECT_EQ(Run(WriteAll(stub_, result), result), "10000");
}

using Stream = ClientReaderWriter<TestRequest, TestReply>;

Task<void> WriteSide(Stream& stream) {
  for (int i = 0; i < kMessages; ++i) {
    TestRequest request = Numbered(i);
    absl::Status written = co_await stream.Write(request);
    if (!written.ok()) break;
  }
  stream.WritesDone();
}

Task<int> ReadSide(Stream& stream) {
  TestReply reply;
  int next = 0;
  while (co_await stream.Read(reply)) {
    if (reply.text() == std::to_string(next)) ++next;
  }
  co_return next;
}

Task<void> BothSides(TestService::Stub stub, std::promise<std::string>& result) {
  auto stream = stub.Bidi();
  auto both = co_await WhenAll(WriteSide(stream), ReadSide(stream));
  absl::Status status = co_await stream.Finish();
  result.set_value(std::to_string(std::get<1>(both)) + " " + status.ToString());
}

TEST_P(AwaitedStreamTest, ReadAndWriteOverlap) {
  std::promise<std::string> result;
  EXPECT_EQ(Run(BothSides(stub_, result), result), "10000 OK");
}

// The server takes nothing, so writes must stop at some mark; then the call is cancelled.
Task<void> WriteUntilStopped(TestService::Stub stub, std::atomic<int>& written,
                             std::promise<std::string>& result) {
  ClientContext context;
  context.set_timeout(milliseconds(500));
  auto writer = stub.ClientStream(context);
  TestRequest first;
  first.set_wait(true);
  absl::Status status = co_await writer.Write(first);
  TestRequest big;
  big.set_payload(std::string(10000, 'x'));
  while (status.ok()) {
    status = co_await writer.Write(big);
    ++written;
  }
  absl::StatusOr<TestReply> reply = co_await writer.Finish();
  result.set_value(std::string(absl::StatusCodeToString(status.code())) + " " +
                   absl::StatusCodeToString(reply.status().code()));
}

TEST_P(AwaitedStreamTest, WriterStopsWhenTheServerDoesNotRead) {
  std::promise<std::string> result;
  std::atomic<int> written{0};
  EXPECT_EQ(Run(WriteUntilStopped(stub_, written, result), result),
            "DEADLINE_EXCEEDED DEADLINE_EXCEEDED");
  EXPECT_LT(written, 1000);
}

TEST_F(StreamTest, ServerStopsWhenTheReaderDoesNotRead) {
  auto reader = stub_.ServerStream(Count(kMessages, 10000));
  TestReply reply;
  ASSERT_TRUE(reader.Read(reply).Wait());
  // Far less than the 100 MB has been sent by now: its handler has not ended.
  ASSERT_TRUE(stub_.Unary(Text("a call gets through")).Wait().ok());
  EXPECT_EQ(service_.ended, 1);
  int read = 1;
  while (reader.Read(reply).Wait()) ++read;
  EXPECT_EQ(read, kMessages);
  EXPECT_TRUE(reader.Finish().Wait().ok());
}

TEST_F(StreamTest, FinishDropsMessagesThatWereNotRead) {
  auto reader = stub_.ServerStream(Count(1000, 10000));
  TestReply reply;
  ASSERT_TRUE(reader.Read(reply).Wait());
  EXPECT_TRUE(reader.Finish().Wait().ok());
}

TEST_F(StreamTest, FinishWithoutAnyReadGivesTheStatus) {
  TestRequest request = Count(3, 10);
  request.set_text("enough");
  request.set_code(static_cast<int>(StatusCode::kOutOfRange));
  auto reader = stub_.ServerStream(request);
  EXPECT_EQ(reader.Finish().Wait(), absl::OutOfRangeError("enough"));
}

TEST_F(StreamTest, DroppedStreamCancelsItsHandler) {
  {
    auto reader = stub_.ServerStream(Count(kMessages, 10000));
    TestReply reply;
    ASSERT_TRUE(reader.Read(reply).Wait());
  }
  EXPECT_TRUE(TestServiceImpl::WaitFor(service_.cancelled, 1));
}

TEST_F(StreamTest, CancelFromAnotherThreadEndsARead) {
  auto stream = stub_.Bidi();
  std::thread canceller([&] {
    EXPECT_TRUE(TestServiceImpl::WaitFor(service_.begun, 1));
    stream.Cancel();
  });
  TestReply reply;
  EXPECT_FALSE(stream.Read(reply).Wait());
  EXPECT_EQ(stream.Finish().Wait().code(), StatusCode::kCancelled);
  canceller.join();
}

TEST_F(StreamTest, EarlyStatusEndsWritesAndIsTheStreams) {
  auto stream = stub_.Bidi();
  TestRequest stop = Text("stop");
  stop.set_code(static_cast<int>(StatusCode::kAborted));
  ASSERT_TRUE(stream.Write(stop).Wait().ok());
  absl::Status written;
  while (written.ok()) written = stream.Write(Numbered(1)).Wait();
  EXPECT_EQ(written, absl::AbortedError("stop"));
  EXPECT_EQ(stream.Finish().Wait(), absl::AbortedError("stop"));
}

TEST_F(StreamTest, ThenReadsWritesAndFinishes) {
  auto stream = stub_.Bidi();
  std::promise<absl::Status> written;
  stream.Write(Text("a")).Then([&](absl::Status status) { written.set_value(status); });
  EXPECT_TRUE(written.get_future().get().ok());
  TestReply reply;
  std::promise<bool> read;
  stream.Read(reply).Then([&](bool ok) { read.set_value(ok); });
  EXPECT_TRUE(read.get_future().get());
  EXPECT_EQ(reply.text(), "a");
  std::promise<absl::Status> finished;
  stream.Finish().Then([&](absl::Status status) { finished.set_value(status); });
  EXPECT_TRUE(finished.get_future().get().ok());
}

// The server's handler still reads, so nothing but the misuse can end the write.
TEST_F(StreamTest, WriteAfterWritesDoneIsRefusedInAThread) {
  auto stream = stub_.Bidi();
  ASSERT_TRUE(stream.Write(Text("a")).Wait().ok());
  stream.WritesDone();
  const absl::Status late = stream.Write(Text("b")).Wait();
  EXPECT_EQ(late.code(), StatusCode::kInternal) << late;  // checklist 38
  EXPECT_NE(std::string(late.message()).find("after WritesDone"), std::string::npos) << late;
  TestReply reply;
  ASSERT_TRUE(stream.Read(reply).Wait());
  EXPECT_EQ(reply.text(), "a");
  EXPECT_FALSE(stream.Read(reply).Wait());
  EXPECT_TRUE(stream.Finish().Wait().ok());
}

Task<void> WriteLate(TestService::Stub stub, std::promise<std::string>& result) {
  auto stream = stub.Bidi();
  TestRequest request;
  stream.WritesDone();
  absl::Status late = co_await stream.Write(request);
  absl::Status status = co_await stream.Finish();
  result.set_value(absl::StatusCodeToString(late.code()) + " " + status.ToString());
}

TEST_P(AwaitedStreamTest, WriteAfterWritesDoneIsRefused) {
  std::promise<std::string> result;
  EXPECT_EQ(Run(WriteLate(stub_, result), result), "INTERNAL OK");
}

using StreamDeathTest = StreamTest;

TEST_F(StreamDeathTest, SecondFinishWhileTheFirstWaitsDies) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto reader = stub_.ServerStream(Waiting());
        reader.Finish().Then([](const absl::Status&) {});
        static_cast<void>(reader.Finish().Wait());
      },
      "waited for by two at once");
}

TEST_F(StreamDeathTest, SecondReadWhileTheFirstWaitsDies) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto reader = stub_.ServerStream(Waiting());
        TestReply first;
        TestReply second;
        reader.Read(first).Then([](bool) {});
        static_cast<void>(reader.Read(second).Wait());
      },
      "waited for by two at once");
}

TEST_F(StreamTest, InitialMetadataIsThereWithTheFirstMessage) {
  ClientContext context;
  auto reader = stub_.ServerStream(context, Count(1, 1));
  TestReply reply;
  ASSERT_TRUE(reader.Read(reply).Wait());
  EXPECT_EQ(context.initial_metadata().Get("absent"), std::nullopt);
  EXPECT_TRUE(reader.Finish().Wait().ok());
}

}  // namespace
}  // namespace weft::testing
