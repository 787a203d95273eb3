#include "buffer/buf_list.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "buffer/external_buffer.h"
#include "tests/unit/buffer/buffer_texts.h"

namespace weft::internal {
namespace {

using testing::Bytes;
using testing::Text;

TEST(BufListTest, StartsEmptyWithoutAChunk) {
  BufList list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.slice_count(), 0u);
  EXPECT_EQ(list.room(), 0u);
}

TEST(BufListTest, SmallAppendsShareOneItem) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "one ");
  list.Append(pool, "two ");
  list.Append(pool, "three");
  EXPECT_EQ(list.slice_count(), 1u);
  EXPECT_EQ(Text(list), "one two three");
}

TEST(BufListTest, SmallAppendIsNeverSplitAtAChunksEnd) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, Bytes(kSmallestChunk - 5));
  list.Append(pool, "123456789");
  ASSERT_EQ(list.slice_count(), 2u);
  EXPECT_EQ(list.slice(1).view(), "123456789");
}

TEST(BufListTest, LargeAppendFillsTheOpenChunkFirst) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "head");
  const std::string body = Bytes(200'000);
  list.Append(pool, body);
  EXPECT_EQ(list.slice(0).size(), kSmallestChunk);
  EXPECT_EQ(Text(list), "head" + body);
}

TEST(BufListTest, ReferenceIsAnItemOfItsOwn) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "a");
  list.AppendRef(Slice::Static("shared"));
  list.Append(pool, "b");
  ASSERT_EQ(list.slice_count(), 3u);
  EXPECT_EQ(list.slice(1).view(), "shared");
  EXPECT_EQ(Text(list), "asharedb");
}

TEST(BufListTest, ReferenceThatGoesOnInTheSameChunkJoinsTheItemBefore) {
  ChunkPool pool;
  BufList source;
  source.Append(pool, "abcdef");
  BufList list;
  list.AppendRef(source.slice(0).Sub(0, 2));
  list.AppendRef(source.slice(0).Sub(2, 2));
  EXPECT_EQ(list.slice_count(), 1u);
  list.AppendRef(source.slice(0).Sub(5, 1));
  EXPECT_EQ(list.slice_count(), 2u);
  source.Clear();
  EXPECT_EQ(list.size(), 5u);
  EXPECT_EQ(Text(list), "abcdf");
}

TEST(BufListTest, NeighboursOfOtherOwnersStayApart) {
  const std::string_view both = "abcdef";
  BufList list;
  list.AppendRef(Slice::Static(both.substr(0, 3)));
  list.AppendRef(Slice::Static(both.substr(3)));
  EXPECT_EQ(list.slice_count(), 2u);
}

TEST(BufListTest, EmptyReferenceIsNoItem) {
  BufList list;
  list.AppendRef(Slice());
  EXPECT_EQ(list.slice_count(), 0u);
}

TEST(BufListTest, AppendedSliceOfTheListItselfKeepsItsBytesWhenTheTailGrows) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "abc");
  const Slice early = list.slice(0);
  list.Append(pool, "def");
  list.AppendRef(early);
  EXPECT_EQ(early.view(), "abc");
  EXPECT_EQ(Text(list), "abcdefabc");
}

TEST(BufListTest, CommitKeepsOnlyWhatWasWritten) {
  ChunkPool pool;
  BufList list;
  char* at = list.Reserve(pool, 100);
  std::copy_n("hello", 5, at);
  list.Commit(5);
  EXPECT_EQ(list.size(), 5u);
  at = list.Reserve(pool, 10);
  std::copy_n("!", 1, at);
  list.Commit(1);
  EXPECT_EQ(list.slice_count(), 1u);
  EXPECT_EQ(Text(list), "hello!");
}

TEST(BufListTest, ReserveAboveTheLargestClassIsContiguous) {
  ChunkPool pool;
  BufList list;
  const std::string body = Bytes(3 * kLargestChunk);
  std::copy(body.begin(), body.end(), list.Reserve(pool, body.size()));
  list.Commit(body.size());
  ASSERT_EQ(list.slice_count(), 1u);
  EXPECT_EQ(Text(list), body);
}

TEST(BufListTest, ReserveSomeGivesTheRoomThatIsLeft) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, Bytes(kSmallestChunk - 3));
  EXPECT_EQ(list.ReserveSome(pool, 1000).size(), 3u);
  list.Commit(3);
  EXPECT_GE(list.ReserveSome(pool, 5000).size(), 5000u);
  list.Commit(0);
}

TEST(BufListTest, UnusedReservationOfAnEmptyListHoldsNoChunk) {
  ChunkPool pool;
  BufList list;
  list.Reserve(pool, 10);
  list.Commit(0);
  EXPECT_EQ(list.room(), 0u);
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
}

