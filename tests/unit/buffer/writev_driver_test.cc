#include "buffer/writev_driver.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "buffer/external_buffer.h"
#include "tests/unit/buffer/buffer_texts.h"

namespace weft::internal {
namespace {

using testing::Bytes;
using testing::Text;
using Kind = WriteProgress::Kind;

// Takes as many bytes at each attempt as it was told to, then everything.
class ScriptedWriter {
 public:
  explicit ScriptedWriter(std::deque<WriteAttempt> script = {}) : script_(std::move(script)) {}

  WriteAttempt operator()(std::span<const iovec> from) {
    EXPECT_GE(from.size(), 1u);
    EXPECT_LE(from.size(), kMaxIov);
    WriteAttempt attempt = WriteAttempt::Bytes(SIZE_MAX);
    if (!script_.empty()) {
      attempt = script_.front();
      script_.pop_front();
    }
    if (attempt.kind != WriteAttempt::Kind::kBytes) return attempt;
    std::size_t left = attempt.bytes;
    std::size_t taken = 0;
    for (const iovec& item : from) {
      EXPECT_GT(item.iov_len, 0u);
      const std::size_t n = std::min(left, item.iov_len);
      written_.append(static_cast<const char*>(item.iov_base), n);
      left -= n;
      taken += n;
    }
    return WriteAttempt::Bytes(taken);
  }

  const std::string& written() const { return written_; }

