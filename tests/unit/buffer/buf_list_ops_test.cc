#include "buffer/buf_list_ops.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>

#include "buffer/external_buffer.h"
#include "buffer/file_mapping.h"
#include "tests/unit/buffer/buffer_texts.h"

namespace weft::internal {
namespace {

using testing::Bytes;
using testing::Text;

Slice MappedSlice(std::size_t size) {
  const std::string path = ::testing::TempDir() + "/weft_ops_mapped";
  std::ofstream(path, std::ios::binary) << Bytes(size);
  return FileMapping::Open(path).value().Region(0, size);
}

TEST(ShareBackTest, SharesTheLastBytesWhereverTheItemsEnd) {
  ChunkPool pool;
  BufList from;
  from.Append(pool, "abc");
  from.AppendRef(Slice::Static("defg"));
  from.Append(pool, "hi");
  for (std::size_t n = 0; n <= from.size(); ++n) {
    BufList to;
    to.AppendRef(Slice::Static("-"));
    ShareBack(from, n, to);
    EXPECT_EQ(Text(to), "-" + std::string("abcdefghi").substr(9 - n));
  }
  EXPECT_EQ(Text(from), "abcdefghi");
}

TEST(ShareBackTest, TakesTurnsWithAWriterInOneItem) {
  ChunkPool pool;
  BufList from;
  BufList to;
  for (int i = 0; i < 10; ++i) {
    from.Append(pool, "message");
    ShareBack(from, 7, to);
  }
  EXPECT_EQ(to.slice_count(), 1u);
  EXPECT_EQ(to.size(), 70u);
}

TEST(AppendCoalescedTest, CopiesUpToTheLimit) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "header");
  AppendCoalesced(list, pool, SliceOfString(Bytes(kInlineCopyLimit)));
  EXPECT_EQ(list.slice_count(), 1u);
  EXPECT_EQ(Text(list), "header" + Bytes(kInlineCopyLimit));
}

TEST(AppendCoalescedTest, ReferencesAboveTheLimit) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "header");
  const Slice payload = SliceOfString(Bytes(kInlineCopyLimit + 1));
  AppendCoalesced(list, pool, payload);
  ASSERT_EQ(list.slice_count(), 2u);
  EXPECT_EQ(list.slice(1).data(), payload.data());
}

TEST(AppendCoalescedTest, NeverReadsAMappedSlice) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "header");
  AppendCoalesced(list, pool, MappedSlice(10));
  ASSERT_EQ(list.slice_count(), 2u);
  EXPECT_TRUE(list.slice(1).mapped());
}

TEST(BufListTest, UnmappedSizeLeavesRegionsOfFilesOut) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "header");
  EXPECT_EQ(list.unmapped_size(), 6u);
  list.AppendRef(MappedSlice(1000));
  list.Append(pool, "trailer");
  EXPECT_EQ(list.size(), 1013u);
  EXPECT_EQ(list.unmapped_size(), 13u);
}

TEST(AppendInboundTest, SmallPartDoesNotPinALargeChunk) {
  ChunkPool pool;
  ChunkRef chunk = pool.Acquire(kReadChunkSize);
  std::copy_n("hello", 5, chunk->data());
  BufList list;
  AppendInbound(list, pool, Slice(chunk.Share(), {chunk->data(), 5}));
  chunk = ChunkRef();
  EXPECT_EQ(pool.stats().bytes_idle, kReadChunkSize);
  EXPECT_EQ(Text(list), "hello");
}

TEST(AppendInboundTest, LargePartIsShared) {
  ChunkPool pool;
  ChunkRef chunk = pool.Acquire(kReadChunkSize);
  std::fill_n(chunk->data(), 3000, 'x');
  BufList list;
  AppendInbound(list, pool, Slice(chunk.Share(), {chunk->data(), 3000}));
  EXPECT_EQ(list.slice(0).data(), chunk->data());
}

