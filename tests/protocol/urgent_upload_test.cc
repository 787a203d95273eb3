#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "buffer/block_pool.h"
#include "buffer/limits.h"
#include "client/channel_core.h"
#include "client/http2_connection.h"
#include "io/memory_transport.h"
#include "tests/support/faulty_transport.h"
#include "tests/support/frames.h"
#include "tests/support/pipe_peer.h"
#include "tests/support/raw_server.h"
#include "weft/event_loop.h"

// grpc_urgent_test.cc the other way round: how many bytes of a client's bulk go out between an
// urgent request and the moment when it could have gone.
namespace weft::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A call's stream as its client keeps it full: as many messages as the marks allow, by a writer
// that runs when it is its turn.
class Upload final : public internal::HttpStreamEvents, private internal::Runnable {
 public:
  Upload(internal::LoopCore& loop, std::size_t message)
      : loop_(loop), chunks_(loop.chunks()), message_(Envelope(std::string(message, 'b'))) {}
  ~Upload() = default;

  void Start(internal::HttpStream& stream) {
    stream_ = &stream;
    stream_->SendHead(0, /*end=*/false);
    Run();
  }
  void SendOnly(internal::HttpStream& stream) {
    stream.SendHead(0, /*end=*/false);
    stream.outbound().Append(chunks_, message_);
    stream.BodyAppended();
    stream.SendEnd();
  }

  void OnHead(internal::HttpHead&, bool) override {}
  void OnBody(internal::Slice) override {}
  void OnEnd(internal::HeaderList&) override {}
  void OnDrained() override { loop_.Schedule(*this); }
  void OnClosed(const internal::StreamClose&) override { stream_ = nullptr; }

 private:
  void Run() override {
    while (stream_ != nullptr && !stream_->above_high_mark()) {
      stream_->outbound().Append(chunks_, message_);
      stream_->BodyAppended();
    }
  }

  internal::LoopCore& loop_;
  internal::ChunkPool& chunks_;
  const std::string message_;
  internal::HttpStream* stream_ = nullptr;
};

// The parameter: bytes of a bulk message.
class UrgentUploadTest : public ::testing::TestWithParam<std::size_t>,
                         public internal::ClientConnection::Events {
 protected:
  ~UrgentUploadTest() override {
    connection_.reset();
    channel_->Shutdown();
  }

  // A pipe that holds little: what is in it has been sent.
  void Connect(std::size_t capacity = 4096) {
    auto [ours, theirs] = internal::MemoryTransport::MakePair(loop_.core(), loop_.core(), capacity);
    auto counting =
        std::make_unique<FaultyTransport>(loop_.core(), std::move(ours), FaultyTransport::Faults());
    wire_ = counting.get();
    connection_.emplace(*channel_, loop_.core(), streams_, std::move(counting),
                        loop_.core().Now() + hours(1), *this);
    peer_.emplace(std::move(theirs), /*skipped=*/Preface().size());
    peer_->Send(Settings({{4, 1u << 30}}) + WindowUpdate(0, 1u << 30) + SettingsAck());
    ASSERT_TRUE(Until([this] { return connection_->can_open(); }));
  }

  // The stream of a new call.
  internal::HttpStream& Open(Upload& upload, Priority priority) {
    return connection_->OpenStream(upload, "/weft.testing.TestService/ClientStream", priority);
  }

  // Runs the loop until it is so; false when that takes too long.
  template <typename Fact>
  bool Until(Fact fact) {
    const auto give_up = std::chrono::steady_clock::now() + seconds(20);
    while (!fact()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      loop_.RunOnce(milliseconds(1));
    }
    return true;
  }

  void OnUp(internal::ClientConnection&) override {}
  void OnGoingAway(internal::ClientConnection&) override {}
  void OnCapacity(internal::ClientConnection&) override {}
  void OnDown(internal::ClientConnection&, const absl::Status& why) override {
    ADD_FAILURE() << why;
  }

  EventLoop loop_;
  internal::BlockPool blocks_;
  http2::StreamPool streams_{loop_.core().chunks(), blocks_};
  const std::shared_ptr<internal::ChannelCore> channel_ = std::make_shared<internal::ChannelCore>(
      "ipv4:127.0.0.1:1", nullptr, ChannelOptions().add_loop(loop_));
  std::vector<std::unique_ptr<Upload>> uploads_;  // outlive the connection
  const FaultyTransport* wire_ = nullptr;
  std::optional<internal::Http2Connection> connection_;
  std::optional<PipePeer> peer_;
};

INSTANTIATE_TEST_SUITE_P(MessageSizes, UrgentUploadTest,
                         ::testing::Values(100, 10'000, 65'000, 3'000'000),
                         ::testing::PrintToStringParamName());

TEST_P(UrgentUploadTest, RequestIsSentBehindAtMostOneFlushQuantum) {
  Connect();
  for (std::uint32_t id = 1; id < 17; id += 2) {
    uploads_.push_back(std::make_unique<Upload>(loop_.core(), GetParam()));
    uploads_.back()->Start(Open(*uploads_.back(), Priority(7, /*incremental=*/true)));
  }
  for (std::uint32_t id = 17; id < 37; id += 2) {
    const std::size_t target = wire_->bytes_written() + 100'003;
    ASSERT_TRUE(Until([&] { return wire_->bytes_written() > target; }));
    peer_->Pause(true);
    ASSERT_TRUE(Until([&, before = std::size_t{0}]() mutable {
      return std::exchange(before, wire_->bytes_written()) == wire_->bytes_written();
    }));
    uploads_.push_back(std::make_unique<Upload>(loop_.core(), 10));
    uploads_.back()->SendOnly(Open(*uploads_.back(), Priority(0)));
    const std::size_t ready = wire_->bytes_written();
    peer_->Pause(false);
    ASSERT_TRUE(Until([&] { return peer_->Frames(id).second != std::string::npos; }));
    const auto [begin, end] = peer_->Frames(id);
    EXPECT_LE(begin - ready, internal::kFlushQuantum) << "stream " << id;
    EXPECT_LE(end - begin, 200u) << "the frames of an urgent request go together";
  }
}

// As priority_share_test.cc, which tells why the bound is this.
TEST_P(UrgentUploadTest, EndlessBulkGetsItsFloorBesideAnEndlessUrgentUpload) {
  Connect(/*capacity=*/65'536);
  for (const int urgency : {0, 7}) {
    uploads_.push_back(std::make_unique<Upload>(loop_.core(), GetParam()));
    uploads_.back()->Start(Open(*uploads_.back(), Priority(urgency)));
  }
  ASSERT_TRUE(Until([this] { return wire_->bytes_written() > 3'000'000; }));
  const auto urgent = static_cast<double>(peer_->DataBytes(1));
  const auto bulk = static_cast<double>(peer_->DataBytes(3));
  EXPECT_NEAR(bulk, (urgent + bulk) * internal::kPriorityFloor, 1.5 * 16 * internal::kKiB);
}

}  // namespace
}  // namespace weft::testing
