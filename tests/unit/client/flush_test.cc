// When a client's connection writes: how many writes, and what each carries, under every policy.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/channel_core.h"
#include "client/client_call.h"
#include "client/client_shard.h"
#include "client/http2_connection.h"
#include "io/memory_transport.h"
#include "test_service.pb.h"
#include "tests/support/frames.h"
#include "tests/support/manual_clock.h"
#include "tests/support/write_log.h"
#include "tests/support/written_frames.h"
#include "weft/client_context.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::weft::testing::TestReply;
using ::weft::testing::TestRequest;
using ::weft::testing::WriteLogTransport;
using Writes = std::vector<std::string>;

constexpr std::size_t kFrameHead = 9;

MethodInfo Info(MethodKind kind) {
  return {"/test.Service/Method", kind,
          []() -> const google::protobuf::MessageLite& { return TestRequest::default_instance(); },
          []() -> const google::protobuf::MessageLite& { return TestReply::default_instance(); },
          false};
}

class ClientFlushTest : public ::testing::Test, public ClientConnection::Events {
 public:
  ~ClientFlushTest() override {
    shard_->Shutdown(absl::UnavailableError("the test is over"));
    connection_.reset();
    Run();
    core_->Shutdown();
  }

  void Connect(FlushPolicy policy) {
    ChannelOptions options;
    options.add_loop(loop_).set_flush_policy(policy);
    core_ = std::make_shared<ChannelCore>("unix:/nowhere/at/all", nullptr, options);
    shard_ = std::make_unique<ClientShard>(*core_, loop_);
    auto [theirs, ours] =
        MemoryTransport::MakePair(loop_.core(), loop_.core(), MemoryTransport::kUnlimited);
    server_ = std::move(theirs);
    connection_ = std::make_unique<Http2Connection>(
        *core_, loop_.core(), streams_,
        std::make_unique<WriteLogTransport>(std::move(ours), writes_),
        clock_.Now() + std::chrono::hours(1), *this);
    ServerSays(testing::Settings({}) + testing::SettingsAck());
    writes_.clear();
  }
  void ServerSays(const std::string& bytes) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    ASSERT_EQ(server_->WritevSome({&part, 1}).bytes, bytes.size());
    Run();
  }
  void Run() {
    for (int i = 0; i < 20; ++i) loop_.RunOnce();
  }
  void Advance(Duration step) {
    clock_.Advance(step);
    Run();
  }
  template <typename Fn>
  void InPass(Fn fn) {
    loop_.Post(fn);
    Run();
  }
  // In a pass. The channel itself can't connect, so the call goes to the fixture's connection.
  CallHandle Open(const MethodInfo& info, ClientContext* context = nullptr) {
    CallHandle call(new ClientCall());
    contexts_.push_back(std::make_unique<ClientContext>());
    if (context == nullptr) context = contexts_.back().get();
    context->set_wait_for_ready(true);
    (*call).Prepare(core_, *shard_, info, context);
    if (!info.streams_requests()) {
      (*call).SetRequest(MessageInput::Borrow(TestRequest::default_instance()));
    }
    (*call).Start();
    (*call).Open(*connection_);
    return call;
  }
  // The frames of each write since the last time.
  Writes Carried() { return testing::FramesOf(std::exchange(writes_, Writes())); }

  testing::ManualClock clock_;
  EventLoop loop_{EventLoop::Options().set_clock(clock_)};
  BlockPool blocks_;
  http2::StreamPool streams_{loop_.core().chunks(), blocks_};
  Writes writes_;
  std::shared_ptr<ChannelCore> core_;
  std::unique_ptr<ClientShard> shard_;
  std::unique_ptr<MemoryTransport> server_;
  std::unique_ptr<Http2Connection> connection_;
  std::vector<std::unique_ptr<ClientContext>> contexts_;
  std::vector<CallHandle> calls_;
  int downs_ = 0;

 private:
  void OnUp(ClientConnection&) override {}
  void OnGoingAway(ClientConnection&) override {}
  void OnCapacity(ClientConnection&) override {}
  void OnDown(ClientConnection&, const absl::Status&) override {
    ++downs_;
    connection_.reset();
  }
};

TEST_F(ClientFlushTest, EachPassGathersTheCallsOfAPass) {
  const MethodInfo unary = Info(MethodKind::kUnary);
  Connect(FlushPolicy::EachPass());
  InPass([&] {
    calls_.push_back(Open(unary));
    calls_.push_back(Open(unary));
    EXPECT_EQ(writes_, Writes());
  });
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 HEADERS 3 DATA 1 DATA 3"});
}

TEST_F(ClientFlushTest, AtOnceWritesEachRequestAsItIsMade) {
  const MethodInfo unary = Info(MethodKind::kUnary);
  Connect(FlushPolicy::AtOnce());
  InPass([&] {
    calls_.push_back(Open(unary));
    EXPECT_EQ(Carried(), Writes{"HEADERS 1 DATA 1"});
    calls_.push_back(Open(unary));
    EXPECT_EQ(Carried(), Writes{"HEADERS 3 DATA 3"});
  });
  EXPECT_EQ(Carried(), Writes());
}

TEST_F(ClientFlushTest, UpToGathersTheCallsOfSeveralPasses) {
  const MethodInfo unary = Info(MethodKind::kUnary);
  Connect(FlushPolicy::UpTo(milliseconds(5)));
  InPass([&] { calls_.push_back(Open(unary)); });
  Advance(milliseconds(3));
  InPass([&] { calls_.push_back(Open(unary)); });
  EXPECT_EQ(Carried(), Writes());
  Advance(milliseconds(2));
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 HEADERS 3 DATA 1 DATA 3"});
}

