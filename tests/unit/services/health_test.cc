#include "weft/health.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "grpc/health/v1/health.weft.h"
#include "weft/channel.h"
#include "weft/client_context.h"
#include "weft/server.h"

namespace weft {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

HealthCheckRequest About(std::string_view service) {
  HealthCheckRequest request;
  request.set_service(service.data(), service.size());
  return request;
}

class HealthTest : public ::testing::Test {
 protected:
  HealthTest() : server_(ServerOptions().set_loops(2)) {
    server_.Register(health_);
    EXPECT_EQ(server_.Start(), absl::OkStatus());
    channel_.emplace(server_);
    stub_.emplace(*channel_);
  }

  absl::StatusOr<HealthCheckResponse::ServingStatus> Check(std::string_view service) {
    const absl::StatusOr<HealthCheckResponse> reply = stub_->Check(About(service)).Wait();
    if (!reply.ok()) return reply.status();
    return reply->status();
  }
  static HealthCheckResponse::ServingStatus Next(ClientReader<HealthCheckResponse>& watch) {
    HealthCheckResponse response;
    EXPECT_TRUE(watch.Read(response).Wait());
    return response.status();
  }

  HealthService health_;
  Server server_;
  std::optional<Channel> channel_;
  std::optional<Health::Stub> stub_;
};

// checklist 52: the empty name is the server as a whole.
TEST_F(HealthTest, ServerServesFromTheStart) {
  EXPECT_EQ(Check("").value(), HealthCheckResponse::SERVING);
}

TEST_F(HealthTest, CheckTellsWhatWasSet) {
  health_.SetStatus("a.B", true);
  EXPECT_EQ(Check("a.B").value(), HealthCheckResponse::SERVING);
  health_.SetStatus("a.B", false);
  EXPECT_EQ(Check("a.B").value(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check("").value(), HealthCheckResponse::SERVING);
}

// checklist 52
TEST_F(HealthTest, CheckOfAnUnknownServiceIsNotFound) {
  const absl::Status status = Check("no.Such").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "nothing is known of the health of \"no.Such\"");
}

// checklist 52
TEST_F(HealthTest, WatchTellsTheStatusAtOnceAndThenChanges) {
  health_.SetStatus("a.B", true);
  ClientReader<HealthCheckResponse> watch = stub_->Watch(About("a.B"));
  EXPECT_EQ(Next(watch), HealthCheckResponse::SERVING);
  health_.SetStatus("a.B", true);  // no change
  health_.SetStatus("other", false);
  health_.SetStatus("a.B", false);
  EXPECT_EQ(Next(watch), HealthCheckResponse::NOT_SERVING);
  health_.SetStatus("a.B", true);
  EXPECT_EQ(Next(watch), HealthCheckResponse::SERVING);
}

// checklist 52
TEST_F(HealthTest, WatchOfAnUnknownServiceWaitsForIt) {
  ClientReader<HealthCheckResponse> watch = stub_->Watch(About("later"));
  EXPECT_EQ(Next(watch), HealthCheckResponse::SERVICE_UNKNOWN);
  health_.SetStatus("later", true);
  EXPECT_EQ(Next(watch), HealthCheckResponse::SERVING);
}

TEST_F(HealthTest, ShutdownStaysNotServing) {
  ClientReader<HealthCheckResponse> watch = stub_->Watch(About(""));
  EXPECT_EQ(Next(watch), HealthCheckResponse::SERVING);
  health_.Shutdown();
  EXPECT_EQ(Next(watch), HealthCheckResponse::NOT_SERVING);
  health_.SetStatus("", true);
  health_.SetStatus("new", true);
  EXPECT_EQ(Check("").value(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check("new").value(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthTest, DrainingServerEndsItsWatches) {
  ClientReader<HealthCheckResponse> serving = stub_->Watch(About(""));
  ClientReader<HealthCheckResponse> unknown = stub_->Watch(About("x"));
  EXPECT_EQ(Next(serving), HealthCheckResponse::SERVING);
  EXPECT_EQ(Next(unknown), HealthCheckResponse::SERVICE_UNKNOWN);
  std::future<absl::Status> down =
      std::async(std::launch::async, [this] { return server_.Shutdown(std::chrono::hours(1)); });
  EXPECT_EQ(Next(serving), HealthCheckResponse::NOT_SERVING);
  HealthCheckResponse none;
  EXPECT_FALSE(serving.Read(none).Wait());
  EXPECT_FALSE(unknown.Read(none).Wait());
  EXPECT_EQ(serving.Finish().Wait(), absl::UnavailableError("the server is shutting down"));
  EXPECT_EQ(unknown.Finish().Wait(), absl::UnavailableError("the server is shutting down"));
  EXPECT_EQ(down.get(), absl::OkStatus());
}

TEST_F(HealthTest, WatchThatIsDroppedLeavesNothingBehind) {
  for (int i = 0; i < 20; ++i) {
    ClientReader<HealthCheckResponse> watch = stub_->Watch(About("x"));
    health_.SetStatus("x", i % 2 == 0);
    Next(watch);
  }
  channel_.reset();
  EXPECT_EQ(server_.Shutdown(std::chrono::seconds(10)), absl::OkStatus());
  health_.SetStatus("x", true);
}

}  // namespace
}  // namespace weft
