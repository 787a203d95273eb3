#include "base/slot_map.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace weft::internal {
namespace {

TEST(SlotMapTest, FindsWhatWasInserted) {
  SlotMap<std::string> map;
  const SlotRef a = map.Insert("a");
  const SlotRef b = map.Insert("b");
  EXPECT_EQ(map.At(a), "a");
  EXPECT_EQ(*map.Find(b), "b");
  EXPECT_EQ(map.size(), 2u);
}

TEST(SlotMapTest, ReusedSlotDoesNotAnswerToItsFormerName) {
  SlotMap<std::string> map;
  const SlotRef old = map.Insert("old");
  EXPECT_TRUE(map.Erase(old));
  const SlotRef young = map.Insert("young");
  ASSERT_EQ(young.slot, old.slot);
  EXPECT_EQ(map.Find(old), nullptr);
  EXPECT_FALSE(map.Erase(old));
  EXPECT_EQ(map.At(young), "young");
}

TEST(SlotMapTest, NoneAndForeignNamesAreNotFound) {
  SlotMap<int> map;
  EXPECT_EQ(map.Find(SlotRef()), nullptr);
  const SlotRef erased = map.Insert(1);
  map.Erase(erased);
  EXPECT_EQ(map.Find(SlotRef()), nullptr);
  SlotRef beyond;
  beyond.slot = 100;
  beyond.id = 1;
  EXPECT_EQ(map.Find(beyond), nullptr);
}

TEST(SlotMapDeathTest, AtDiesOnAStaleName) {
  SlotMap<int> map;
  const SlotRef ref = map.Insert(1);
  map.Erase(ref);
  EXPECT_DEATH(map.At(ref), "after its element had gone");
}

TEST(SlotMapTest, ForEachAllowsErasing) {
  SlotMap<int> map;
  for (int i = 0; i < 10; ++i) map.Insert(i);
  map.ForEach([&](SlotRef ref, int& value) {
    if (value % 2 == 0) map.Erase(ref);
  });
  int sum = 0;
  map.ForEach([&](SlotRef, int& value) { sum += value; });
  EXPECT_EQ(sum, 1 + 3 + 5 + 7 + 9);
  EXPECT_EQ(map.size(), 5u);
}

TEST(SlotMapTest, AgreesWithAMapUnderRandomUse) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  SlotMap<int> map;
  std::vector<std::pair<SlotRef, int>> all;
  std::map<std::uint64_t, int> live;
  for (int i = 0; i < 2000; ++i) {
    if (random() % 3 != 0 || all.empty()) {
      const SlotRef ref = map.Insert(i);
      all.emplace_back(ref, i);
      live[ref.id] = i;
    } else {
      const SlotRef ref = all[random() % all.size()].first;
      ASSERT_EQ(map.Erase(ref), live.erase(ref.id) == 1);
    }
    const auto& [ref, value] = all[random() % all.size()];
    int* found = map.Find(ref);
    ASSERT_EQ(found != nullptr, live.contains(ref.id));
    if (found != nullptr) {
      ASSERT_EQ(*found, value);
    }
    ASSERT_EQ(map.size(), live.size());
  }
}

}  // namespace
}  // namespace weft::internal
