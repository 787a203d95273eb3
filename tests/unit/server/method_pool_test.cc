#include "server/method_pool.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "buffer/limits.h"
#include "server/server_call.h"
#include "tests/support/manual_clock.h"
#include "tests/support/test_service.h"
#include "weft/event_loop.h"
#include "weft/worker_pool.h"

namespace weft::internal {
namespace {

class MethodPoolTest : public ::testing::Test {
 public:
  MethodPoolTest() {
    pools.push_back(std::make_unique<MethodPool>(service.methods()[0], service, environment));
  }
  MethodPool& pool() { return *pools[0]; }
  // Two calls that are in use at once, then none.
  void UseTwo() {
    ServerCall& first = pool().Acquire();
    ServerCall& second = pool().Acquire();
    pool().Release(first);
    pool().Release(second);
  }
  void PassInterval() {
    clock.Advance(kPoolTrimInterval + std::chrono::milliseconds(1));
    loop.RunOnce();
  }

  testing::ManualClock clock;
  EventLoop loop{EventLoop::Options().set_clock(clock)};
  testing::TestServiceImpl service;
  ServerOptions options;
  WorkerPool workers;
  std::vector<std::unique_ptr<MethodPool>> pools;
  CallEnvironment environment{
      loop, loop.core(), loop.core().chunks(), options, workers, {loop.core(), pools}, {}};
};

TEST_F(MethodPoolTest, LastReleasedCallIsReused) {
  ServerCall& call = pool().Acquire();
  pool().Release(call);
  EXPECT_EQ(&pool().Acquire(), &call);
  EXPECT_EQ(pool().idle(), 0u);
  pool().Release(call);
}

TEST_F(MethodPoolTest, CallsThatLieIdleAreGivenBack) {
  UseTwo();
  EXPECT_EQ(pool().idle(), 2u);
  PassInterval();  // within the first interval both were needed
  EXPECT_EQ(pool().idle(), 2u);
  PassInterval();
  EXPECT_EQ(pool().idle(), 0u);
}

TEST_F(MethodPoolTest, CallsInUseNowAndThenAreKept) {
  for (int i = 0; i < 5; ++i) {
    UseTwo();
    PassInterval();
    EXPECT_EQ(pool().idle(), 2u);
  }
}

TEST_F(MethodPoolTest, IdleServerIsNotWokenForTrimming) {
  UseTwo();
  EXPECT_TRUE(environment.trimmer.armed());
  PassInterval();
  EXPECT_TRUE(environment.trimmer.armed());
  PassInterval();
  EXPECT_FALSE(environment.trimmer.armed());
  UseTwo();
  EXPECT_TRUE(environment.trimmer.armed());
}

}  // namespace
}  // namespace weft::internal
