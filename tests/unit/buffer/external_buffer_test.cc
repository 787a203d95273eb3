#include "buffer/external_buffer.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

namespace weft::internal {
namespace {

struct Releases {
  int count = 0;
  auto Note() {
    return [this] { ++count; };
  }
};

TEST(ExternalBufferTest, MovedStringIsNotCopied) {
  std::string bytes(1000, 'x');
  const char* const at = bytes.data();
  const Slice slice = SliceOfString(std::move(bytes));
  EXPECT_EQ(slice.data(), at);
  EXPECT_EQ(slice.size(), 1000u);
}

TEST(ExternalBufferTest, ShortStringStays) {
  Slice slice = SliceOfString("abc");
  const Slice copy = slice;
  slice = Slice();
  EXPECT_EQ(copy.view(), "abc");
}

TEST(ExternalBufferTest, CallerIsToldOnceWithTheLastSlice) {
  Releases releases;
  {
    Slice slice = SliceOfBytes("hello", releases.Note());
    const Slice part = slice.Sub(1, 3);
    slice = Slice();
    EXPECT_EQ(releases.count, 0);
    EXPECT_EQ(part.view(), "ell");
  }
  EXPECT_EQ(releases.count, 1);
}

TEST(ExternalBufferTest, NoBytesAreReleasedAtOnce) {
  Releases releases;
  const Slice slice = SliceOfBytes("", releases.Note());
  EXPECT_EQ(releases.count, 1);
  EXPECT_EQ(slice.owner(), nullptr);
}

TEST(ExternalBufferTest, ReleasedOnTheThreadThatDropsTheLastSlice) {
  std::thread::id where;
  Slice slice = SliceOfBytes("hello", [&where] { where = std::this_thread::get_id(); });
  std::thread::id other;
  std::thread([&, last = std::move(slice)]() mutable {
    other = std::this_thread::get_id();
    last = Slice();
  }).join();
  EXPECT_EQ(where, other);
}

TEST(ExternalBufferTest, CopyIsItsOwnAndInOnePiece) {
  std::string bytes(1000, 'x');
  const Slice slice = SliceOfCopy(bytes);
  bytes.assign(1000, 'y');
  EXPECT_EQ(slice.view(), std::string(1000, 'x'));
  EXPECT_TRUE(SliceOfCopy("").empty());
}

}  // namespace
}  // namespace weft::internal
