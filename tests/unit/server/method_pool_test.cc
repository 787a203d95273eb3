#include "server/method_pool.h"

#include <gtest/gtest.h>

#include "server/server_call.h"
#include "server/worker_places.h"
#include "tests/support/test_service.h"
#include "weft/event_loop.h"
#include "weft/worker_pool.h"

namespace weft::internal {
namespace {

class MethodPoolTest : public ::testing::Test {
 public:
  // Two calls that are in use at once, then none.
  void UseTwo() {
    ServerCall& first = pool.Acquire();
    ServerCall& second = pool.Acquire();
    pool.Release(first);
    pool.Release(second);
  }

  EventLoop loop;
  testing::TestServiceImpl service;
  ServerOptions options;
  WorkerPool workers;
  WorkerPlaces places{1, 1};
  CallEnvironment environment{loop,   loop.core(), loop.core().chunks(), options, workers,
                              places, {}};
  MethodPool pool{service.methods()[0], service, environment};
};

TEST_F(MethodPoolTest, LastReleasedCallIsReused) {
  ServerCall& call = pool.Acquire();
  pool.Release(call);
  EXPECT_EQ(&pool.Acquire(), &call);
  EXPECT_EQ(pool.idle(), 0u);
  pool.Release(call);
}

TEST_F(MethodPoolTest, CallsThatLieIdleAreGivenBack) {
  UseTwo();
  EXPECT_EQ(pool.idle(), 2u);
  pool.Trim();  // until now both were needed
  EXPECT_EQ(pool.idle(), 2u);
  pool.Trim();
  EXPECT_EQ(pool.idle(), 0u);
}

TEST_F(MethodPoolTest, CallsInUseNowAndThenAreKept) {
  for (int i = 0; i < 5; ++i) {
    UseTwo();
    pool.Trim();
    EXPECT_EQ(pool.idle(), 2u);
  }
}

}  // namespace
}  // namespace weft::internal
