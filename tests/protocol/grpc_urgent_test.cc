#include <gtest/gtest.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "buffer/limits.h"
#include "io/memory_transport.h"
#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"

// How many bytes go out between an urgent frame and the moment when it could have gone: told
// without a clock, from what the server has given to its transport.
namespace weft::testing {
namespace {

// Keeps what comes, as it comes.
class RawPeer final : private internal::Transport::Events {
 public:
  explicit RawPeer(std::unique_ptr<internal::Transport> transport)
      : transport_(std::move(transport)) {
    transport_->Start(*this);
  }
  ~RawPeer() { transport_->Close(); }

  void Pause(bool pause) { transport_->WatchReads(!pause); }
  // Little enough to be taken at once.
  void Send(std::string bytes) {
    const iovec all{bytes.data(), bytes.size()};
    const internal::IoResult sent = transport_->WritevSome({&all, 1});
    ASSERT_EQ(sent.kind, internal::IoResult::Kind::kBytes);
    ASSERT_EQ(sent.bytes, bytes.size());
  }

  // Where the first HEADERS frame of `stream` begins, and the end of the frame that ends it; npos
  // before both have come. To be asked for streams in the order in which they are answered.
  std::pair<std::size_t, std::size_t> Answer(std::uint32_t stream) {
    std::size_t begin = std::string::npos;
    for (std::size_t at = walked_; at + 9 <= wire_.size();) {
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(wire_[at + i]); };
      const std::size_t end =
          at + 9 + (std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2));
      const std::uint32_t id = std::uint32_t{byte(7)} << 8 | byte(8);
      if (end > wire_.size()) break;
      if (id == stream && begin == std::string::npos) begin = at;
      if (begin == std::string::npos) walked_ = end;
      if (id == stream && (byte(4) & 1) != 0) return {begin, end};
      at = end;
    }
    return {std::string::npos, std::string::npos};
  }

 private:
  void OnReadable() override {
    std::array<char, std::size_t{16} * 1024> bytes;
    const iovec into{bytes.data(), bytes.size()};
    const internal::IoResult read = transport_->ReadSome({&into, 1});
    if (read.kind == internal::IoResult::Kind::kBytes) wire_.append(bytes.data(), read.bytes);
    AnswerPings();
  }
  void AnswerPings() {
    while (asked_ + 9 <= wire_.size()) {
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(wire_[asked_ + i]); };
      const std::size_t end =
          asked_ + 9 + (std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2));
      if (end > wire_.size()) return;
      if (byte(3) == 6 && (byte(4) & 1) == 0) {
        Send(RawFrame(6, /*flags: ACK=*/1, 0, std::string_view(wire_).substr(asked_ + 9, 8)));
      }
      asked_ = end;
    }
  }
  void OnWritable() override {}

  const std::unique_ptr<internal::Transport> transport_;
  std::string wire_;
  std::size_t walked_ = 0;  // by Answer
  std::size_t asked_ = 0;   // by AnswerPings
};

// The parameter: bytes of a bulk message.
class GrpcUrgentTest : public ::testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(MessageSizes, GrpcUrgentTest,
                         ::testing::Values(100, 10'000, 65'000, 3'000'000),
                         ::testing::PrintToStringParamName());

TEST_P(GrpcUrgentTest, AnswerIsSentBehindAtMostOneFlushQuantum) {
  Probe probe;
  probe.server_stream = [](Probe&, ServerContext&, const TestRequest& request,
                           ServerWriter<TestReply>& writer) -> Task<absl::Status> {
    TestReply reply;
    reply.set_payload(std::string(std::stoul(request.text()), 'b'));
    absl::Status written;
    while (written.ok()) written = co_await writer.Write(reply);
    co_return written;
  };
  probe.unary = [](Probe& self, ServerContext&, const TestRequest&,
                   TestReply& reply) -> Task<absl::Status> {
    self.Note("urgent");
    reply.set_text("now");
    co_return absl::OkStatus();
  };
  ServerUnderTest server(std::string::npos, probe);
  internal::LoopCore& loop = server.loop().core();
  // A pipe that holds little: what is in it has been sent.
  auto [ours, theirs] = internal::MemoryTransport::MakePair(loop, loop, 4096);
  auto counting =
      std::make_unique<FaultyTransport>(loop, std::move(theirs), FaultyTransport::Faults());
  const FaultyTransport& wire = *counting;
  server.shard().Announce();
  server.shard().Accept(std::move(counting));
  RawPeer peer(std::move(ours));
  peer.Send(Preface() + Settings({{4, 1u << 30}}) + WindowUpdate(0, 1u << 30) + SettingsAck());
  for (std::uint32_t id = 1; id < 17; id += 2) {
    peer.Send(Call(id, kServerStream).Field("priority", "u=7, i").Render() +
              Data(id, Ask(std::to_string(GetParam()))).End().Render());
  }
  for (std::uint32_t id = 17; id < 37; id += 2) {
    const std::size_t target = wire.bytes_written() + 100'003;
    ASSERT_TRUE(server.Until([&] { return wire.bytes_written() > target; }));
    peer.Pause(true);
    ASSERT_TRUE(server.Until([&, before = std::size_t{0}]() mutable {
      return std::exchange(before, wire.bytes_written()) == wire.bytes_written();
    }));
    peer.Send(Call(id, kUnary).Field("priority", "u=0").Render() +
              Data(id, Ask("x")).End().Render());
    ASSERT_TRUE(server.Until([&] { return !probe.notes.empty(); }));
    probe.notes.clear();
    const std::size_t ready = wire.bytes_written();
    peer.Pause(false);
    ASSERT_TRUE(server.Until([&] { return peer.Answer(id).second != std::string::npos; }));
    const auto [begin, end] = peer.Answer(id);
    EXPECT_LE(begin - ready, internal::kFlushQuantum) << "stream " << id;
    EXPECT_LE(end - begin, 200u) << "the frames of an urgent answer go together";
  }
}

}  // namespace
}  // namespace weft::testing
