#include "buffer/chunk_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace weft::internal {
namespace {

using std::chrono::seconds;

TEST(ChunkPoolTest, GivesTheSmallestClassThatFits) {
  ChunkPool pool;
  EXPECT_EQ(pool.Acquire(0)->capacity(), 1024u);
  EXPECT_EQ(pool.Acquire(1024)->capacity(), 1024u);
  EXPECT_EQ(pool.Acquire(1025)->capacity(), 4096u);
  EXPECT_EQ(pool.Acquire(4097)->capacity(), 16384u);
  EXPECT_EQ(pool.Acquire(16384)->capacity(), 16384u);
  EXPECT_EQ(pool.Acquire(65536)->capacity(), 65536u);
}

TEST(ChunkPoolTest, StorageIsAlignedAndWritable) {
  ChunkPool pool;
  for (const std::size_t size : kChunkSizes) {
    ChunkRef chunk = pool.Acquire(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(chunk->data()) % 16, 0u);
    std::memset(chunk->data(), 1, chunk->capacity());
  }
}

TEST(ChunkPoolTest, LastGivenBackIsFirstReused) {
  ChunkPool pool;
  ChunkRef a = pool.Acquire(100);
  ChunkRef b = pool.Acquire(100);
  Chunk* const first = a.get();
  Chunk* const last = b.get();
  a = ChunkRef();
  b = ChunkRef();
  EXPECT_EQ(pool.Acquire(100).get(), last);
  ChunkRef again = pool.Acquire(100);
  EXPECT_EQ(again.get(), last);
  EXPECT_EQ(pool.Acquire(100).get(), first);
  EXPECT_EQ(pool.stats().misses, 2u);
  EXPECT_EQ(pool.stats().hits, 3u);
}

TEST(ChunkPoolTest, AboveTheLargestClassIsMadeToSizeAndNotKept) {
  ChunkPool pool;
  {
    ChunkRef chunk = pool.Acquire(65537);
    EXPECT_EQ(chunk->capacity(), 65537u);
    EXPECT_EQ(pool.stats().bytes_in_use, 65537u);
  }
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
  EXPECT_EQ(pool.stats().bytes_idle, 0u);
}

TEST(ChunkPoolTest, CountsBytesInUseAndIdle) {
  ChunkPool pool;
  ChunkRef a = pool.Acquire(1024);
  ChunkRef b = pool.Acquire(4096);
  EXPECT_EQ(pool.stats().bytes_in_use, 5120u);
  b = ChunkRef();
  EXPECT_EQ(pool.stats().bytes_in_use, 1024u);
  EXPECT_EQ(pool.stats().bytes_idle, 4096u);
}

TEST(ChunkPoolTest, SharedChunkFallsBackWithItsLastReference) {
  ChunkPool pool;
  ChunkRef chunk = pool.Acquire(10);
  OwnerRef shared = chunk.Share();
  OwnerRef moved = std::move(chunk).ToOwner();
  moved = OwnerRef();
  EXPECT_EQ(pool.stats().bytes_idle, 0u);
  shared = OwnerRef();
  EXPECT_EQ(pool.stats().bytes_idle, 1024u);
}

TEST(ChunkPoolTest, KeepsNoMoreThanItsBound) {
  ChunkPool::Options options;
  options.max_idle_bytes = std::size_t{10} * 1024;
  ChunkPool pool(options);
  std::vector<ChunkRef> chunks;
  chunks.reserve(30);
  for (int i = 0; i < 30; ++i) chunks.push_back(pool.Acquire(1024));
  chunks.clear();
  EXPECT_EQ(pool.stats().bytes_idle, 10u * 1024);
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
}

TEST(ChunkPoolTest, TrimGivesBackWhatAWholeIntervalDidNotNeed) {
  ChunkPool pool;
  TimePoint now{seconds(100)};
  std::vector<ChunkRef> chunks;
  chunks.reserve(10);
  for (int i = 0; i < 10; ++i) chunks.push_back(pool.Acquire(1024));
  chunks.clear();
  EXPECT_EQ(pool.Trim(now), 0u);  // they were in use in this interval
  for (int i = 0; i < 3; ++i) chunks.push_back(pool.Acquire(1024));
  chunks.clear();
  EXPECT_EQ(pool.Trim(now + seconds(1)), 7u * 1024);
  EXPECT_EQ(pool.stats().bytes_idle, 3u * 1024);
  EXPECT_EQ(pool.Trim(now + seconds(2)), 3u * 1024);
  EXPECT_EQ(pool.stats().bytes_idle, 0u);
}

TEST(ChunkPoolTest, TrimKeepsTheWarmestChunks) {
  ChunkPool pool;
  TimePoint now{seconds(100)};
  ChunkRef a = pool.Acquire(1024);
  ChunkRef b = pool.Acquire(1024);
  Chunk* const warm = b.get();
  a = ChunkRef();
  b = ChunkRef();
  pool.Trim(now);
  pool.Acquire(1024);
  EXPECT_EQ(pool.Trim(now + seconds(1)), 1024u);
  EXPECT_EQ(pool.Acquire(1024).get(), warm);
}

TEST(ChunkPoolTest, TrimTooSoonDoesNothing) {
  ChunkPool pool;
  TimePoint now{seconds(100)};
  pool.Acquire(1024);
  pool.Trim(now);
  EXPECT_EQ(pool.Trim(now + std::chrono::milliseconds(900)), 0u);
  EXPECT_EQ(pool.stats().bytes_idle, 1024u);
}

TEST(ChunkPoolTest, ChunkFreedOnAnotherThreadComesHome) {
  ChunkPool pool;
  ChunkRef chunk = pool.Acquire(1024);
  Chunk* const same = chunk.get();
  std::thread([moved = std::move(chunk)]() mutable { moved = ChunkRef(); }).join();
  EXPECT_EQ(pool.stats().remote_returns, 1u);
  EXPECT_EQ(pool.stats().bytes_idle, 1024u);
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
  EXPECT_EQ(pool.Acquire(1024).get(), same);
  EXPECT_EQ(pool.stats().misses, 1u);
}

TEST(ChunkPoolTest, ReturnStackIsBounded) {
  ChunkPool::Options options;
  options.max_returned_bytes = 2048;
  ChunkPool pool(options);
  std::vector<ChunkRef> chunks;
  chunks.reserve(5);
  for (int i = 0; i < 5; ++i) chunks.push_back(pool.Acquire(1024));
  std::thread([&] { chunks.clear(); }).join();
  EXPECT_EQ(pool.stats().bytes_idle, 2048u);
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
}

TEST(ChunkPoolTest, TrimReachesWhatCameBackFromOtherThreads) {
  ChunkPool pool;
  TimePoint now{seconds(100)};
  ChunkRef chunk = pool.Acquire(1024);
  std::thread([&] { chunk = ChunkRef(); }).join();
  for (int i = 0; i < 3; ++i) pool.Trim(now + seconds(i));
  EXPECT_EQ(pool.stats().bytes_idle, 0u);
}

TEST(ChunkPoolTest, DepotChunksFreedByTheOwnerServeTheDepotAgain) {
  ChunkPool pool;
  for (int round = 0; round < 5; ++round) {
    ChunkRef chunk;
    std::thread([&] { chunk = pool.AcquireFromAnyThread(1000); }).join();
    std::memset(chunk->data(), 1, chunk->capacity());
  }
  EXPECT_EQ(pool.stats().misses, 1u);
  EXPECT_EQ(pool.stats().hits, 4u);
}

TEST(ChunkPoolTest, QuietDepotIsTrimmed) {
  ChunkPool pool;
  TimePoint now{seconds(100)};
  {
    ChunkRef small = pool.AcquireFromAnyThread(100);
  }
  {
    ChunkRef large = pool.AcquireFromAnyThread(5000);
  }  // fills the depot with the small one
  for (int i = 0; i < 4; ++i) pool.Trim(now + seconds(i));
  EXPECT_EQ(pool.stats().bytes_idle, 0u);
}

TEST(ChunkPoolTest, BoundPoolWorksOnItsNewThread) {
  ChunkPool pool;
  std::thread([&] {
    pool.BindToThisThread();
    pool.Acquire(100);
    pool.Acquire(100);
  }).join();
  pool.BindToThisThread();
  EXPECT_EQ(pool.stats().misses, 1u);
  EXPECT_EQ(pool.stats().remote_returns, 0u);
}

TEST(ChunkPoolTest, ChunksOutliveTheirPool) {
  ChunkRef chunk;
  ChunkRef depot;
  ChunkRef large;
  {
    ChunkPool pool;
    chunk = pool.Acquire(100);
    large = pool.Acquire(100'000);
    depot = pool.AcquireFromAnyThread(100);
    pool.Acquire(5000);
  }
  std::memset(chunk->data(), 1, chunk->capacity());
  std::thread([moved = std::move(chunk)]() mutable { moved = ChunkRef(); }).join();
}

#if defined(__SANITIZE_ADDRESS__)
TEST(ChunkPoolDeathTest, PooledChunkIsPoisoned) {
  ChunkPool pool;
  volatile const char* stale;
  {
    ChunkRef chunk = pool.Acquire(100);
    chunk->data()[0] = 'x';
    stale = chunk->data();
  }
  EXPECT_DEATH(static_cast<void>(static_cast<char>(*stale)), "use-after-poison");
}
#endif

// Chunks handed from thread to thread.
class Mailbox {
 public:
  void Put(ChunkRef chunk) {
    const std::lock_guard lock(mutex_);
    chunks_.push_back(std::move(chunk));
    ready_.notify_one();
  }
  // An empty reference: the end.
  ChunkRef Take() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return !chunks_.empty(); });
    ChunkRef chunk = std::move(chunks_.front());
    chunks_.pop_front();
    return chunk;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<ChunkRef> chunks_;
};

