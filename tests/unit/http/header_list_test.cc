#include "http/header_list.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::internal {
namespace {

std::vector<std::pair<std::string, std::string>> Copy(const HeaderList& list) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const HeaderField& field : list) out.emplace_back(field.name, field.value);
  return out;
}

TEST(HeaderListTest, CostsOnePointerUntilSomethingStandsInIt) {
  EXPECT_EQ(sizeof(HeaderList), sizeof(void*));
  HeaderList list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.begin(), list.end());
  EXPECT_EQ(list.wire_size(), 0u);
  EXPECT_FALSE(list.Has("x"));
  list.Clear();
  HeaderList other;
  other.AddAll(list);
  EXPECT_EQ(other.size(), 0u);
  other.Add("x", "1");
  list.Swap(other);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(list.Find("x"), "1");
}

TEST(HeaderListTest, AddCopiesTheBytes) {
  HeaderList list;
  std::string name = "x-name", value = "some value";
  list.Add(name, value);
  name.assign("######");
  value.assign("##########");
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].name, "x-name");
  EXPECT_EQ(list[0].value, "some value");
  EXPECT_FALSE(list[0].sensitive);
}

TEST(HeaderListTest, AddCopiesTextsOfEverySize) {
  std::string text;
  for (std::size_t n = 0; n < 200; ++n) {
    HeaderList list;
    list.Add(text, text);
    EXPECT_EQ(list[0].name, text);
    EXPECT_EQ(list[0].value, text);
    text.push_back(static_cast<char>('a' + n % 26));
  }
}

TEST(HeaderListTest, AddStaticKeepsTheCallersBytes) {
  static constexpr std::string_view kName = "content-type", kValue = "application/grpc";
  HeaderList list;
  list.AddStatic(kName, kValue);
  EXPECT_EQ(list[0].name.data(), kName.data());
  EXPECT_EQ(list[0].value.data(), kValue.data());
}

TEST(HeaderListTest, AddStaticNameCopiesTheValueOnly) {
  static constexpr std::string_view kName = "content-length";
  std::string value = "123";
  HeaderList list;
  list.AddStaticName(kName, value);
  value = "999";
  EXPECT_EQ(list[0].name.data(), kName.data());
  EXPECT_EQ(list[0].value, "123");
}

TEST(HeaderListTest, SensitiveMarkIsKept) {
  HeaderList list;
  list.Add("authorization", "secret", true);
  list.AddStatic("cookie", "a=b", true);
  list.Add("plain", "x");
  EXPECT_TRUE(list[0].sensitive);
  EXPECT_TRUE(list[1].sensitive);
  EXPECT_FALSE(list[2].sensitive);
}

TEST(HeaderListTest, FindGivesTheFirstOfRepeatedNames) {
  HeaderList list;
  list.Add("k", "1");
  list.Add("k", "2");
  EXPECT_EQ(list.Find("k"), "1");
  EXPECT_EQ(list.Find("K"), "");
  EXPECT_TRUE(list.Has("k"));
  EXPECT_FALSE(list.Has("kk"));
}

TEST(HeaderListTest, FindTellsAnEmptyValueFromNone) {
  HeaderList list;
  list.Add("empty", "");
  list.AddStatic("null", std::string_view());
  EXPECT_NE(list.Find("empty").data(), nullptr);
  EXPECT_NE(list.Find("null").data(), nullptr);
  EXPECT_EQ(list.Find("none").data(), nullptr);
}

TEST(HeaderListTest, WireSizeCounts32BytesAField) {
  HeaderList list;
  EXPECT_EQ(list.wire_size(), 0u);
  list.Add("abc", "de");
  EXPECT_EQ(list.wire_size(), 37u);
  list.AddStatic("x", "");
  EXPECT_EQ(list.wire_size(), 70u);
  list.Clear();
  EXPECT_EQ(list.wire_size(), 0u);
}

TEST(HeaderListTest, MoveAndSwapKeepViewsValid) {
  HeaderList list;
  for (int i = 0; i < 100; ++i) list.Add("name-" + std::to_string(i), std::string(10, 'v'));
  const std::string_view name = list[7].name;
  const char* text = list.StoreText("kept").data();
  HeaderList moved(std::move(list));
  EXPECT_TRUE(list.empty());  // NOLINT: what a moved-from list is, is part of the contract
  EXPECT_EQ(list.wire_size(), 0u);
  EXPECT_EQ(moved[7].name.data(), name.data());
  EXPECT_EQ(name, "name-7");
  HeaderList other;
  other.Add("o", "p");
  swap(moved, other);
  EXPECT_EQ(moved.size(), 1u);
  EXPECT_EQ(name, "name-7");
  EXPECT_EQ(std::string_view(text, 4), "kept");
  list.Add("again", "usable");
  EXPECT_EQ(list.Find("again"), "usable");
}

