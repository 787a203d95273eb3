#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "buffer/limits.h"
#include "io/memory_transport.h"
#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"
#include "tests/support/pipe_peer.h"

// How many bytes go out between an urgent frame and the moment when it could have gone: told
// without a clock, from what the server has given to its transport.
namespace weft::testing {
namespace {

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
  PipePeer peer(std::move(ours));
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
    ASSERT_TRUE(server.Until([&] { return peer.Frames(id).second != std::string::npos; }));
    const auto [begin, end] = peer.Frames(id);
    EXPECT_LE(begin - ready, internal::kFlushQuantum) << "stream " << id;
    EXPECT_LE(end - begin, 200u) << "the frames of an urgent answer go together";
  }
}

}  // namespace
}  // namespace weft::testing