class RecordingWatcher final : public ChunkPool::Watcher {
 public:
  void OnUse(std::size_t bytes) override { told.push_back(bytes); }
  std::vector<std::size_t> told;
};

TEST(ChunkPoolWatcherTest, HearsOfUseInSteps) {
  ChunkPool pool;
  RecordingWatcher watcher;
  pool.AddWatcher(watcher);
  EXPECT_TRUE(watcher.told.empty());
  std::vector<ChunkRef> chunks;
  for (int round = 0; round < 2; ++round) {  // from malloc, then from the free lists
    watcher.told.clear();
    while (chunks.size() < 4 * kUseStep / kSmallestChunk) chunks.push_back(pool.Acquire(1));
    ASSERT_GE(watcher.told.size(), 2u);
    EXPECT_LE(watcher.told.size(), 5u);
    EXPECT_GT(watcher.told.back() + 2 * kUseStep, pool.stats().bytes_in_use);
    chunks.clear();
    EXPECT_LT(watcher.told.back(), 2 * kUseStep);
  }
}

TEST(ChunkPoolWatcherTest, HearsOfChunksThatAreNotKept) {
  ChunkPool::Options options;
  options.max_idle_bytes = 0;
  ChunkPool pool(options);
  RecordingWatcher watcher;
  pool.AddWatcher(watcher);
  {
    const ChunkRef large = pool.Acquire(kMiB);
    EXPECT_EQ(watcher.told, std::vector<std::size_t>{kMiB});
    const ChunkRef quantum = pool.Acquire(kLargestChunk);
    EXPECT_EQ(watcher.told.back(), kMiB + kLargestChunk);
  }
  EXPECT_EQ(watcher.told.back(), 0u);
}

