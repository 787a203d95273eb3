#include "buffer/proto_stream.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "buffer/external_buffer.h"
#include "buffer/file_mapping.h"
#include "buffer/message_owner.h"
#include "stream_test.pb.h"
#include "tests/unit/buffer/buffer_texts.h"

namespace weft::internal {
namespace {

using buffer_test::Holder;
using buffer_test::Strict;
using testing::Bytes;
using testing::Text;

constexpr std::string_view kPrefix("\0\0\0\0\5", 5);

// The bytes cut into slices of `piece` bytes.
BufList Cut(const std::string& bytes, std::size_t piece) {
  BufList list;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    list.AppendRef(SliceOfString(bytes.substr(at, piece)));
  }
  return list;
}

Holder Small() {
  Holder holder;
  holder.set_number(7);
  holder.set_text("hello");
  holder.set_blob(Bytes(50));
  return holder;
}

// Bytes of `size` in every place that there is.
Holder Everywhere(std::size_t size) {
  Holder holder;
  holder.set_number(-1);
  holder.set_text(std::string(size, 't'));
  holder.set_blob(Bytes(size, 1));
  holder.add_blobs(Bytes(size, 2));
  holder.add_blobs("short");
  holder.add_blobs(Bytes(size, 3));
  holder.add_texts(std::string(size, 'u'));
  (*holder.mutable_by_name())["one"] = Bytes(size, 4);
  (*holder.mutable_by_name())[std::string(size, 'k')] = Bytes(size, 5);
  holder.mutable_child()->set_blob(Bytes(size, 6));
  holder.mutable_child()->set_number(3);
  holder.add_children()->set_chosen_blob(Bytes(size, 7));
  holder.add_children()->set_chosen_text(std::string(size, 'v'));
  for (int i = 0; i < 100; ++i) holder.add_packed(i * 1'000'003L);
  holder.set_last(Bytes(size, 8));
  return holder;
}

struct OwnedHolder {
  explicit OwnedHolder(Holder from) : message(std::move(from)) {}
  Holder message;
  bool released = false;
  MessageOwner owner{this,
                     [](void* object) { static_cast<OwnedHolder*>(object)->released = true; }};
};

std::size_t MessageItems(const BufList& list) {
  std::size_t items = 0;
  for (std::size_t i = 0; i < list.slice_count(); ++i) {
    const BufferOwner* const owner = list.slice(i).owner();
    items += owner != nullptr && owner->kind() == BufferOwner::Kind::kMessage;
  }
  return items;
}

// Maps are serialized in any order, so messages are compared by what they parse to.
void ExpectParsesTo(const BufList& list, std::size_t skip, const Holder& expected) {
  const std::string text = Text(list);
  Holder parsed;
  ASSERT_TRUE(parsed.ParseFromArray(text.data() + skip, static_cast<int>(text.size() - skip)));
  EXPECT_EQ(parsed.SerializeAsString().size(), expected.SerializeAsString().size());
  EXPECT_TRUE(parsed.blob() == expected.blob());
  EXPECT_EQ(parsed.DebugString(), expected.DebugString());
}

TEST(SerializeIntoTest, SmallMessageAndPrefixAreOneItem) {
  ChunkPool pool;
  BufList list;
  const Holder holder = Small();
  ASSERT_TRUE(SerializeInto(holder, holder.ByteSizeLong(), list, pool, kPrefix).ok());
  ASSERT_TRUE(SerializeInto(holder, holder.ByteSizeLong(), list, pool, kPrefix).ok());
  EXPECT_EQ(list.slice_count(), 1u);
  const std::string once = std::string(kPrefix) + holder.SerializeAsString();
  EXPECT_EQ(Text(list), once + once);
}

TEST(SerializeIntoTest, EmptyMessageIsThePrefixAlone) {
  ChunkPool pool;
  BufList list;
  const Holder holder;
  ASSERT_TRUE(SerializeInto(holder, holder.ByteSizeLong(), list, pool, kPrefix).ok());
  EXPECT_EQ(Text(list), kPrefix);
}

TEST(SerializeIntoTest, EmptyMessageWithoutPrefixLeavesNothing) {
  ChunkPool pool;
  BufList list;
  const Holder holder;
  ASSERT_TRUE(SerializeInto(holder, holder.ByteSizeLong(), list, pool).ok());
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(pool.stats().bytes_in_use, 0u);
}

TEST(SerializeIntoTest, EverySizeAroundTheThresholdsComesOutRight) {
  ChunkPool pool;
  for (const std::size_t size :
       std::vector<std::size_t>{0, 1, 127, 128, 900, 1018, 1024, 4096, 16'370, 16'384, 16'400,
                                65'536, 70'000, 300'000}) {
    for (const std::size_t before : std::vector<std::size_t>{0, 1, 1000, 1024}) {
      SCOPED_TRACE(std::to_string(size) + " bytes behind " + std::to_string(before));
      Holder holder;
      holder.set_blob(Bytes(size));
      holder.set_last("end");
      BufList list;
      list.Append(pool, Bytes(before));
      ASSERT_TRUE(SerializeInto(holder, holder.ByteSizeLong(), list, pool, kPrefix).ok());
      ASSERT_TRUE(Text(list) == Bytes(before) + std::string(kPrefix) + holder.SerializeAsString());
    }
  }
}

TEST(SerializeIntoTest, LargeMessageOfEveryFieldKindIsWhole) {
  ChunkPool pool;
  BufList list;
  const Holder holder = Everywhere(30'000);
  ASSERT_TRUE(SerializeInto(holder, holder.ByteSizeLong(), list, pool, kPrefix).ok());
  EXPECT_EQ(MessageItems(list), 0u);
  ExpectParsesTo(list, kPrefix.size(), holder);
}

TEST(SerializeIntoTest, LargeMessageTakesFewChunks) {
  ChunkPool pool;
  BufList list;
  Holder holder;
  holder.set_blob(Bytes(1'000'000));
  ASSERT_TRUE(SerializeInto(holder, holder.ByteSizeLong(), list, pool, kPrefix).ok());
  EXPECT_LE(list.slice_count(), 16u);
}

TEST(SerializeIntoTest, AboveTwoGigabytesIsRefusedAndLeavesTheList) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "before");
  const Holder holder = Small();
  const absl::Status status = SerializeInto(holder, kProtobufSizeLimit + 1, list, pool, kPrefix);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("weft.buffer_test.Holder of 2147483648 bytes"), std::string::npos)
      << status;
  EXPECT_EQ(Text(list), "before");
  OwnedHolder owned(holder);
  EXPECT_EQ(SerializeAliasing(owned.message, kProtobufSizeLimit + 1, OwnerRef::Share(&owned.owner),
                              list, pool, kPrefix)
                .code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Text(list), "before");
}

