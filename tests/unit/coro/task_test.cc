#include "weft/task.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "coro/executor.h"
#include "coro/frame_pool.h"
#include "weft/internal/task_root.h"

namespace weft::internal {
namespace {

Task<int> Leaf(int i) { co_return i & 1; }
Task<long> Loop(long n) {
  long sum = 0;
  for (long i = 0; i < n; ++i) {
    int r = co_await Leaf(static_cast<int>(i));
    sum += r;
  }
  co_return sum;
}

template <typename T>
struct Probe final : TaskRoot<T> {
  void OnDone() override { ++done; }
  void OnStuck() override { ++stuck; }
  int done = 0;
  int stuck = 0;
};

TEST(TaskTest, First) {
  Probe<long> root;
  root.Start(Loop(30), nullptr, "loop");
  EXPECT_EQ(root.done, 1);
  EXPECT_EQ(root.Take(), 15);
}

}  // namespace
}  // namespace weft::internal