TEST(ChunkPoolWatcherTest, ChargesCountAndMayOutliveThePool) {
  auto pool = std::make_unique<ChunkPool>();
  RecordingWatcher watcher;
  pool->AddWatcher(watcher);
  {
    const ChunkPool::Charge charge = pool->ChargeFor(kMiB);
    EXPECT_EQ(watcher.told, std::vector<std::size_t>{kMiB});
    EXPECT_EQ(pool->stats().bytes_charged, kMiB);
    EXPECT_EQ(pool->stats().bytes_in_use, 0u);
  }
  EXPECT_EQ(watcher.told.back(), 0u);
  std::optional<ChunkPool::Charge> left = pool->ChargeFor(kMiB);
  std::thread elsewhere([moved = std::move(*left)] {});
  elsewhere.join();
  left.emplace(pool->ChargeFor(kMiB));
  EXPECT_EQ(pool->stats().bytes_charged, kMiB);
  watcher.Unlink();
  pool.reset();
}

TEST(ChunkPoolWatcherTest, TellTellsOfWhatOtherThreadsTook) {
  ChunkPool pool;
  RecordingWatcher watcher;
  pool.AddWatcher(watcher);
  std::optional<ChunkPool::Charge> charge;
  ChunkRef chunk;
  std::thread([&] {
    charge = pool.ChargeFor(kMiB);
    chunk = pool.Acquire(kLargestChunk);
  }).join();
  EXPECT_TRUE(watcher.told.empty());
  pool.Tell();
  ASSERT_EQ(watcher.told.size(), 1u);
  EXPECT_GE(watcher.told.back(), kMiB + kLargestChunk);
  pool.Tell();
  EXPECT_EQ(watcher.told.size(), 1u) << "nothing is new";
}

