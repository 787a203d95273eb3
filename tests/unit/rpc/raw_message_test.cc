#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "buffer/buf_list.h"
#include "rpc/incoming_message.h"
#include "rpc/outgoing_message.h"
#include "weft/bytes.h"

namespace weft::internal {
namespace {

TEST(TakeMessageTest, RawBytesAreSharedAndTheListIsLeft) {
  ChunkPool pool;
  BufList list;
  list.Append(pool, "message and more");
  Bytes bytes = Bytes::Static("old");
  ASSERT_TRUE(TakeMessage(list, 7, bytes).ok());
  EXPECT_EQ(bytes.ToString(), "message");
  EXPECT_EQ((*bytes.begin()).data(), list.slice(0).data());
  EXPECT_EQ(list.size(), 16u);
}

TEST(InputMessageTest, MovedBytesAreLeftEmptyAndBorrowedOnesNot) {
  Bytes bytes = Bytes::Static("bytes");
  {
    const MessageInput input = MessageInput::Borrow(bytes);
    const InputMessage message(input);
    EXPECT_EQ(message.bytes(), &bytes);
    EXPECT_FALSE(message.can_take());
  }
  EXPECT_EQ(bytes.ToString(), "bytes");
  {
    const MessageInput input = MessageInput::Move(bytes);
    const InputMessage message(input);
    EXPECT_EQ(message.bytes(), &bytes);
  }
  EXPECT_TRUE(bytes.empty());
}

}  // namespace
}  // namespace weft::internal
