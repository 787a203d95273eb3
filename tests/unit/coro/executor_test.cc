#include "coro/executor.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

namespace weft::internal {
namespace {

class Note final : public Runnable {
 public:
  Note(std::vector<int>& notes, int number) : notes_(notes), number_(number) {}
  void Run() override { notes_.push_back(number_); }

 private:
  std::vector<int>& notes_;
  int number_;
};

std::vector<int> RunAll(RunQueue& queue, std::vector<int>& notes) {
  while (Runnable* next = queue.Pop()) next->Run();
  return std::exchange(notes, {});
}

TEST(RunQueueTest, RunsInOrderOfPushing) {
  std::vector<int> notes;
  Note a(notes, 1), b(notes, 2), c(notes, 3);
  RunQueue queue;
  EXPECT_EQ(queue.Pop(), nullptr);
  queue.Push(b);
  queue.Push(a);
  queue.Push(c);
  EXPECT_TRUE(a.queued());
  EXPECT_EQ(RunAll(queue, notes), (std::vector<int>{2, 1, 3}));
  EXPECT_FALSE(a.queued());
}

TEST(RunQueueTest, DestroyedOrCancelledRunnableDoesNotRun) {
  std::vector<int> notes;
  Note a(notes, 1), b(notes, 2), d(notes, 4);
  std::optional<Note> c(std::in_place, notes, 3);
  RunQueue queue;
  queue.Push(a);
  queue.Push(b);
  queue.Push(*c);
  queue.Push(d);
  c.reset();
  a.CancelRun();
  EXPECT_EQ(RunAll(queue, notes), (std::vector<int>{2, 4}));
}

TEST(RunQueueTest, MovingTakesEverythingAlong) {
  std::vector<int> notes;
  Note a(notes, 1), b(notes, 2), c(notes, 3);
  RunQueue queue, other;
  queue.Push(a);
  other.Push(b);
  other.Push(c);
  queue.Splice(other);
  EXPECT_TRUE(other.empty());
  RunQueue taken = std::exchange(queue, RunQueue());
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(RunAll(taken, notes), (std::vector<int>{1, 2, 3}));
}

TEST(RunQueueTest, DestroyedQueueLetsItsRunnablesGo) {
  std::vector<int> notes;
  Note a(notes, 1);
  {
    RunQueue queue;
    queue.Push(a);
  }
  EXPECT_FALSE(a.queued());
}

}  // namespace
}  // namespace weft::internal