TEST_F(ClientFlushTest, MethodsPolicyGoesBeforeTheChannels) {
  MethodInfo unary = Info(MethodKind::kUnary);
  unary.flush = FlushPolicy::AtOnce();
  Connect(FlushPolicy::UpTo(milliseconds(5)));
  InPass([&] { calls_.push_back(Open(unary)); });
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 DATA 1"});
}

TEST_F(ClientFlushTest, MessagesOfAStreamShareAFrame) {
  const MethodInfo stream = Info(MethodKind::kClientStream);
  Connect(FlushPolicy::UpTo(milliseconds(5)));
  InPass([&] { calls_.push_back(Open(stream)); });
  for (int i = 0; i < 3; ++i) {
    InPass([&] {
      (*calls_[0]).Write(MessageInput::Borrow(TestRequest::default_instance()));
      EXPECT_TRUE((*calls_[0]).slot(ClientWait::Step::kWrite).done());
    });
  }
  InPass([&] { (*calls_[0]).WritesDone(); });
  EXPECT_EQ(Carried(), Writes());
  Advance(milliseconds(5));
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 DATA 1"});
}

TEST_F(ClientFlushTest, SmallMessagesOfAStreamShareChunksAndAreSentAgainWhole) {
  constexpr int kMessages = 500;
  const MethodInfo stream = Info(MethodKind::kClientStream);
  Connect(FlushPolicy::EachPass());
  InPass([&] { calls_.push_back(Open(stream)); });
  writes_.clear();
  std::string all;
  InPass([&] {
    ChunkPool& chunks = loop_.core().chunks();
    const std::size_t before = chunks.stats().bytes_in_use;
    for (int i = 0; i < kMessages; ++i) {
      TestRequest request;
      request.set_text(std::to_string(i));
      (*calls_[0]).Write(MessageInput::Borrow(request));
      EXPECT_TRUE((*calls_[0]).slot(ClientWait::Step::kWrite).done());
      const std::string bytes = request.SerializeAsString();
      all += std::string(4, '\0') + static_cast<char>(bytes.size()) + bytes;
    }
    // A chunk that is not full, and those before it, which grow.
    EXPECT_LE(chunks.stats().bytes_in_use - before, 4 * all.size());
  });
  ASSERT_EQ(writes_.size(), 1u);
  EXPECT_EQ(writes_[0].substr(kFrameHead), all);
  writes_.clear();
  constexpr std::uint32_t kRefusedStream = 7;
  ServerSays(testing::RstStream(1, kRefusedStream));
  InPass([&] { (*calls_[0]).Open(*connection_); });
  ASSERT_EQ(writes_.size(), 1u);
  EXPECT_TRUE(writes_[0].ends_with(all));
}

TEST_F(ClientFlushTest, AtOnceWritesEachMessage) {
  const MethodInfo stream = Info(MethodKind::kClientStream);
  Connect(FlushPolicy::AtOnce());
  InPass([&] {
    calls_.push_back(Open(stream));
    for (int i = 0; i < 2; ++i) {
      (*calls_[0]).Write(MessageInput::Borrow(TestRequest::default_instance()));
    }
    (*calls_[0]).WritesDone();
  });
  EXPECT_EQ(Carried(), (Writes{"HEADERS 1", "DATA 1", "DATA 1", "DATA 1"}));
}

TEST_F(ClientFlushTest, CallDoesNotWaitForItsDeadline) {
  const MethodInfo unary = Info(MethodKind::kUnary);
  Connect(FlushPolicy::UpTo(milliseconds(5)));
  ClientContext near;
  near.set_timeout(milliseconds(9));
  InPass([&] { calls_.push_back(Open(unary, &near)); });
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 DATA 1"});
  calls_.clear();
  Run();
}

TEST_F(ClientFlushTest, CancellationDoesNotWait) {
  const MethodInfo unary = Info(MethodKind::kUnary);
  Connect(FlushPolicy::UpTo(seconds(1)));
  InPass([&] { calls_.push_back(Open(unary)); });
  Advance(seconds(1));
  EXPECT_EQ(Carried(), Writes{"HEADERS 1 DATA 1"});
  InPass([&] { (*calls_[0]).Cancel(absl::CancelledError("enough")); });
  EXPECT_EQ(Carried(), Writes{"RST_STREAM 1"});
}

TEST_F(ClientFlushTest, AcknowledgementsTakeWaitingCallsAlong) {
  const MethodInfo unary = Info(MethodKind::kUnary);
  Connect(FlushPolicy::UpTo(seconds(1)));
  InPass([&] { calls_.push_back(Open(unary)); });
  EXPECT_EQ(Carried(), Writes());
  ServerSays(testing::Ping(7));
  const Writes carried = Carried();
  ASSERT_EQ(carried.size(), 1u);
  EXPECT_NE(carried[0].find("PING"), std::string::npos) << carried[0];
  EXPECT_NE(carried[0].find("DATA 1"), std::string::npos) << carried[0];
}

TEST_F(ClientFlushTest, WriteOutlivesAConnectionThatEndsInIt) {
  const MethodInfo stream = Info(MethodKind::kClientStream);
  Connect(FlushPolicy::AtOnce());
  InPass([&] {
    calls_.push_back(Open(stream));
    server_->Close();
    for (int i = 0; i < 3; ++i) {
      (*calls_[0]).Write(MessageInput::Borrow(TestRequest::default_instance()));
      EXPECT_TRUE((*calls_[0]).slot(ClientWait::Step::kWrite).done());
    }
    EXPECT_EQ((*calls_[0]).TakeWrite().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(downs_, 0);
  });
  EXPECT_EQ(downs_, 1);
}

}  // namespace
}  // namespace weft::internal
