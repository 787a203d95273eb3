#include "rpc/message_assembler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/limits.h"

namespace weft::internal {
namespace {

std::string Envelope(std::string_view message, char flag = 0) {
  char prefix[kEnvelopePrefixSize];
  WriteEnvelopePrefix(static_cast<std::uint32_t>(message.size()), prefix);
  prefix[0] = flag;
  return std::string(prefix, sizeof prefix) + std::string(message);
}

class MessageAssemblerTest : public testing::Test {
 protected:
  MessageAssemblerTest() { assembler_.Reset(Framing::kEnvelope, 1 << 20); }

  absl::Status Push(std::string_view bytes) {
    kept_.push_back(std::make_unique<std::string>(bytes));
    return assembler_.Push(pool_, Slice::Static(*kept_.back()));
  }

  std::string Take() {
    EXPECT_TRUE(assembler_.has_message());
    std::string message(assembler_.message_size(), '\0');
    assembler_.bytes().PeekFront(message.size(), message.data());
    popped_ = assembler_.PopMessage();
    return message;
  }

  ChunkPool pool_;
  MessageAssembler assembler_;
  absl::Status popped_;
  std::vector<std::unique_ptr<std::string>> kept_;
};

TEST_F(MessageAssemblerTest, RefusedPrefixBehindAMessageStaysRefused) {
  assembler_.Reset(Framing::kEnvelope, 10);
  const std::string body = Envelope("\nsmall") + Envelope(std::string(11, 'x'));
  ASSERT_TRUE(Push(body.substr(0, body.size() - 5)).ok());
  EXPECT_EQ(Take(), "\nsmall");
  EXPECT_EQ(popped_.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Push("xxxxx").code(), absl::StatusCode::kResourceExhausted);
}

// checklist 15
TEST_F(MessageAssemblerTest, SplitsAtEveryByteGiveTheSameMessages) {
  const std::string body = Envelope("first") + Envelope("") + Envelope(std::string(3000, 'x'));
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    assembler_.Reset(Framing::kEnvelope, 1 << 20);
    ASSERT_TRUE(Push(std::string_view(body).substr(0, cut)).ok());
    ASSERT_TRUE(Push(std::string_view(body).substr(cut)).ok());
    EXPECT_EQ(Take(), "first");
    EXPECT_EQ(Take(), "");
    EXPECT_EQ(Take(), std::string(3000, 'x'));
    EXPECT_FALSE(assembler_.has_message());
    EXPECT_TRUE(assembler_.End().ok());
  }
}

// checklist 15
TEST_F(MessageAssemblerTest, MessagesOfOneSliceComeOneByOne) {
  ASSERT_TRUE(
      Push(Envelope("first") + Envelope("") + Envelope("third") + std::string(2, '\0')).ok());
  EXPECT_EQ(Take(), "first");
  EXPECT_TRUE(popped_.ok());
  EXPECT_EQ(Take(), "");
  EXPECT_EQ(Take(), "third");
  EXPECT_TRUE(popped_.ok());
  EXPECT_FALSE(assembler_.has_message());
}

TEST_F(MessageAssemblerTest, BadPrefixBehindAMessageInItsSliceIsAnErrorWhenItIsReached) {
  ASSERT_TRUE(Push(Envelope("abc") + Envelope("de", 1)).ok());
  EXPECT_EQ(Take(), "abc");
  EXPECT_EQ(popped_.code(), absl::StatusCode::kInternal);
  EXPECT_FALSE(assembler_.has_message());
}

// checklist 15
TEST_F(MessageAssemblerTest, AssemblesByteByByte) {
  const std::string body = Envelope("abc") + Envelope("de");
  for (char c : body) ASSERT_TRUE(Push(std::string_view(&c, 1)).ok());
  ASSERT_TRUE(assembler_.End().ok());
  EXPECT_EQ(Take(), "abc");
  EXPECT_EQ(Take(), "de");
  EXPECT_FALSE(assembler_.mid_message());
}

// checklist 16
TEST_F(MessageAssemblerTest, ALengthAboveTheLimitIsRefusedByItsPrefixAlone) {
  assembler_.Reset(Framing::kEnvelope, 10);
  EXPECT_TRUE(Push(Envelope(std::string(10, 'x'))).ok());
  Take();
  EXPECT_EQ(Push(Envelope(std::string(11, 'x')).substr(0, 5)).code(),
            absl::StatusCode::kResourceExhausted);
}

// checklist 16
TEST_F(MessageAssemblerTest, TheSecondMessageIsCheckedWhenItIsReached) {
  assembler_.Reset(Framing::kEnvelope, 10);
  ASSERT_TRUE(Push(Envelope("ok") + Envelope(std::string(11, 'x'))).ok());
  EXPECT_EQ(Take(), "ok");
  EXPECT_EQ(popped_.code(), absl::StatusCode::kResourceExhausted);
}

// checklist 18
TEST_F(MessageAssemblerTest, FlagsOtherThanZeroAreInternal) {
  EXPECT_EQ(Push(Envelope("x", 1)).code(), absl::StatusCode::kInternal);
  assembler_.Reset(Framing::kEnvelope, 10);
  EXPECT_EQ(Push(Envelope("x", 2)).code(), absl::StatusCode::kInternal);
}

TEST_F(MessageAssemblerTest, AnEndInsideAPrefixOrAMessageIsAnError) {
  ASSERT_TRUE(Push(Envelope("abc").substr(0, 4)).ok());
  EXPECT_EQ(assembler_.End().code(), absl::StatusCode::kInternal);
  assembler_.Reset(Framing::kEnvelope, 10);
  ASSERT_TRUE(Push(Envelope("abc").substr(0, 7)).ok());
  EXPECT_EQ(assembler_.End().code(), absl::StatusCode::kInternal);
  assembler_.Reset(Framing::kEnvelope, 10);
  ASSERT_TRUE(Push(Envelope("abc") + "\0").ok());
  ASSERT_TRUE(Push(std::string_view("\0", 1)).ok());
  ASSERT_TRUE(assembler_.End().ok());
  Take();
  EXPECT_EQ(popped_.code(), absl::StatusCode::kInternal);
}

TEST_F(MessageAssemblerTest, TakeWholeTakesExactlyOneMessage) {
  const std::string one = Envelope("abc");
  EXPECT_EQ(assembler_.TakeWhole(Slice::Static(one)), "abc");
  for (const std::string& other :
       {one + "x", one.substr(0, 7), Envelope("abc", 1), std::string()}) {
    EXPECT_EQ(assembler_.TakeWhole(Slice::Static(other)).data(), nullptr);
  }
  ASSERT_TRUE(Push(one.substr(0, 2)).ok());
  EXPECT_EQ(assembler_.TakeWhole(Slice::Static(one)).data(), nullptr);
}

TEST_F(MessageAssemblerTest, TakeWholeGivesAnEmptyMessageAView) {
  const std::string empty = Envelope("");
  const std::string_view message = assembler_.TakeWhole(Slice::Static(empty));
  EXPECT_NE(message.data(), nullptr);
  EXPECT_TRUE(message.empty());
}

TEST_F(MessageAssemblerTest, AWholeBodyIsOneMessageOnceItHasEnded) {
  assembler_.Reset(Framing::kWholeBody, 10);
  ASSERT_TRUE(Push("{\"a\":").ok());
  EXPECT_FALSE(assembler_.has_message());
  ASSERT_TRUE(Push("1}").ok());
  ASSERT_TRUE(assembler_.End().ok());
  EXPECT_EQ(Take(), "{\"a\":1}");
}

TEST_F(MessageAssemblerTest, AWholeBodyAboveTheLimitIsRefused) {
  assembler_.Reset(Framing::kWholeBody, 10);
  ASSERT_TRUE(Push("0123456789").ok());
  const absl::Status refused = Push("x");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  // More of it may be on its way.
  EXPECT_NE(refused.message().find("at least 11 bytes"), std::string::npos) << refused;
}

TEST_F(MessageAssemblerTest, FewBytesDoNotPinTheirReadChunk) {
  const std::string large = Envelope(std::string(kReadChunkSize / 2, 'x'));
  for (const std::string& body : {Envelope("few"), large}) {
    ChunkRef chunk = pool_.Acquire(kReadChunkSize);
    std::copy(body.begin(), body.end(), chunk->data());
    const char* const data = chunk->data();
    assembler_.Reset(Framing::kEnvelope, 1 << 20);
    ASSERT_TRUE(
        assembler_.Push(pool_, Slice(std::move(chunk).ToOwner(), {data, body.size()})).ok());
    const bool shared = assembler_.bytes().slice(0).data() == data + kEnvelopePrefixSize;
    EXPECT_EQ(shared, body.size() == large.size());
  }
}

}  // namespace
}  // namespace weft::internal
