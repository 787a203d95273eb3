#include "server/message_stash.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.pb.h"

#include "buffer/chunk_pool.h"
#include "buffer/limits.h"
#include "server/message_slot.h"
#include "test_service.weft.h"

namespace weft::internal {
namespace {

using testing::TestReply;

const google::protobuf::MessageLite& Prototype() { return TestReply::default_instance(); }

class MessageStashTest : public ::testing::Test {
 protected:
  ~MessageStashTest() override { stash_->Close(); }

  // One that has been as large.
  std::unique_ptr<PooledMessage> Used(std::size_t size) {
    std::unique_ptr<PooledMessage> message = stash_->Take();
    static_cast<TestReply&>(message->message()).set_payload(std::string(size, 'x'));
    message->NoteSize(size);
    return message;
  }

  const std::shared_ptr<MessageStash::Total> total_ = std::make_shared<MessageStash::Total>(0);
  const std::shared_ptr<MessageStash> stash_ = std::make_shared<MessageStash>(&Prototype, total_);
};

TEST_F(MessageStashTest, WhatWasPutBackComesAgainCleared) {
  std::unique_ptr<PooledMessage> message = Used(100'000);
  PooledMessage* const same = message.get();
  stash_->PutBack(std::move(message));
  EXPECT_GE(*total_, 100'000u);
  EXPECT_LE(*total_, 101'000u);
  message = stash_->Take();
  EXPECT_EQ(message.get(), same);
  EXPECT_EQ(static_cast<TestReply&>(message->message()).payload(), "");
  EXPECT_EQ(*total_, 0u);
}

TEST_F(MessageStashTest, BytesAreBoundedTogetherWithOtherStashes) {
  const auto other = std::make_shared<MessageStash>(&Prototype, total_);
  stash_->PutBack(Used(kKeptLargeMessages - 1000));
  const std::size_t kept = *total_;
  ASSERT_GE(kept, kKeptLargeMessages - 1000);
  std::unique_ptr<PooledMessage> message = other->Take();
  message->NoteSize(kKeptLargeMessages - kept + 1);
  other->PutBack(std::move(message));
  EXPECT_EQ(*total_, kept);
  message = other->Take();
  message->NoteSize(kKeptLargeMessages - kept);
  other->PutBack(std::move(message));
  EXPECT_EQ(*total_, kKeptLargeMessages);
  other->Close();
  EXPECT_EQ(*total_, kept);
}

TEST_F(MessageStashTest, TrimDropsWhatWasNotNeeded) {
  std::vector<std::unique_ptr<PooledMessage>> used;
  used.reserve(3);
  for (int i = 0; i < 3; ++i) used.push_back(Used(1000));
  for (auto& message : used) stash_->PutBack(std::move(message));
  EXPECT_EQ(stash_->Trim(), 3000u);  // until now all were needed
  stash_->PutBack(stash_->Take());
  EXPECT_EQ(stash_->Trim(), 1000u);
  EXPECT_EQ(*total_, 1000u);
  EXPECT_EQ(stash_->Trim(), 0u);
}

TEST_F(MessageStashTest, LastSliceOnAnyThreadBringsItBack) {
  std::unique_ptr<PooledMessage> message = Used(1000);
  PooledMessage* const same = message.get();
  OwnerRef owner = OwnerRef::Adopt(message.release());
  OwnerRef second = owner;
  std::thread([last = std::move(owner)]() mutable { last = OwnerRef(); }).join();
  EXPECT_EQ(*total_, 0u);
  second = OwnerRef();
  EXPECT_EQ(*total_, 1000u);
  EXPECT_EQ(stash_->Take().get(), same);
}

TEST_F(MessageStashTest, MessageOutlivesItsStash) {
  auto stash = std::make_shared<MessageStash>(&Prototype, total_);
  OwnerRef owner = OwnerRef::Adopt(stash->Take().release());
  stash->Close();
  stash.reset();
  owner = OwnerRef();
  EXPECT_EQ(*total_, 0u);
}

TEST_F(MessageStashTest, SlotKeepsSmallMessagesAndReturnsLargeOnes) {
  MessageSlot slot(stash_.get());
  EXPECT_FALSE(slot.raw());
  const void* const small = slot.Fill().message();
  slot.Recycle(kKeptMessageSize);
  EXPECT_EQ(slot.Fill().message(), small);
  EXPECT_EQ(*total_, 0u);
  slot.Recycle(kKeptMessageSize + 1);
  EXPECT_EQ(*total_, kKeptMessageSize + 1);
  // It is the same again, and remembers how large it was.
  EXPECT_EQ(slot.Fill().message(), small);
  slot.Recycle(1);
  EXPECT_EQ(*total_, kKeptMessageSize + 1);
}

TEST_F(MessageStashTest, SlotGivesItsMessageToSlices) {
  MessageSlot slot(stash_.get());
  const void* const first = slot.Fill().message();
  ChunkPool pool;
  OwnerRef owner = slot.Take(5000, pool);
  slot.Recycle(5000);
  EXPECT_NE(slot.Fill().message(), first);
  EXPECT_EQ(pool.stats().bytes_charged, 5000u);
  owner = OwnerRef();
  EXPECT_EQ(*total_, 5000u);
  EXPECT_EQ(pool.stats().bytes_charged, 0u);
}

// Two bytes of each part on the wire, an object of many times that in memory.
class SmallPartsTest : public MessageStashTest {
 protected:
  static constexpr int kParts = 5000;
  static constexpr std::size_t kLeastMemory = kParts * sizeof(google::protobuf::DescriptorProto);

  static const google::protobuf::MessageLite& PrototypeOfParts() {
    return google::protobuf::FileDescriptorProto::default_instance();
  }
  ~SmallPartsTest() override { parts_->Close(); }

  google::protobuf::FileDescriptorProto& Fill() {
    return static_cast<google::protobuf::FileDescriptorProto&>(*slot_.Fill().message());
  }
  // Returns its size on the wire.
  std::size_t FillWithParts() {
    google::protobuf::FileDescriptorProto& message = Fill();
    for (int i = 0; i < kParts; ++i) message.add_message_type();
    return message.ByteSizeLong();
  }

  const std::shared_ptr<MessageStash> parts_ =
      std::make_shared<MessageStash>(&PrototypeOfParts, total_);
  MessageSlot slot_{parts_.get()};
};

TEST_F(SmallPartsTest, MessageIsKeptByItsMemory) {
  const std::size_t size = FillWithParts();
  ASSERT_LE(size, kKeptMessageSize / 4);
  slot_.Recycle(size);
  EXPECT_GE(*total_, kLeastMemory);
}

TEST_F(SmallPartsTest, MemoryThatGrowsWithoutTheWireSizeIsSeenAfterSomeUses) {
  Fill().set_name(std::string(std::size_t{3} * kParts, 'n'));
  slot_.Recycle(Fill().ByteSizeLong());
  EXPECT_EQ(*total_, 0u);
  for (unsigned use = 0; use < kMessageRecount && *total_ == 0; ++use) {
    slot_.Recycle(FillWithParts());
  }
  EXPECT_GE(*total_, kLeastMemory);
}

TEST_F(SmallPartsTest, SlicesAreChargedForTheMemory) {
  ChunkPool pool;
  OwnerRef owner = slot_.Take(FillWithParts(), pool);
  EXPECT_GE(pool.stats().bytes_charged, kLeastMemory);
  owner = OwnerRef();
  EXPECT_EQ(pool.stats().bytes_charged, 0u);
}

TEST_F(SmallPartsTest, HeldMessageIsChargedForItsMemoryUntilItIsRecycled) {
  ChunkPool pool;
  slot_.Hold(FillWithParts(), pool);
  EXPECT_GE(slot_.charged(), kLeastMemory);
  EXPECT_EQ(pool.stats().bytes_charged, slot_.charged());
  slot_.Recycle(std::size_t{2} * kParts);
  EXPECT_EQ(slot_.charged(), 0u);
  EXPECT_EQ(pool.stats().bytes_charged, 0u);
}

// Whoever sends it chooses what it takes: that is not left to a count from an earlier use.
TEST_F(SmallPartsTest, HeldMessageIsCountedAnew) {
  ChunkPool pool;
  Fill().set_name(std::string(std::size_t{3} * kParts, 'n'));
  slot_.Hold(Fill().ByteSizeLong(), pool);
  EXPECT_LT(slot_.charged(), 2 * std::size_t{3} * kParts);
  slot_.Recycle(Fill().ByteSizeLong());
  slot_.Hold(FillWithParts(), pool);
  EXPECT_GE(slot_.charged(), kLeastMemory);
}

TEST_F(SmallPartsTest, SmallMessageIsNotCharged) {
  ChunkPool pool;
  Fill().set_name(std::string(kAliasThreshold / 2, 'n'));
  slot_.Hold(Fill().ByteSizeLong(), pool);
  EXPECT_EQ(slot_.charged(), 0u);
  slot_.Recycle(Fill().ByteSizeLong());
  for (int i = 0; i < 10; ++i) Fill().add_message_type();
  slot_.Hold(Fill().ByteSizeLong(), pool);  // too small to be looked at
  EXPECT_EQ(slot_.charged(), 0u);
  EXPECT_EQ(pool.stats().bytes_charged, 0u);
}

TEST_F(MessageStashTest, RawSlotIsEmptiedWithItsCall) {
  MessageSlot slot(nullptr);
  EXPECT_TRUE(slot.raw());
  int released = 0;
  *slot.Fill().bytes() = Bytes::Of("held", [&released] { ++released; });
  EXPECT_EQ(slot.size(), 4u);
  slot.Recycle(4);
  EXPECT_EQ(released, 1);
  EXPECT_TRUE(slot.Fill().bytes()->empty());
}

}  // namespace
}  // namespace weft::internal
