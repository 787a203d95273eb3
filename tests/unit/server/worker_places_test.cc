#include "server/worker_places.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

namespace weft::internal {
namespace {

TEST(WorkerPlacesTest, ThereAreAsManyAsWorkersAndQueueTogether) {
  WorkerPlaces places(2, 1);
  EXPECT_TRUE(places.Take());
  EXPECT_TRUE(places.Take());
  EXPECT_FALSE(places.full());
  EXPECT_TRUE(places.Take());
  EXPECT_TRUE(places.full());
  EXPECT_FALSE(places.Take());
  places.GiveBack();
  EXPECT_TRUE(places.Take());
}

TEST(WorkerPlacesTest, AnUnboundedQueueNeverFills) {
  WorkerPlaces places(4, std::numeric_limits<std::size_t>::max());
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(places.Take());
  EXPECT_FALSE(places.full());
}

TEST(WorkerPlacesTest, ThreadsNeverHoldMoreThanThereAre) {
  WorkerPlaces places(1, 1);
  std::atomic<int> holders{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        if (!places.Take()) continue;
        const int now = ++holders;
        if (now > most) most = now;
        --holders;
        places.GiveBack();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 2);
  EXPECT_TRUE(places.Take());
  EXPECT_TRUE(places.Take()) << "a place was lost";
  EXPECT_FALSE(places.Take());
}

}  // namespace
}  // namespace weft::internal
