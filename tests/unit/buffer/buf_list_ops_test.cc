#include "buffer/buf_list_ops.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "buffer/external_buffer.h"
#include "buffer/mapped_file.h"
#include "tests/unit/buffer/buffer_texts.h"

namespace weft::internal {
namespace {

using testing::Bytes;
using testing::Text;

Slice MappedSlice(std::size_t size) {
  const std::string path = ::testing::TempDir() + "/weft_ops_mapped";
  std::ofstream(path, std::ios::binary) << Bytes(size);
  return MappedFile::Open(path).value().Region(0, size);
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

TEST(PrefixViewTest, SeesOnlyWhatLiesInOneSlice) {
  BufList list;
  EXPECT_EQ(PrefixView(list, 0), "");
  list.AppendRef(Slice::Static("abc"));
  list.AppendRef(Slice::Static("def"));
  EXPECT_EQ(PrefixView(list, 2), "ab");
  EXPECT_EQ(PrefixView(list, 3), "abc");
  EXPECT_EQ(PrefixView(list, 4), std::nullopt);
}

TEST(PrefixViewTest, MappedBytesAreNotForUserSpace) {
  BufList list;
  list.AppendRef(MappedSlice(10));
  EXPECT_EQ(PrefixView(list, 5), std::nullopt);
}

TEST(FlattenTest, CopiesEverything) {
  BufList list;
  list.AppendRef(Slice::Static("abc"));
  list.AppendRef(MappedSlice(10));
  EXPECT_EQ(Flatten(list), "abc" + Bytes(10));
  EXPECT_EQ(list.size(), 13u);
}

}  // namespace
}  // namespace weft::internal