TEST(SerializeAliasingTest, LargeFieldIsReferencedNotCopied) {
  ChunkPool pool;
  Holder holder = Small();
  holder.set_blob(Bytes(100'000));
  OwnedHolder owned(std::move(holder));
  BufList list;
  ASSERT_TRUE(SerializeAliasing(owned.message, owned.message.ByteSizeLong(),
                                OwnerRef::Adopt(&owned.owner), list, pool, kPrefix)
                  .ok());
  ASSERT_EQ(list.slice_count(), 2u);
  EXPECT_EQ(list.slice(1).data(), owned.message.blob().data());
  EXPECT_EQ(list.slice(1).size(), 100'000u);
  EXPECT_EQ(pool.stats().bytes_in_use, kSmallestChunk);
  ExpectParsesTo(list, kPrefix.size(), owned.message);
}

TEST(SerializeAliasingTest, MessageIsReleasedWithItsLastByte) {
  ChunkPool pool;
  Holder holder;
  holder.set_blob(Bytes(50'000));
  holder.set_last("behind");
  OwnedHolder owned(std::move(holder));
  BufList list;
  ASSERT_TRUE(SerializeAliasing(owned.message, owned.message.ByteSizeLong(),
                                OwnerRef::Adopt(&owned.owner), list, pool, kPrefix)
                  .ok());
  BufList wire;
  list.SplitFront(40'000, wire);
  wire.Clear();
  EXPECT_FALSE(owned.released);
  list.Consume(list.size() - 8);  // the tag, the length and "behind" are left
  EXPECT_TRUE(owned.released);
  EXPECT_EQ(Text(list).substr(2), "behind");
}

TEST(SerializeAliasingTest, MessageWithNothingToAliasIsReleasedAtOnce) {
  ChunkPool pool;
  BufList list;
  OwnedHolder owned(Small());
  ASSERT_TRUE(SerializeAliasing(owned.message, owned.message.ByteSizeLong(),
                                OwnerRef::Adopt(&owned.owner), list, pool, kPrefix)
                  .ok());
  EXPECT_TRUE(owned.released);
  EXPECT_EQ(list.slice_count(), 1u);
}

TEST(SerializeAliasingTest, EveryFieldFromTheThresholdOnIsReferencedWhereverItStands) {
  ChunkPool pool;
  for (const std::size_t before : std::vector<std::size_t>{0, 1, 500, 1000, 5000}) {
    for (const std::size_t size : std::vector<std::size_t>{
             kAliasThreshold - 1, kAliasThreshold, kAliasThreshold + 1, 3 * kAliasThreshold}) {
      SCOPED_TRACE(std::to_string(size) + " bytes behind " + std::to_string(before));
      Holder holder;
      holder.set_text(std::string(before, 't'));
      holder.set_blob(Bytes(size));
      holder.mutable_child()->set_chosen_blob(Bytes(size));
      holder.set_last(Bytes(size));
      OwnedHolder owned(std::move(holder));
      BufList list;
      ASSERT_TRUE(SerializeAliasing(owned.message, owned.message.ByteSizeLong(),
                                    OwnerRef::Adopt(&owned.owner), list, pool, kPrefix)
                      .ok());
      EXPECT_EQ(MessageItems(list), size >= kAliasThreshold ? 3u : 0u);
      ASSERT_TRUE(Text(list) == std::string(kPrefix) + owned.message.SerializeAsString());
    }
  }
}

// protobuf 3.21 copies repeated and map fields whatever the stream allows; newer ones may not.
TEST(SerializeAliasingTest, RepeatedAndMapFieldsComeOutRight) {
  for (const std::size_t size : {std::size_t{100}, kAliasThreshold - 1, kAliasThreshold,
                                 3 * kAliasThreshold, std::size_t{300'000}}) {
    SCOPED_TRACE(size);
    ChunkPool pool;
    OwnedHolder owned(Everywhere(size));
    BufList list;
    ASSERT_TRUE(SerializeAliasing(owned.message, owned.message.ByteSizeLong(),
                                  OwnerRef::Adopt(&owned.owner), list, pool, kPrefix)
                    .ok());
    // text, blob, child.blob, two choices, last
    EXPECT_GE(MessageItems(list), size >= kAliasThreshold ? 6u : 0u);
    ExpectParsesTo(list, kPrefix.size(), owned.message);
    list.Clear();
    EXPECT_TRUE(owned.released);
    EXPECT_EQ(pool.stats().bytes_in_use, 0u);
  }
}

TEST(SerializeAliasingTest, MovedMessageLivesInItsOwner) {
  ChunkPool pool;
  BufList list;
  Holder holder;
  holder.set_blob(Bytes(20'000));
  const std::string expected = holder.SerializeAsString();
  {
    auto* const held = new HeldMessage<Holder>(std::move(holder));
    ASSERT_TRUE(SerializeAliasing(held->message(), held->message().ByteSizeLong(),
                                  OwnerRef::Adopt(held), list, pool)
                    .ok());
  }
  EXPECT_TRUE(Text(list) == expected);
}

TEST(ParseFromTest, ContiguousBytes) {
  const Holder holder = Small();
  Holder parsed;
  parsed.set_number(99);
  parsed.add_texts("left from the last use");
  ASSERT_TRUE(ParseFrom(holder.SerializeAsString(), parsed).ok());
  EXPECT_EQ(parsed.DebugString(), holder.DebugString());
}

TEST(ParseFromTest, NoBytesAreAnEmptyMessage) {
  Holder parsed = Small();
  BufList list;
  ASSERT_TRUE(ParseFrom(list, 0, parsed).ok());
  EXPECT_EQ(parsed.ByteSizeLong(), 0u);
}

TEST(ParseFromTest, SlicesOfEverySize) {
  const Holder holder = Everywhere(700);
  const std::string bytes = holder.SerializeAsString();
  for (std::size_t piece = 1; piece < 40; ++piece) {
    const BufList list = Cut(bytes, piece);
    Holder parsed;
    ASSERT_TRUE(ParseFrom(list, bytes.size(), parsed).ok()) << piece;
    ASSERT_EQ(parsed.DebugString(), holder.DebugString()) << piece;
  }
}

TEST(ParseFromTest, OnlyTheFirstBytesBelongToTheMessage) {
  const Holder holder = Small();
  const std::string bytes = holder.SerializeAsString();
  for (const std::size_t piece : {std::size_t{7}, std::size_t{10'000}}) {
    const BufList list = Cut(bytes + std::string(100, '\xff'), piece);
    Holder parsed;
    ASSERT_TRUE(ParseFrom(list, bytes.size(), parsed).ok());
    EXPECT_EQ(parsed.DebugString(), holder.DebugString());
    EXPECT_EQ(list.size(), bytes.size() + 100);
  }
}

// What lies behind the message would make each of these whole.
TEST(ParseFromTest, TruncatedMessageDoesNotGoOnInTheOneBehindIt) {
  const std::string bytes = Everywhere(50).SerializeAsString();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Holder alone;
    Holder followed;
    const bool ok = ParseFrom(bytes.substr(0, size), alone).ok();
    ASSERT_EQ(ParseFrom(Cut(bytes, bytes.size()), size, followed).ok(), ok) << size;
    if (!ok) continue;
    ASSERT_EQ(followed.DebugString(), alone.DebugString()) << size;
  }
}

TEST(ParseFromTest, MessageThatOthersFollowMayLackRequiredFieldsToo) {
  Strict strict;
  strict.set_number(5);
  const std::string bytes = strict.SerializePartialAsString();
  Strict parsed;
  const absl::Status status =
      ParseFrom(Cut(bytes + std::string(100, 'x'), 1000), bytes.size(), parsed);
  EXPECT_EQ(status.message(), "a weft.buffer_test.Strict of 2 bytes lacks required fields: name");
}

TEST(ParseFromTest, MalformedBytesAreInternalAndNamed) {
  Holder parsed;
  for (const std::size_t piece : std::vector<std::size_t>{2, 100}) {
    const absl::Status status = ParseFrom(Cut(std::string(10, '\xff'), piece), 10, parsed);
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_EQ(status.message(),
              "can't parse a weft.buffer_test.Holder of 10 bytes: malformed protobuf, or a string "
              "field that is not UTF-8");
  }
}

TEST(ParseFromTest, EveryTruncationIsAnErrorOrAnotherMessageNeverACrash) {
  const std::string bytes = Everywhere(50).SerializeAsString();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    Holder whole;
    Holder pieces;
    EXPECT_EQ(ParseFrom(cut, whole).ok(), ParseFrom(Cut(cut, 5), size, pieces).ok());
  }
}

TEST(ParseFromTest, MissingRequiredFieldIsNamed) {
  Strict full;
  full.set_name("x");
  full.set_number(5);
  Strict parsed;
  EXPECT_TRUE(ParseFrom(full.SerializeAsString(), parsed).ok());
  full.clear_name();
  const absl::Status status = ParseFrom(full.SerializePartialAsString(), parsed);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "a weft.buffer_test.Strict of 2 bytes lacks required fields: name");
}

TEST(ParseFromTest, MappedFileIsReadThroughTheFile) {
  const Holder holder = Everywhere(30'000);
  const std::string path = ::testing::TempDir() + "/weft_parse_mapped";
  const std::string bytes = holder.SerializeAsString();
  std::ofstream(path, std::ios::binary | std::ios::trunc) << "skip" << bytes;
  BufList list;
  {
    const FileMapping file = FileMapping::Open(path).value();
    list.AppendRef(file.Region(4, bytes.size()));
  }
  Holder parsed;
  ASSERT_TRUE(ParseFrom(list, bytes.size(), parsed).ok());
  EXPECT_EQ(parsed.DebugString(), holder.DebugString());
  ASSERT_EQ(::truncate(path.c_str(), 100), 0);
  EXPECT_EQ(ParseFrom(list, bytes.size(), parsed).code(), absl::StatusCode::kInternal);
}

TEST(BufListReaderTest, GivesEverySliceOnceAndEnds) {
  const BufList list = Cut("abcdefgh", 3);
  BufListReader reader(list, 7);
  std::vector<std::string> pieces;
  const void* piece;
  int size;
  while (reader.Next(&piece, &size)) {
    pieces.emplace_back(static_cast<const char*>(piece), static_cast<std::size_t>(size));
  }
  EXPECT_EQ(pieces, (std::vector<std::string>{"abc", "def", "g"}));
  EXPECT_EQ(reader.ByteCount(), 7);
  EXPECT_FALSE(reader.Next(&piece, &size));
}

TEST(BufListReaderTest, BackUpAndSkipAgreeWithAString) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    const std::string bytes = Bytes(1 + random() % 200, static_cast<unsigned>(round));
    const BufList list = Cut(bytes, 1 + random() % 20);
    const std::size_t limit = 1 + random() % bytes.size();
    BufListReader reader(list, limit);
    std::size_t at = 0;
    while (at < limit) {
      const void* piece;
      int size;
      if (random() % 3 == 0) {
        const std::size_t n = random() % 30;
        ASSERT_EQ(reader.Skip(static_cast<int>(n)), n <= limit - at);
        at = std::min(at + n, limit);
      } else {
        ASSERT_TRUE(reader.Next(&piece, &size));
        ASSERT_GT(size, 0);
        ASSERT_EQ(std::memcmp(piece, bytes.data() + at, static_cast<std::size_t>(size)), 0);
        const int back = static_cast<int>(random() % static_cast<unsigned>(size + 1));
        reader.BackUp(back);
        at += static_cast<std::size_t>(size - back);
      }
      ASSERT_EQ(reader.ByteCount(), static_cast<std::int64_t>(at));
    }
    const void* piece;
    int size;
    EXPECT_FALSE(reader.Next(&piece, &size));
  }
}

TEST(BufListWriterTest, KeepsWhatWasNotBackedUp) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "head ");
  {
    BufListWriter writer(list, pool, 100);
    void* at;
    int size;
    ASSERT_TRUE(writer.Next(&at, &size));
    std::memcpy(at, "body", 4);
    EXPECT_EQ(writer.ByteCount(), size);
    writer.BackUp(size - 4);
    EXPECT_EQ(writer.ByteCount(), 4);
    EXPECT_EQ(Text(list), "head body");
    ASSERT_TRUE(writer.Next(&at, &size));
    std::memset(at, 'x', static_cast<std::size_t>(size));
  }
  EXPECT_EQ(Text(list), "head body" + std::string(kSmallestChunk - 9, 'x'));
}

TEST(BufListWriterTest, WithoutOwnerNothingIsAliased) {
  ChunkPool pool;
  BufList list;
  BufListWriter writer(list, pool, 100);
  EXPECT_FALSE(writer.AllowsAliasing());
}

}  // namespace
}  // namespace weft::internal
