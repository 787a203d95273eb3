#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <vector>

namespace weft::internal {
namespace {

struct Ready;
struct Timed;

struct Item : ListHook<Ready>, ListHook<Timed> {
  explicit Item(int n) : number(n) {}
  int number;
};
using ReadyList = IntrusiveList<Item, Ready>;
using TimedList = IntrusiveList<Item, Timed>;

template <typename List>
std::vector<int> Numbers(List& list) {
  std::vector<int> numbers;
  if (list.empty()) return numbers;
  for (Item* item = &list.front(); item != nullptr; item = list.Next(*item)) {
    numbers.push_back(item->number);
  }
  return numbers;
}

TEST(IntrusiveListTest, KeepsOrderOfBothEnds) {
  Item a(1), b(2), c(3);
  ReadyList list;
  list.PushBack(b);
  list.PushBack(c);
  list.PushFront(a);
  EXPECT_EQ(Numbers(list), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(list.front().number, 1);
  EXPECT_EQ(list.back().number, 3);
}

TEST(IntrusiveListTest, PopFrontEmptiesInOrderThenGivesNull) {
  Item a(1), b(2);
  ReadyList list;
  list.PushBack(a);
  list.PushBack(b);
  EXPECT_EQ(list.PopFront(), &a);
  EXPECT_FALSE(static_cast<ListHook<Ready>&>(a).linked());
  EXPECT_EQ(list.PopFront(), &b);
  EXPECT_EQ(list.PopFront(), nullptr);
}

TEST(IntrusiveListTest, DestroyedElementLeavesTheList) {
  Item a(1), c(3);
  std::optional<Item> b(2);
  ReadyList list;
  list.PushBack(a);
  list.PushBack(*b);
  list.PushBack(c);
  b.reset();
  EXPECT_EQ(Numbers(list), (std::vector<int>{1, 3}));
}

TEST(IntrusiveListTest, DestroyedListLetsItsElementsGo) {
  Item a(1);
  {
    ReadyList list;
    list.PushBack(a);
  }
  EXPECT_FALSE(static_cast<ListHook<Ready>&>(a).linked());
  ReadyList other;
  other.PushBack(a);
  EXPECT_EQ(Numbers(other), std::vector<int>{1});
}

TEST(IntrusiveListTest, OneElementMayBeInListsOfTwoTags) {
  Item a(1);
  ReadyList ready;
  TimedList timed;
  ready.PushBack(a);
  timed.PushBack(a);
  EXPECT_EQ(ready.PopFront(), &a);
  EXPECT_EQ(Numbers(timed), std::vector<int>{1});
}

TEST(IntrusiveListTest, SpliceMovesAllToTheEnd) {
  Item a(1), b(2), c(3);
  ReadyList list, other, empty;
  list.PushBack(a);
  other.PushBack(b);
  other.PushBack(c);
  list.Splice(other);
  list.Splice(empty);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(Numbers(list), (std::vector<int>{1, 2, 3}));
  empty.Splice(list);
  EXPECT_EQ(Numbers(empty), (std::vector<int>{1, 2, 3}));
}

TEST(IntrusiveListTest, AgreesWithAVectorUnderRandomUse) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::vector<std::unique_ptr<Item>> items;
  for (int i = 0; i < 20; ++i) items.push_back(std::make_unique<Item>(i));
  ReadyList list;
  std::vector<int> model;
  for (int step = 0; step < 5000; ++step) {
    Item& item = *items[random() % items.size()];
    auto& hook = static_cast<ListHook<Ready>&>(item);
    if (hook.linked()) {
      hook.Unlink();
      std::erase(model, item.number);
    } else if (random() % 2 == 0) {
      list.PushBack(item);
      model.push_back(item.number);
    } else {
      list.PushFront(item);
      model.insert(model.begin(), item.number);
    }
    ASSERT_EQ(Numbers(list), model);
  }
}

}  // namespace
}  // namespace weft::internal