 private:
  std::deque<WriteAttempt> script_;
  std::string written_;
};

WriteProgress WriteBy(ScriptedWriter& writer, BufList& list) {
  return WriteFront(list, [&writer](std::span<const iovec> from) { return writer(from); });
}

// Frame headers and payloads, copied and referenced.
void FillFrames(BufList& list, ChunkPool& pool) {
  for (unsigned i = 0; i < 4; ++i) {
    list.Append(pool, Bytes(9, i));
    list.AppendRef(SliceOfString(Bytes(20 + i, i)));
    list.Append(pool, Bytes(3, i));
  }
}

TEST(WriteFrontTest, EmptyListMakesNoAttempt) {
  BufList list;
  ScriptedWriter writer;
  const WriteProgress progress = WriteBy(writer, list);
  EXPECT_EQ(progress.kind, Kind::kDone);
  EXPECT_EQ(progress.attempts, 0);
}

TEST(WriteFrontTest, OneAttemptWritesAnOrdinaryList) {
  ChunkPool pool;
  BufList list;
  FillFrames(list, pool);
  const std::string all = Text(list);
  ScriptedWriter writer;
  const WriteProgress progress = WriteBy(writer, list);
  EXPECT_EQ(progress.kind, Kind::kDone);
  EXPECT_EQ(progress.attempts, 1);
  EXPECT_EQ(progress.bytes, all.size());
  EXPECT_EQ(writer.written(), all);
  EXPECT_TRUE(list.empty());
}

TEST(WriteFrontTest, PartialWriteAtEveryOffsetKeepsTheExactRest) {
  ChunkPool pool;
  BufList model;
  FillFrames(model, pool);
  const std::string all = Text(model);
  for (std::size_t offset = 0; offset < all.size(); ++offset) {
    BufList list;
    FillFrames(list, pool);
    ScriptedWriter writer({WriteAttempt::Bytes(offset)});
    const WriteProgress partial = WriteBy(writer, list);
    EXPECT_EQ(partial.kind, Kind::kWouldBlock);
    EXPECT_EQ(partial.bytes, offset);
    EXPECT_EQ(partial.attempts, 1);
    EXPECT_EQ(Text(list), all.substr(offset));
    // The list may grow before the next attempt.
    list.Append(pool, "more");
    EXPECT_EQ(WriteBy(writer, list).kind, Kind::kDone);
    ASSERT_EQ(writer.written(), all + "more") << "partial write at " << offset;
  }
  model.Clear();
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
}

TEST(WriteFrontTest, OneByteAtATimeWritesEverything) {
  ChunkPool pool;
  BufList list;
  FillFrames(list, pool);
  const std::string all = Text(list);
  ScriptedWriter writer(std::deque<WriteAttempt>(all.size(), WriteAttempt::Bytes(1)));
  std::size_t calls = 0;
  while (!list.empty()) {
    WriteBy(writer, list);
    ++calls;
  }
  EXPECT_EQ(calls, all.size());
  EXPECT_EQ(writer.written(), all);
}

TEST(WriteFrontTest, InterruptedAttemptIsRepeatedAtOnce) {
  BufList list;
  list.AppendRef(Slice::Static("hello"));
  ScriptedWriter writer({WriteAttempt::Interrupted(), WriteAttempt::Interrupted()});
  const WriteProgress progress = WriteBy(writer, list);
  EXPECT_EQ(progress.kind, Kind::kDone);
  EXPECT_EQ(progress.attempts, 3);
  EXPECT_EQ(writer.written(), "hello");
}

TEST(WriteFrontTest, WouldBlockKeepsEverything) {
  BufList list;
  list.AppendRef(Slice::Static("hello"));
  ScriptedWriter writer({WriteAttempt::WouldBlock()});
  const WriteProgress progress = WriteBy(writer, list);
  EXPECT_EQ(progress.kind, Kind::kWouldBlock);
  EXPECT_EQ(progress.bytes, 0u);
  EXPECT_EQ(Text(list), "hello");
}

TEST(WriteFrontTest, ZeroWriteDoesNotSpin) {
  BufList list;
  list.AppendRef(Slice::Static("hello"));
  ScriptedWriter writer({WriteAttempt::Bytes(0), WriteAttempt::Bytes(0)});
  const WriteProgress progress = WriteBy(writer, list);
  EXPECT_EQ(progress.kind, Kind::kWouldBlock);
  EXPECT_EQ(progress.attempts, 1);
  EXPECT_EQ(Text(list), "hello");
}

TEST(WriteFrontTest, ErrorIsToldAndKeepsTheRest) {
  BufList list;
  for (std::size_t i = 0; i < kMaxIov + 1; ++i) list.AppendRef(Slice::Static("ab"));
  ScriptedWriter writer({WriteAttempt::Bytes(SIZE_MAX), WriteAttempt::Error(EPIPE)});
  const WriteProgress progress = WriteBy(writer, list);
  EXPECT_EQ(progress.kind, Kind::kError);
  EXPECT_EQ(progress.error, EPIPE);
  EXPECT_EQ(progress.bytes, 2 * kMaxIov);
  EXPECT_EQ(Text(list), "ab");
}

TEST(WriteFrontTest, MoreItemsThanOneCallTakes) {
  for (const std::size_t items : {kMaxIov, kMaxIov + 1, std::size_t{IOV_MAX} + 1, 3000ul}) {
    BufList list;
    std::string all;
    for (std::size_t i = 0; i < items; ++i) {
      all += std::to_string(i);
      list.AppendRef(SliceOfString(std::to_string(i)));
    }
    ScriptedWriter writer;
    const WriteProgress progress = WriteBy(writer, list);
    EXPECT_EQ(progress.kind, Kind::kDone);
    EXPECT_EQ(progress.attempts, static_cast<int>((items + kMaxIov - 1) / kMaxIov));
    EXPECT_EQ(writer.written(), all);
  }
}

TEST(WriteFrontTest, RandomAttemptsWriteEveryByteOnceInOrder) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    ChunkPool pool;
    BufList list;
    std::string all;
    ScriptedWriter writer([&random] {
      std::deque<WriteAttempt> script;
      for (int i = 0; i < 30; ++i) {
        switch (random() % 5) {
          case 0:
            script.push_back(WriteAttempt::Interrupted());
            break;
          case 1:
            script.push_back(WriteAttempt::WouldBlock());
            break;
          default:
            script.push_back(WriteAttempt::Bytes(random() % 2000));
        }
      }
      return script;
    }());
    for (unsigned i = 0; i < 40; ++i) {
      const std::string bytes = Bytes(random() % 600, i);
      all += bytes;
      if (random() % 2 == 0) {
        list.Append(pool, bytes);
      } else {
        list.AppendRef(SliceOfString(bytes));
      }
      WriteBy(writer, list);
      ASSERT_EQ(writer.written() + Text(list), all);
    }
    while (WriteBy(writer, list).kind != Kind::kDone) {
    }
    ASSERT_EQ(writer.written(), all);
  }
}

TEST(WriteFrontTest, RealSocketTakesAllWithBackpressure) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  BufList list;
  std::string all;
  for (unsigned i = 0; i < 2500; ++i) {
    std::string bytes = Bytes(1 + i % 1500, i);
    all += bytes;
    list.AppendRef(SliceOfString(std::move(bytes)));
  }
  auto write = [&](std::span<const iovec> from) {
    const ssize_t n = ::writev(ends[0], from.data(), static_cast<int>(from.size()));
    if (n >= 0) return WriteAttempt::Bytes(static_cast<std::size_t>(n));
    if (errno == EINTR) return WriteAttempt::Interrupted();
    if (errno == EAGAIN) return WriteAttempt::WouldBlock();
    return WriteAttempt::Error(errno);
  };
  std::string read;
  std::vector<char> buffer(50'000);
  int blocked = 0;
  while (!list.empty() || read.size() < all.size()) {
    const WriteProgress progress = WriteFront(list, write);
    ASSERT_NE(progress.kind, Kind::kError);
    blocked += progress.kind == Kind::kWouldBlock;
    const ssize_t n = ::read(ends[1], buffer.data(), buffer.size());
    ASSERT_GT(n, 0);
    read.append(buffer.data(), static_cast<std::size_t>(n));
  }
  EXPECT_GT(blocked, 0);
  EXPECT_TRUE(read == all);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace weft::internal