TEST(HeaderListTest, SelfMoveChangesNothing) {
  HeaderList list;
  list.Add("a", "b");
  HeaderList& same = list;
  list = std::move(same);
  EXPECT_EQ(list.Find("a"), "b");
}

TEST(HeaderListTest, ViewsStayValidWhileTheListGrows) {
  HeaderList list;
  std::vector<std::string_view> views;
  for (int i = 0; i < 1000; ++i) {
    list.Add("n" + std::to_string(i), std::string(static_cast<std::size_t>(i % 50), 'x'));
    views.push_back(list[list.size() - 1].name);
  }
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(views[static_cast<std::size_t>(i)], "n" + std::to_string(i));
}

TEST(HeaderListTest, AddAllCopiesAnotherListAndItself) {
  HeaderList source, list;
  source.Add("a", "1");
  source.Add("b", "2", true);
  list.AddAll(source);
  source.Clear();
  source.Add("c", "3");
  list.AddAll(list);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"a", "1"}, {"b", "2"}, {"a", "1"}, {"b", "2"}};
  EXPECT_EQ(Copy(list), expected);
  EXPECT_TRUE(list[3].sensitive);
}

TEST(HeaderListTest, AddAllStaticRefersToTheOthersText) {
  HeaderList source, list;
  source.Add("a", "1");
  source.Add("b", "2", true);
  list.AddAllStatic(source);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name.data(), source[0].name.data());
  EXPECT_EQ(list[1].value.data(), source[1].value.data());
  EXPECT_TRUE(list[1].sensitive);
}

TEST(HeaderListTest, SteadyUseKeepsItsStorage) {
  HeaderList list;
  const auto fill = [&list] {
    for (int i = 0; i < 20; ++i) list.Add("some-header-name", "some value of thirty bytes....");
  };
  fill();
  list.Clear();  // learns how much text one use takes
  fill();
  const char* text = list[0].name.data();
  const HeaderField* slots = list.begin();
  for (int round = 0; round < 10; ++round) {
    list.Clear();
    fill();
    EXPECT_EQ(list[0].name.data(), text);
    EXPECT_EQ(list.begin(), slots);
    for (std::size_t i = 1; i < list.size(); ++i) {
      EXPECT_EQ(list[i].name.data(), list[i - 1].value.data() + list[i - 1].value.size())
          << "all text stands in one block";
    }
  }
}

TEST(HeaderListTest, LargeTextIsGivenBackAtClear) {
  HeaderList list;
  const std::string large(1 << 20, 'x');
  list.Add("large", large);
  const char* before = list[0].name.data();
  EXPECT_EQ(list[0].value, large);
  list.Clear();
  list.Add("a", "b");
  EXPECT_NE(list[0].name.data(), before);
  EXPECT_EQ(list.Find("a"), "b");
}

TEST(HeaderListTest, RandomProgramsAgreeWithAPlainModel) {
  const char* given = std::getenv("WEFT_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("WEFT_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  HeaderList lists[3];
  std::vector<std::pair<std::string, std::string>> models[3];
  for (int step = 0; step < 3000; ++step) {
    const std::size_t at = random() % 3, to = random() % 3;
    switch (random() % 8) {
      case 0:
        lists[at].Clear();
        models[at].clear();
        break;
      case 1:
        swap(lists[at], lists[to]);
        swap(models[at], models[to]);
        break;
      case 2:
        if (at == to) break;
        lists[to] = std::move(lists[at]);
        models[to] = std::exchange(models[at], {});
        break;
      case 3:
        lists[at].AddStatic("static", "text");
        models[at].emplace_back("static", "text");
        break;
      default: {
        std::string name(random() % 20, 'n'), value(random() % 200, 'v');
        lists[at].Add(name, value);
        models[at].emplace_back(name, value);
      }
    }
    ASSERT_EQ(Copy(lists[at]), models[at]) << "step " << step;
    ASSERT_EQ(Copy(lists[to]), models[to]) << "step " << step;
  }
}

}  // namespace
}  // namespace weft::internal