TEST(BufListTest, EmptiedListHoldsNoChunk) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "x");
  list.Consume(1);
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
  list.Append(pool, "x");
  list.Clear();
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
  BufList other;
  list.Append(pool, "x");
  list.SplitFront(1, other);
  EXPECT_EQ(list.room(), 0u);
  other.Clear();
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
}

TEST(BufListTest, SplitFrontInsideChunkSharesBlock) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "hello world");
  const char* const block = list.slice(0).data();
  BufList front;
  list.SplitFront(5, front);
  EXPECT_EQ(Text(front), "hello");
  EXPECT_EQ(Text(list), " world");
  EXPECT_EQ(front.slice(0).data(), block);
  EXPECT_EQ(list.slice(0).data(), block + 5);
  EXPECT_EQ(front.slice(0).owner(), list.slice(0).owner());
}

TEST(BufListTest, SplitOffBytesStayWhenTheRestGrows) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "hello");
  BufList front;
  list.SplitFront(4, front);
  list.Append(pool, " there");
  EXPECT_EQ(Text(front), "hell");
  EXPECT_EQ(Text(list), "o there");
  front.Append(pool, "!");
  EXPECT_EQ(Text(front), "hell!");
  EXPECT_EQ(Text(list), "o there");
}

TEST(BufListTest, SplitFrontOfAllMovesTheItems) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "abc");
  BufList all;
  all.AppendRef(Slice::Static("0"));
  list.SplitFront(3, all);
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(Text(all), "0abc");
}

TEST(BufListTest, ConsumeInsideAndAcrossItems) {
  BufList list;
  list.AppendRef(Slice::Static("abc"));
  list.AppendRef(Slice::Static("def"));
  list.Consume(1);
  EXPECT_EQ(Text(list), "bcdef");
  list.Consume(3);
  EXPECT_EQ(Text(list), "ef");
  EXPECT_EQ(list.slice_count(), 1u);
}

TEST(BufListTest, FillIovStopsAtTheArraysEnd) {
  BufList list;
  for (int i = 0; i < 10; ++i) list.AppendRef(Slice::Static("ab"));
  std::vector<iovec> iov(4);
  EXPECT_EQ(list.FillIov(iov), 4u);
  iov.resize(20);
  EXPECT_EQ(list.FillIov(iov), 10u);
  EXPECT_EQ(iov[9].iov_len, 2u);
}

TEST(BufListTest, PeekFrontLeavesTheListAsItWas) {
  BufList list;
  list.AppendRef(Slice::Static("abc"));
  list.AppendRef(Slice::Static("def"));
  std::string front(4, '\0');
  EXPECT_TRUE(list.PeekFront(4, front.data()));
  EXPECT_EQ(front, "abcd");
  EXPECT_EQ(Text(list), "abcdef");
}

TEST(BufListTest, AppendAllMovesEverythingAndEmptiesTheOther) {
  ChunkPool pool;
  BufList first;
  BufList second;
  first.Append(pool, "one ");
  second.Append(pool, "two ");
  second.AppendRef(Slice::Static("three"));
  first.AppendAll(std::move(second));
  EXPECT_EQ(Text(first), "one two three");
  EXPECT_TRUE(second.empty());  // NOLINT: a moved-from list is empty
  EXPECT_EQ(second.slice_count(), 0u);
  first.Append(pool, ".");
  EXPECT_EQ(Text(first), "one two three.");
}

TEST(BufListTest, MoveTakesInlineAndRingItems) {
  for (const int items : {1, 4, 5, 100}) {
    BufList list;
    std::string expected;
    for (int i = 0; i < items; ++i) {
      list.AppendRef(SliceOfString(std::to_string(i)));
      expected += std::to_string(i);
    }
    BufList moved(std::move(list));
    EXPECT_EQ(Text(moved), expected);
    EXPECT_TRUE(list.empty());  // NOLINT
    list.AppendRef(Slice::Static("new"));
    moved = std::move(list);
    EXPECT_EQ(Text(moved), "new");
    EXPECT_TRUE(list.empty());  // NOLINT
  }
}

TEST(BufListTest, ItemsAreLetGoOneByOne) {
  int released = 0;
  BufList list;
  for (int i = 0; i < 3; ++i) list.AppendRef(SliceOfBytes("abc", [&released] { ++released; }));
  list.Consume(2);
  EXPECT_EQ(released, 0);
  list.Consume(1);
  EXPECT_EQ(released, 1);
  list.Clear();
  EXPECT_EQ(released, 3);
}

TEST(BufListTest, ReleaseFunctionSeesTheListWithoutItsBytes) {
  BufList list;
  std::size_t size = 0;
  std::size_t items = 0;
  list.AppendRef(SliceOfBytes("abc", [&] {
    size = list.size();
    items = list.slice_count();
  }));
  list.AppendRef(Slice::Static("defg"));
  list.Consume(3);
  EXPECT_EQ(size, 4u);
  EXPECT_EQ(items, 1u);
}

