#include "base/futex.h"

#include <atomic>
#include <cstdint>
#include <thread>

#include "gtest/gtest.h"

namespace weft::internal {
namespace {

TEST(FutexTest, WordThatHasChangedNeedsNoSleep) {
  const std::atomic<std::uint32_t> word{2};
  WaitWhile(word, 1);
  EXPECT_EQ(word, 2u);
}

TEST(FutexTest, SleeperSeesWhatWasWrittenBefore) {
  constexpr std::uint32_t kTurns = 5000;
  std::atomic<std::uint32_t> word{0};
  std::uint32_t written = 0;
  std::thread other([&] {
    for (std::uint32_t turn = 1; turn < kTurns; turn += 2) {
      WaitWhile(word, turn - 1);
      EXPECT_EQ(written, turn);
      written = turn + 1;
      word.store(turn + 1, std::memory_order_release);
      WakeOne(word);
    }
  });
  for (std::uint32_t turn = 0; turn < kTurns; turn += 2) {
    EXPECT_EQ(written, turn);
    written = turn + 1;
    word.store(turn + 1, std::memory_order_release);
    WakeOne(word);
    WaitWhile(word, turn + 1);
  }
  other.join();
  EXPECT_EQ(written, kTurns);
}

TEST(FutexTest, WakeUpWithoutAChangeDoesNotEndTheWait) {
  std::atomic<std::uint32_t> word{0};
  std::atomic<bool> gone_on{false};
  std::thread sleeper([&] {
    WaitWhile(word, 0);
    gone_on = true;
  });
  for (int i = 0; i < 1000; ++i) {
    WakeOne(word);
    std::this_thread::yield();
  }
  EXPECT_FALSE(gone_on);
  word.store(1, std::memory_order_release);
  WakeOne(word);
  sleeper.join();
}

}  // namespace
}  // namespace weft::internal
