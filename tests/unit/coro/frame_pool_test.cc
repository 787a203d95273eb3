#include "coro/frame_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "base/poison.h"

namespace weft::internal {
namespace {

class FramePoolTest : public ::testing::Test {
 protected:
  FramePoolTest() : scope_(&context_) { Renew(); }

  void Renew() {
    pool_ = std::make_unique<FramePool>(FramePool::Mode::kPooled);
    context_.frames = pool_.get();
  }
  void EndPool() {
    context_.frames = nullptr;
    pool_.reset();
  }
  // The frames that a foreign thread frees.
  static void FreeElsewhere(const std::vector<void*>& frames) {
    std::thread([&] {
      for (void* frame : frames) FreeFrame(frame);
    }).join();
  }

  ThreadContext context_;
  ThreadContextScope scope_;
  std::unique_ptr<FramePool> pool_;
};

TEST_F(FramePoolTest, ReusesAFreedFrameOfTheSameClass) {
  void* first = AllocateFrame(100);
  FreeFrame(first);
  EXPECT_EQ(AllocateFrame(110), first);
  EXPECT_EQ(pool_->stats().hits, 1u);
  EXPECT_EQ(pool_->stats().misses, 1u);
  EXPECT_EQ(pool_->stats().live, 1u);
  FreeFrame(first);
  EXPECT_EQ(pool_->stats().idle_bytes, 128u);
}

TEST_F(FramePoolTest, FramesAreAlignedAndWritableToTheirSize) {
  for (std::size_t size = 1; size <= 2 * FramePool::kMaxPooledBytes; size += 7) {
    void* frame = AllocateFrame(size);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(frame) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0u);
    std::memset(frame, 0xab, size);
    FreeFrame(frame);
  }
  EXPECT_EQ(pool_->stats().live, 0u);
}

TEST_F(FramePoolTest, LargeFramesAreNotKept) {
  FreeFrame(AllocateFrame(FramePool::kMaxPooledBytes + 1));
  EXPECT_EQ(pool_->stats().idle_bytes, 0u);
}

TEST_F(FramePoolTest, KeepsNoMoreThanItsBound) {
  std::vector<void*> frames(FramePool::kMaxIdleBytes / 2000 + 100);
  for (void*& frame : frames) frame = AllocateFrame(2000);
  for (void* frame : frames) FreeFrame(frame);
  EXPECT_LE(pool_->stats().idle_bytes, FramePool::kMaxIdleBytes);
  EXPECT_EQ(pool_->stats().bytes, pool_->stats().idle_bytes);
  EXPECT_GT(pool_->stats().idle_bytes, FramePool::kMaxIdleBytes - 2 * FramePool::kMaxPooledBytes);
}

TEST_F(FramePoolTest, TrimFreesWhatWasNotNeededSinceTheLastTrim) {
  std::vector<void*> frames(10);
  for (void*& frame : frames) frame = AllocateFrame(100);
  for (void* frame : frames) FreeFrame(frame);
  pool_->Trim();
  void* a = AllocateFrame(100);
  void* b = AllocateFrame(100);
  FreeFrame(a);
  FreeFrame(b);
  pool_->Trim();
  EXPECT_EQ(pool_->stats().idle_bytes, 2 * 128u);
  EXPECT_EQ(pool_->stats().bytes, 2 * 128u);
  pool_->Trim();
  EXPECT_EQ(pool_->stats().idle_bytes, 0u);
  EXPECT_EQ(pool_->stats().bytes, 0u);
}

TEST_F(FramePoolTest, FrameFreedOnAnotherThreadComesBack) {
  void* frame = AllocateFrame(100);
  FreeElsewhere({frame});
  EXPECT_EQ(AllocateFrame(100), frame);
  FreeFrame(frame);
  EXPECT_EQ(pool_->stats().live, 0u);
}

TEST_F(FramePoolTest, FrameOfAnotherPoolGoesBackToItsOwn) {
  void* frame = AllocateFrame(100);
  std::unique_ptr<FramePool> first = std::move(pool_);
  Renew();
  FreeFrame(frame);
  EXPECT_EQ(pool_->stats().idle_bytes, 0u);
  EXPECT_EQ(first->stats().idle_bytes, 128u);
}

TEST_F(FramePoolTest, FramesOutliveTheirPool) {
  std::vector<void*> frames(4);
  for (void*& frame : frames) frame = AllocateFrame(100);
  FreeElsewhere({frames[0]});
  EndPool();
  std::memset(frames[1], 1, 100);
  FreeFrame(frames[1]);
  FreeElsewhere({frames[2], frames[3]});
}

TEST_F(FramePoolTest, FramesMadeWithoutALoopAreFreedAnywhere) {
  EndPool();
  void* frame = AllocateFrame(100);
  Renew();
  FreeFrame(frame);
  EXPECT_EQ(pool_->stats().idle_bytes, 0u);
}

TEST_F(FramePoolTest, HeapModeKeepsNothing) {
  FramePool heap(FramePool::Mode::kHeap);
  context_.frames = &heap;
  FreeFrame(AllocateFrame(100));
  EXPECT_EQ(heap.stats().idle_bytes, 0u);
}

TEST_F(FramePoolTest, ThreadsFreeWhileTheOwnerAllocates) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::vector<std::thread> threads;
  for (int round = 0; round < 4; ++round) {
    std::vector<void*> frames;
    for (int i = 0; i < 2000; ++i) {
      void* frame = AllocateFrame(16 + random() % 600);
      std::memset(frame, i & 0xff, 16);
      frames.push_back(frame);
    }
    threads.emplace_back([frames = std::move(frames)] {
      for (void* frame : frames) FreeFrame(frame);
    });
  }
  EndPool();
  for (std::thread& thread : threads) thread.join();
}

#ifdef WEFT_ASAN
TEST_F(FramePoolTest, IdleFrameIsPoisoned) {
  auto* frame = static_cast<char*>(AllocateFrame(100));
  FreeFrame(frame);
  EXPECT_TRUE(__asan_address_is_poisoned(frame));
  EXPECT_TRUE(__asan_address_is_poisoned(frame + 64));
  EXPECT_EQ(AllocateFrame(100), frame);
  EXPECT_FALSE(__asan_address_is_poisoned(frame));
  EXPECT_FALSE(__asan_address_is_poisoned(frame + 99));
  FreeFrame(frame);
}
#endif

}  // namespace
}  // namespace weft::internal
