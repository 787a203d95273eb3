#include "buffer/message_owner.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "buffer/slice.h"

namespace weft::internal {
namespace {

// As a pooled reply holds its owner.
struct Pooled {
  std::string field = std::string(100, 'x');
  int released = 0;
  MessageOwner owner{this, [](void* object) { ++static_cast<Pooled*>(object)->released; }};
};

TEST(MessageOwnerTest, HolderIsToldWhenTheLastSliceGoes) {
  Pooled pooled;
  Slice slice(OwnerRef::Share(&pooled.owner), pooled.field);
  pooled.owner.Unref();
  EXPECT_EQ(pooled.released, 0);
  slice = Slice();
  EXPECT_EQ(pooled.released, 1);
}

TEST(MessageOwnerTest, IsReadyForTheNextUseWhenReleased) {
  Pooled pooled;
  for (int use = 1; use <= 3; ++use) {
    EXPECT_TRUE(pooled.owner.unique());
    Slice slice(OwnerRef::Adopt(&pooled.owner), pooled.field);
    const Slice copy = slice;
    slice = Slice();
    EXPECT_EQ(pooled.released, use - 1);
    slice = copy;
    {
      const Slice last = std::move(slice);
    }
    EXPECT_EQ(pooled.released, use - 1);  // `copy` still holds it
    const_cast<Slice&>(copy) = Slice();
    EXPECT_EQ(pooled.released, use);
  }
}

TEST(MessageOwnerTest, HolderMayDestroyItselfWhenReleased) {
  struct Heap {
    std::shared_ptr<bool> gone;
    MessageOwner owner{this, [](void* object) {
                         auto* const self = static_cast<Heap*>(object);
                         *self->gone = true;
                         delete self;
                       }};
  };
  auto gone = std::make_shared<bool>(false);
  auto* const heap = new Heap{gone};
  {
    const OwnerRef last = OwnerRef::Adopt(&heap->owner);
  }
  EXPECT_TRUE(*gone);
}

TEST(HeldMessageTest, MovedMessageLivesAsLongAsItsSlices) {
  std::string message(1000, 'm');
  const char* const at = message.data();
  Slice slice;
  {
    auto* const held = new HeldMessage<std::string>(std::move(message));
    const OwnerRef owner = OwnerRef::Adopt(held);
    slice = Slice(owner, held->message());
  }
  EXPECT_EQ(slice.data(), at);
  EXPECT_EQ(slice.view(), std::string(1000, 'm'));
}

}  // namespace
}  // namespace weft::internal