TEST(ChunkPoolTest, PeakLastsUntilItIsForgotten) {
  ChunkPool::Options options;
  options.max_idle_bytes = 0;
  ChunkPool pool(options);
  {
    const ChunkRef chunk = pool.Acquire(kLargestChunk);
    const ChunkPool::Charge charge = pool.ChargeFor(100);
  }
  EXPECT_EQ(pool.stats().bytes_peak, kLargestChunk + 100);
  pool.ForgetPeak();
  EXPECT_EQ(pool.stats().bytes_peak, 0u);
}

TEST(ChunkPoolThreadsTest, OwnerAllocatesOthersFree) {
  constexpr int kChunks = 20'000;
  ChunkPool pool;
  Mailbox mailboxes[3];
  std::vector<std::thread> threads;
  for (Mailbox& mailbox : mailboxes) {
    threads.emplace_back([&mailbox] {
      std::size_t sum = 0;
      while (ChunkRef chunk = mailbox.Take()) sum += static_cast<unsigned char>(chunk->data()[0]);
      EXPECT_GT(sum, 0u);
    });
  }
  for (int i = 0; i < kChunks; ++i) {
    ChunkRef chunk = pool.Acquire(kChunkSizes[static_cast<std::size_t>(i) % 3]);
    chunk->data()[0] = 'x';
    mailboxes[i % 3].Put(std::move(chunk));
    if (i % 1000 == 0) pool.Trim(TimePoint(seconds(i)));
  }
  for (Mailbox& mailbox : mailboxes) mailbox.Put(ChunkRef());
  for (std::thread& thread : threads) thread.join();
  const ChunkPool::Stats stats = pool.stats();
  EXPECT_EQ(stats.hits + stats.misses, static_cast<std::uint64_t>(kChunks));
  EXPECT_EQ(stats.bytes_in_use, 0u);
  EXPECT_GT(stats.remote_returns, 0u);
}

TEST(ChunkPoolThreadsTest, OthersAllocateOwnerFrees) {
  constexpr int kChunks = 5'000;
  ChunkPool pool;
  Mailbox mailbox;
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kChunks; ++i) {
        ChunkRef chunk = pool.AcquireFromAnyThread(100);
        std::memset(chunk->data(), i, chunk->capacity());
        mailbox.Put(std::move(chunk));
      }
    });
  }
  for (int i = 0; i < 3 * kChunks; ++i) {
    ChunkRef chunk = mailbox.Take();
    EXPECT_EQ(chunk->data()[0], chunk->data()[chunk->capacity() - 1]);
    if (i % 100 == 0) pool.Acquire(100);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
}

TEST(ChunkPoolThreadsTest, PoolDiesWhileOthersFree) {
  for (int round = 0; round < 50; ++round) {
    auto pool = std::make_unique<ChunkPool>();
    std::vector<std::thread> threads;
    std::atomic<bool> go{false};
    for (int t = 0; t < 3; ++t) {
      std::vector<ChunkRef> chunks;
      chunks.reserve(20);
      for (int i = 0; i < 20; ++i) chunks.push_back(pool->Acquire(100));
      threads.emplace_back([&go, mine = std::move(chunks)]() mutable {
        while (!go.load()) std::this_thread::yield();
        mine.clear();
      });
    }
    go.store(true);
    pool.reset();
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace weft::internal
