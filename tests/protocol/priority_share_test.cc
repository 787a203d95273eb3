#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

#include "buffer/limits.h"
#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"

// Of which share of the bytes less urgent streams take while an urgent one's writer never stops:
// told without a clock, from the DATA frames of a client with windows that nothing fills.
namespace weft::testing {
namespace {

constexpr std::size_t kFrame = 16 * internal::kKiB;

// Writes messages of as many bytes as the request says, for ever.
Task<absl::Status> WriteForEver(Probe&, ServerContext&, const TestRequest& request,
                                ServerWriter<TestReply>& writer) {
  TestReply reply;
  reply.set_payload(std::string(std::stoul(request.text()), 'x'));
  absl::Status written;
  while (written.ok()) written = co_await writer.Write(reply);
  co_return written;
}

std::string Endless(std::uint32_t id, std::string_view priority, std::size_t message) {
  return Call(id, kServerStream).Field("priority", priority).Render() +
         Data(id, Ask(absl::StrCat(message))).End().Render();
}

// The connection's DATA: of all streams, and of stream 3.
struct Shares {
  std::size_t all = 0;
  std::size_t bulk = 0;
};

Shares Count(const WireClient& client) {
  Shares shares;
  for (std::size_t i = 0; i < client.data_sizes().size(); ++i) {
    shares.all += client.data_sizes()[i];
    if (client.data_order()[2 * i] == '3') shares.bulk += client.data_sizes()[i];
  }
  return shares;
}

struct Case {
  std::size_t message;
  std::size_t taken;  // by the transport before it would block
  FlushPolicy policy;
};

std::string NameOf(const ::testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  return absl::StrCat(c.message, "To", c.taken,
                      c.policy.at_once()                            ? "AtOnce"
                      : c.policy.longest_delay() > Duration::zero() ? "UpTo"
                                                                    : "EachPass");
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const std::size_t message : {1000u, 16'384u, 60'000u, 1'000'000u}) {
    for (const std::size_t taken :
         {std::size_t{3000}, std::size_t{40'000}, std::size_t{65'536}, std::size_t{1 << 21}}) {
      cases.push_back({message, taken, FlushPolicy::EachPass()});
    }
    cases.push_back({message, 65'536, FlushPolicy::AtOnce()});
    cases.push_back({message, 65'536, FlushPolicy::UpTo(std::chrono::milliseconds(10))});
  }
  return cases;
}

class PriorityShareTest : public ::testing::TestWithParam<Case> {
 protected:
  // What streams 1, of urgency 0, and 3, of urgency 7, have sent.
  static Shares Run(const ServerOptions& options) {
    Probe probe;
    probe.server_stream = &WriteForEver;
    ServerUnderTest server(kUnlimited, probe,
                           ServerOptions(options).set_flush_policy(GetParam().policy));
    WireClient& client = server.Connect(GetParam().taken);
    client.returns_credit = false;
    client.StartHttp2(Settings({{4, 1u << 30}}) + WindowUpdate(0, 1u << 30));
    client.Send(Endless(1, "u=0", GetParam().message) + Endless(3, "u=7", GetParam().message));
    EXPECT_TRUE(server.Until([&] { return Count(client).all >= 3'000'000; }));
    return Count(client);
  }
};

INSTANTIATE_TEST_SUITE_P(Cases, PriorityShareTest, ::testing::ValuesIn(Cases()), NameOf);

// What the scheduler owes is a quantum at most and what one frame adds to it, however long it
// runs: so far is the bulk behind its share, and not further ahead. Half a frame more for the share
// in what went out at once before the second handler ran.
TEST_P(PriorityShareTest, EndlessBulkGetsItsFloorBesideAnEndlessUrgentStream) {
  const Shares shares = Run(ServerOptions());
  const double floor = static_cast<double>(shares.all) * internal::kPriorityFloor;
  EXPECT_NEAR(static_cast<double>(shares.bulk), floor, 1.5 * kFrame);
}

TEST_P(PriorityShareTest, NoFloorIsNothingWhileAnUrgentWriterGoesOn) {
  EXPECT_EQ(Run(ServerOptions().set_priority_floor(0)).bulk, 0u);
}

}  // namespace
}  // namespace weft::testing