TEST(AppendInboundTest, SmallChunkMayBePinned) {
  ChunkPool pool;
  ChunkRef chunk = pool.Acquire(kPinnableChunk);
  std::copy_n("hello", 5, chunk->data());
  BufList list;
  AppendInbound(list, pool, Slice(chunk.Share(), {chunk->data(), 5}));
  EXPECT_EQ(list.slice(0).data(), chunk->data());
}

TEST(FrontViewTest, SeesWhatIsLeftOfTheFirstSlice) {
  BufList list;
  EXPECT_EQ(FrontView(list), "");
  list.AppendRef(Slice::Static("abc"));
  list.AppendRef(Slice::Static("def"));
  list.Consume(1);
  EXPECT_EQ(FrontView(list), "bc");
  list.Consume(2);
  EXPECT_EQ(FrontView(list), "def");
}

TEST(FrontViewTest, MappedBytesAreNotForUserSpace) {
  BufList list;
  list.AppendRef(MappedSlice(10));
  EXPECT_EQ(FrontView(list), "");
}

TEST(FlattenTest, CopiesEverything) {
  BufList list;
  list.AppendRef(Slice::Static("abc"));
  list.AppendRef(MappedSlice(10));
  EXPECT_EQ(Flatten(list), "abc" + Bytes(10));
  EXPECT_EQ(list.size(), 13u);
}

class ReplaceLostTest : public ::testing::Test {
 protected:
  ReplaceLostTest() {
    std::ofstream(path_, std::ios::binary) << Bytes(100'000);
    list_.AppendRef(Slice::Static("head"));
    const FileMapping file = FileMapping::Open(path_).value();
    list_.AppendRef(file.Region(0, 40'000));
    list_.AppendRef(Slice::Static("head"));
    list_.AppendRef(file.Region(40'000, 60'000));
    list_.AppendRef(Slice::Static("tail"));
  }
  void TearDown() override { ::unlink(path_.c_str()); }

  const std::string path_ =
      ::testing::TempDir() + "/weft_replace_lost_" + std::to_string(::getpid());
  BufList list_;
};

TEST_F(ReplaceLostTest, ZerosStandForTheFirstPartThatTheFileHasLost) {
  ASSERT_EQ(::truncate(path_.c_str(), 50'000), 0);
  const std::optional<std::size_t> from_end = ReplaceLost(list_, kMaxIov);
  EXPECT_EQ(from_end, 60'004u);
  EXPECT_EQ(list_.size(), 100'012u);
  EXPECT_EQ(Text(list_), "head" + Bytes(100'000).substr(0, 40'000) + "head" +
                             std::string(60'000, '\0') + "tail");
}

TEST_F(ReplaceLostTest, PartThatCannotBeReadGoesAloneThoughItsFileIsWhole) {
  // From a page of the second part's on.
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  char* const begin = const_cast<char*>(list_.slice(3).data()) + 2 * page;
  char* const aligned = begin - reinterpret_cast<std::uintptr_t>(begin) % page;
  ASSERT_EQ(::mprotect(aligned, page, PROT_NONE), 0);
  EXPECT_EQ(ReplaceLost(list_, kMaxIov), 60'004u);
  EXPECT_EQ(Text(list_), "head" + Bytes(100'000).substr(0, 40'000) + "head" +
                             std::string(60'000, '\0') + "tail");
  EXPECT_EQ(ReplaceLost(list_, kMaxIov), std::nullopt);
}

TEST_F(ReplaceLostTest, WithoutALossNothingGoes) {
  EXPECT_EQ(ReplaceLost(list_, kMaxIov), std::nullopt);
  EXPECT_EQ(Text(list_), "head" + Bytes(100'000).substr(0, 40'000) + "head" +
                             Bytes(100'000).substr(40'000) + "tail");
}

TEST_F(ReplaceLostTest, OnlyTheFirstSlicesAreLookedAt) {
  ASSERT_EQ(::truncate(path_.c_str(), 50'000), 0);
  EXPECT_EQ(ReplaceLost(list_, 3), std::nullopt);
  EXPECT_EQ(ReplaceLost(list_, 4), 60'004u);
}

}  // namespace
}  // namespace weft::internal
