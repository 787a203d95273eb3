#include "buffer/block_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace weft::internal {
namespace {

using std::chrono::seconds;

TEST(BlockPoolTest, BlockIsReusedForItsClass) {
  BlockPool pool;
  void* const first = pool.Allocate(150);
  pool.Free(first);
  EXPECT_EQ(pool.Allocate(160), first);
  EXPECT_EQ(pool.stats().hits, 1u);
  EXPECT_EQ(pool.stats().misses, 1u);
  pool.Free(first);
}

TEST(BlockPoolTest, EverySizeFitsAndIsAligned) {
  BlockPool pool;
  for (std::size_t size = 0; size < 5000; ++size) {
    void* const block = pool.Allocate(size);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 16, 0u);
    std::memset(block, 0xab, size);
    pool.Free(block);
  }
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
}

TEST(BlockPoolTest, LargeBlocksAreNotKept) {
  BlockPool pool;
  pool.Free(pool.Allocate(kBlockPoolLargest + 1));
  EXPECT_EQ(pool.stats().bytes_idle, 0u);
  pool.Free(pool.Allocate(kBlockPoolLargest));
  EXPECT_EQ(pool.stats().bytes_idle, kBlockPoolLargest);
}

TEST(BlockPoolTest, ZeroedBlockIsZeroWhateverLayThere) {
  BlockPool pool;
  void* const block = pool.Allocate(64);
  std::memset(block, 0xff, 64);
  pool.Free(block);
  auto* const zeroed = static_cast<char*>(pool.AllocateZeroed(8, 8));
  ASSERT_EQ(zeroed, block);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(zeroed[i], 0);
  pool.Free(zeroed);
}

TEST(BlockPoolTest, ImpossibleSizesGiveNull) {
  BlockPool pool;
  EXPECT_EQ(pool.AllocateZeroed(SIZE_MAX / 2, 3), nullptr);
  EXPECT_EQ(pool.Allocate(SIZE_MAX - 4), nullptr);
}

TEST(BlockPoolTest, ReallocateKeepsTheBytes) {
  BlockPool pool;
  auto* block = static_cast<char*>(pool.Reallocate(nullptr, 10));
  std::memcpy(block, "123456789", 10);
  EXPECT_EQ(pool.Reallocate(block, 16), block);
  block = static_cast<char*>(pool.Reallocate(block, 1000));
  EXPECT_STREQ(block, "123456789");
  block = static_cast<char*>(pool.Reallocate(block, 100'000));
  EXPECT_STREQ(block, "123456789");
  block = static_cast<char*>(pool.Reallocate(block, 200'000));
  EXPECT_STREQ(block, "123456789");
  block = static_cast<char*>(pool.Reallocate(block, 20));
  EXPECT_STREQ(block, "123456789");
  pool.Free(block);
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
}

TEST(BlockPoolTest, KeepsNoMoreThanItsBound) {
  BlockPool pool(1024);
  std::vector<void*> blocks;
  for (int i = 0; i < 20; ++i) blocks.push_back(pool.Allocate(256));
  for (void* block : blocks) pool.Free(block);
  EXPECT_EQ(pool.stats().bytes_idle, 1024u);
}

TEST(BlockPoolTest, TrimGivesBackWhatAWholeIntervalDidNotNeed) {
  BlockPool pool;
  const TimePoint now{seconds(100)};
  std::vector<void*> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(pool.Allocate(256));
  for (void* block : blocks) pool.Free(block);
  EXPECT_EQ(pool.Trim(now), 0u);
  pool.Free(pool.Allocate(256));
  EXPECT_EQ(pool.Trim(now + seconds(1)), 3u * 256);
  EXPECT_EQ(pool.Trim(now + std::chrono::milliseconds(1500)), 0u);
  EXPECT_EQ(pool.Trim(now + seconds(2)), 256u);
  EXPECT_EQ(pool.stats().bytes_idle, 0u);
}

TEST(BlockPoolTest, RandomBlocksKeepTheirBytes) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  BlockPool pool;
  struct Block {
    unsigned char* at;
    std::size_t size;
    unsigned char fill;
  };
  std::vector<Block> blocks;
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t size = random() % 6000;
    const auto fill = static_cast<unsigned char>(random());
    if (blocks.size() < 50 || random() % 2 == 0) {
      auto* const at = static_cast<unsigned char*>(pool.Allocate(size));
      std::memset(at, fill, size);
      blocks.push_back({at, size, fill});
    } else {
      Block& block = blocks[random() % blocks.size()];
      for (std::size_t i = 0; i < block.size; i += 13) ASSERT_EQ(block.at[i], block.fill);
      if (random() % 3 == 0) {
        const std::size_t kept = std::min(size, block.size);
        block.at = static_cast<unsigned char*>(pool.Reallocate(block.at, size));
        for (std::size_t i = 0; i < kept; i += 13) ASSERT_EQ(block.at[i], block.fill);
        block.size = size;
        std::memset(block.at, block.fill, size);
      } else {
        pool.Free(block.at);
        block = blocks.back();
        blocks.pop_back();
      }
    }
  }
  for (const Block& block : blocks) pool.Free(block.at);
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
}

TEST(BlockPoolDeathTest, BlockLeftInUseIsReported) {
  EXPECT_DEATH(
      {
        BlockPool pool;
        pool.Allocate(10);
      },
      "blocks of it are in use");
}

#if defined(__SANITIZE_ADDRESS__)
TEST(BlockPoolDeathTest, FreedBlockIsPoisoned) {
  BlockPool pool;
  auto* const block = static_cast<volatile char*>(pool.Allocate(100));
  pool.Free(const_cast<char*>(block));
  EXPECT_DEATH(static_cast<void>(static_cast<char>(*block)), "use-after-poison");
}
#endif

}  // namespace
}  // namespace weft::internal
