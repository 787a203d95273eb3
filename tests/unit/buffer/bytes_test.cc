#include "weft/bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "buffer/buf_list.h"
#include "buffer/buf_list_ops.h"
#include "buffer/bytes_parts.h"
#include "buffer/external_buffer.h"
#include "stream_test.pb.h"
#include "tests/unit/buffer/buffer_texts.h"

namespace weft {
namespace {

using internal::BufList;
using internal::BytesParts;
using internal::ChunkPool;
using internal::ChunkRef;
using internal::kAliasThreshold;
using internal::kInlineCopyLimit;
using internal::Slice;
using testing::Text;

// `count` pieces of one byte each: "abc...".
Bytes Pieces(std::size_t count) {
  Bytes bytes;
  for (std::size_t i = 0; i < count; ++i) {
    bytes.Append(Bytes(std::string(1, static_cast<char>('a' + i % 26))));
  }
  return bytes;
}

std::vector<std::string_view> PiecesOf(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

TEST(BytesTest, NothingIsEmpty) {
  const Bytes bytes;
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(bytes.begin(), bytes.end());
  EXPECT_EQ(Bytes(std::string()).piece_count(), 0u);
  EXPECT_EQ(Bytes::Copy("").piece_count(), 0u);
  EXPECT_EQ(bytes.ToString(), "");
}

TEST(BytesTest, StringIsTakenOverAndViewCopied) {
  std::string text(1000, 'x');
  const char* const at = text.data();
  EXPECT_EQ((*Bytes(std::move(text)).begin()).data(), at);
  std::string mine = "mine";
  const Bytes copy = Bytes::Copy(mine);
  mine[0] = 'f';
  EXPECT_EQ(copy.ToString(), "mine");
}

TEST(BytesTest, CopiesAndPartsShareMemory) {
  const Bytes whole(testing::Bytes(1000));
  const char* const at = (*whole.begin()).data();
  Bytes copy;
  copy = whole;
  const Bytes part = whole.Sub(10, 20);
  EXPECT_EQ((*copy.begin()).data(), at);
  EXPECT_EQ((*part.begin()).data(), at + 10);
  EXPECT_EQ(part.ToString(), testing::Bytes(1000).substr(10, 20));
}

TEST(BytesTest, CallersBufferIsReleasedOnceWithTheLastReference) {
  int released = 0;
  Bytes bytes = Bytes::Of("hello", [&released] { ++released; });
  Bytes part = bytes.Sub(1, 3);
  bytes = Bytes();
  EXPECT_EQ(released, 0);
  EXPECT_EQ(part.ToString(), "ell");
  std::thread([last = std::move(part)]() mutable { last.Clear(); }).join();
  EXPECT_EQ(released, 1);
  Bytes::Of("", [&released] { ++released; });
  EXPECT_EQ(released, 2);
}

TEST(BytesTest, AnyNumberOfPiecesSurvivesCopyMoveAndSwap) {
  for (const std::size_t count : {1u, 2u, 3u, 8u, 9u, 100u, 700u}) {
    Bytes bytes = Pieces(count);
    ASSERT_EQ(bytes.piece_count(), count);
    const std::string text = bytes.ToString();
    const Bytes copy = bytes;
    Bytes moved = std::move(bytes);
    EXPECT_TRUE(bytes.empty());  // NOLINT
    EXPECT_EQ(copy.ToString(), text);
    EXPECT_EQ(moved.ToString(), text);
    Bytes other = Pieces(2);
    other.Swap(moved);
    EXPECT_EQ(other.ToString(), text);
    EXPECT_EQ(moved.ToString(), "ab");
    moved = other;
    EXPECT_EQ(moved.ToString(), text);
    moved.Clear();
    EXPECT_EQ(moved.size(), 0u);
    EXPECT_EQ(PiecesOf(other).size(), count);
  }
}

TEST(BytesTest, AppendMovesThePieces) {
  Bytes bytes = Pieces(3);
  Bytes more(std::string(100, 'z'));
  const char* const at = (*more.begin()).data();
  bytes.Append(std::move(more));
  EXPECT_EQ(bytes.ToString(), "abc" + std::string(100, 'z'));
  EXPECT_EQ(PiecesOf(bytes)[3].data(), at);
}

TEST(BytesTest, SubAndCopyToCutAnywhere) {
  const Bytes bytes = Pieces(10);
  const std::string text = bytes.ToString();
  for (std::size_t from = 0; from <= 10; ++from) {
    for (std::size_t count = 0; count <= 10 - from; ++count) {
      EXPECT_EQ(bytes.Sub(from, count).ToString(), text.substr(from, count));
      std::string copy(count, '?');
      ASSERT_TRUE(bytes.CopyTo(from, copy).ok());
      EXPECT_EQ(copy, text.substr(from, count));
    }
  }
}

TEST(BytesDeathTest, BeyondTheEndIsRefused) {
  const Bytes bytes = Pieces(3);
  std::string to(2, '?');
  EXPECT_DEATH(bytes.Sub(2, 2), "beyond the end");
  EXPECT_DEATH((void)bytes.CopyTo(2, to), "beyond the end");
  EXPECT_DEATH(Bytes::Field(0, Bytes()), "not a field's number");
}

TEST(BytesTest, MessageGoesThereAndBack) {
  buffer_test::Holder message;
  message.set_text("name");
  message.set_blob(testing::Bytes(1000));
  const absl::StatusOr<Bytes> bytes = Bytes::Serialize(message);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(bytes->ToString(), message.SerializeAsString());
  buffer_test::Holder parsed;
  // Cut in the middle of fields.
  Bytes cut;
  for (std::size_t at = 0; at < bytes->size(); at += 7) {
    cut.Append(
        Bytes::Copy(bytes->Sub(at, std::min<std::size_t>(7, bytes->size() - at)).ToString()));
  }
  ASSERT_TRUE(cut.Parse(parsed).ok());
  EXPECT_EQ(parsed.SerializeAsString(), message.SerializeAsString());
  EXPECT_EQ(Bytes::Copy("\xff").Parse(parsed).code(), absl::StatusCode::kInternal);
}

TEST(BytesTest, MessageWithoutItsRequiredFieldsIsNotSerialized) {
  const absl::Status status = Bytes::Serialize(buffer_test::Strict()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("name"), std::string::npos) << status;
}

TEST(BytesTest, FieldsOneAfterAnotherAreAMessage) {
  for (const std::size_t size : {0u, 1u, 127u, 128u, 16'383u, 16'384u, 3'000'000u}) {
    Bytes contents(testing::Bytes(size));
    const char* const at = size == 0 ? nullptr : (*contents.begin()).data();
    Bytes message = Bytes::Field(buffer_test::Holder::kTextFieldNumber, Bytes::Copy("n"));
    Bytes body = Bytes::Field(buffer_test::Holder::kBlobFieldNumber, std::move(contents));
    if (size > 0) {
      EXPECT_EQ(PiecesOf(body)[1].data(), at);
    }
    message.Append(std::move(body));
    buffer_test::Holder parsed;
    ASSERT_TRUE(message.Parse(parsed).ok());
    EXPECT_EQ(parsed.text(), "n");
    EXPECT_EQ(parsed.blob(), testing::Bytes(size));
  }
}

TEST(BytesTest, LargestFieldNumberIsEncoded) {
  EXPECT_EQ(Bytes::Field((1u << 29) - 1, Bytes()).ToString(),
            std::string("\xfa\xff\xff\xff\x0f\0", 6));
}

TEST(BytesPartsTest, SharedListStaysAsItWas) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "chunk");
  list.AppendRef(internal::SliceOfString(std::string(500, 's')));
  Bytes bytes = Pieces(5);
  BytesParts::Share(list, 105, bytes);
  EXPECT_EQ(bytes.ToString(), "chunk" + std::string(100, 's'));
  EXPECT_EQ(list.size(), 505u);
  list.Append(pool, "more");  // behind bytes that are shared
  list.Consume(5);
  EXPECT_EQ(bytes.ToString(), "chunk" + std::string(100, 's'));
  BytesParts::Share(list, 0, bytes);
  EXPECT_TRUE(bytes.empty());
}

TEST(BytesPartsTest, LargeMemoryIsChargedToThePoolWhileAListHasIt) {
  ChunkPool pool;
  const Bytes mine(testing::Bytes(kAliasThreshold));
  BufList list;
  BytesParts::Append(mine, pool, list);
  EXPECT_EQ(pool.stats().bytes_charged, kAliasThreshold);
  EXPECT_EQ(internal::Flatten(list), mine.ToString());
  {
    BufList part;
    list.SplitFront(100, part);
    list.Clear();
    EXPECT_EQ(pool.stats().bytes_charged, kAliasThreshold);
  }
  EXPECT_EQ(pool.stats().bytes_charged, 0u);

  // Less is not worth it; what lives as long as the process is nobody's; chunks count as they are.
  static const std::string kForever = testing::Bytes(kAliasThreshold);
  Bytes other = Bytes(testing::Bytes(kAliasThreshold - 1));
  other.Append(Bytes::Static(kForever));
  const ChunkRef chunk = pool.Acquire(kAliasThreshold);
  other.Append(BytesParts::Of(Slice(chunk.Share(), {chunk->data(), kAliasThreshold})));
  BytesParts::Append(other, pool, list);
  EXPECT_EQ(pool.stats().bytes_charged, 0u);
  list.Clear();
}

TEST(BytesPartsTest, ChargedMemoryMayOutliveThePool) {
  bool released = false;
  const std::string memory = testing::Bytes(kAliasThreshold);
  BufList list;
  {
    ChunkPool pool;
    BytesParts::Append(Bytes::Of(memory, [&] { released = true; }), pool, list);
  }
  EXPECT_FALSE(released);
  EXPECT_EQ(internal::Flatten(list), memory);
  list.Clear();
  EXPECT_TRUE(released);
}

TEST(BytesPartsTest, ChargingTakesNothingFromTheHeapTwice) {
  ChunkPool pool;
  const Bytes mine(testing::Bytes(kAliasThreshold));
  BufList list;
  BytesParts::Append(mine, pool, list);
  list.Clear();
  const std::uint64_t misses = pool.stats().misses;
  BytesParts::Append(mine, pool, list);
  list.Clear();
  EXPECT_EQ(pool.stats().misses, misses);
}

TEST(BytesPartsTest, OnlySmallPiecesAreCopiedIntoAList) {
  ChunkPool pool;
  BufList list;
  Bytes bytes = Bytes::Copy(std::string(kInlineCopyLimit, 'c'));
  Bytes large(std::string(kInlineCopyLimit + 1, 'r'));
  const char* const at = (*large.begin()).data();
  bytes.Append(std::move(large));
  BytesParts::Append(bytes, pool, list);
  EXPECT_EQ(Text(list), bytes.ToString());
  ASSERT_EQ(list.slice_count(), 2u);
  EXPECT_EQ(list.slice(1).data(), at);
  EXPECT_EQ(pool.stats().bytes_written, kInlineCopyLimit);
}

}  // namespace
}  // namespace weft