TEST(BufListTest, ListSurvivesThePoolOfItsChunks) {
  BufList list;
  {
    ChunkPool pool;
    list.Append(pool, "still here");
  }
  EXPECT_EQ(Text(list), "still here");
}

TEST(BufListDeathTest, BeyondTheEndIsRefused) {
  BufList list;
  list.AppendRef(Slice::Static("abc"));
  BufList other;
  EXPECT_DEATH(list.Consume(4), "beyond the end");
  EXPECT_DEATH(list.SplitFront(4, other), "beyond the end");
  EXPECT_DEATH(list.Commit(1), "more than was reserved");
}

// Random operations on several lists, each mirrored by a plain string.
class BufListModel {
 public:
  explicit BufListModel(std::uint64_t seed) : random_(seed), lists_(3), texts_(3) {}

  void Step() {
    const std::size_t i = Pick(lists_.size() - 1);
    BufList& list = lists_[i];
    std::string& text = texts_[i];
    switch (Pick(11)) {
      case 0:
      case 1: {
        const std::string bytes = Fresh(PickSize());
        list.Append(pool_, bytes);
        text += bytes;
        break;
      }
      case 2: {
        std::string bytes = Fresh(PickSize());
        text += bytes;
        list.AppendRef(SliceOfString(std::move(bytes)));
        break;
      }
      case 3: {
        const std::string bytes = Fresh(PickSize());
        char* const at = list.Reserve(pool_, bytes.size() + Pick(50));
        std::copy(bytes.begin(), bytes.end(), at);
        list.Commit(bytes.size());
        text += bytes;
        break;
      }
      case 4: {
        const std::span<char> some = list.ReserveSome(pool_, Pick(5000));
        ASSERT_GT(some.size(), 0u);
        const std::string bytes = Fresh(Pick(some.size()));
        std::copy(bytes.begin(), bytes.end(), some.begin());
        list.Commit(bytes.size());
        text += bytes;
        break;
      }
      case 5:
      case 6: {
        const std::size_t n = Pick(list.size());
        list.Consume(n);
        text.erase(0, n);
        break;
      }
      case 7:
      case 8: {
        const std::size_t to = (i + 1) % lists_.size();
        const std::size_t n = Pick(list.size());
        list.SplitFront(n, lists_[to]);
        texts_[to] += text.substr(0, n);
        text.erase(0, n);
        break;
      }
      case 9: {
        const std::size_t from = (i + 1) % lists_.size();
        list.AppendAll(std::move(lists_[from]));
        text += std::exchange(texts_[from], "");
        break;
      }
      case 10: {
        if (!list.empty()) {
          const Slice& item = list.slice(Pick(list.slice_count() - 1));
          const Slice part = item.Sub(0, Pick(item.size()));
          text += part.view();
          list.AppendRef(part);
        }
        break;
      }
      default: {
        const std::size_t other = Pick(lists_.size() - 1);
        list.Swap(lists_[other]);
        std::swap(text, texts_[other]);
        if (Pick(9) == 0) {
          list.Clear();
          text.clear();
        }
      }
    }
    // Keep the lists small enough to compare often.
    if (text.size() > 300'000) {
      list.Consume(text.size() - 1000);
      text.erase(0, text.size() - 1000);
    }
  }

  void Compare() const {
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      ASSERT_EQ(lists_[i].size(), texts_[i].size());
      ASSERT_TRUE(Text(lists_[i]) == texts_[i]);
      std::string peeked(texts_[i].size(), '\0');
      ASSERT_TRUE(lists_[i].PeekFront(peeked.size(), peeked.data()));
      ASSERT_TRUE(peeked == texts_[i]);
    }
  }

  void End() {
    for (BufList& list : lists_) list.Clear();
    EXPECT_EQ(pool_.stats().bytes_in_use, 0u);
  }

 private:
  std::size_t Pick(std::size_t max) {
    return std::uniform_int_distribution<std::size_t>(0, max)(random_);
  }
  std::size_t PickSize() {
    static constexpr std::size_t kTops[] = {0, 9, 256, 257, 1500, 20'000, 70'000};
    return Pick(kTops[Pick(std::size(kTops) - 1)]);
  }
  std::string Fresh(std::size_t size) { return Bytes(size, static_cast<unsigned>(Pick(255))); }

  std::mt19937_64 random_;
  ChunkPool pool_;
  std::vector<BufList> lists_;
  std::vector<std::string> texts_;
};

TEST(BufListTest, RandomOperationsAgreeWithAString) {
  const std::uint64_t first = std::random_device()();
  for (std::uint64_t seed = first; seed < first + 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    BufListModel model(seed);
    for (int step = 0; step < 300; ++step) {
      model.Step();
      if (step % 4 == 0) model.Compare();
      if (::testing::Test::HasFatalFailure()) return;
    }
    model.Compare();
    model.End();
  }
}

}  // namespace
}  // namespace weft::internal
