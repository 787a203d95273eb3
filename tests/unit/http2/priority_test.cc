#include "http2/priority.h"

#include <gtest/gtest.h>

namespace weft::http2 {
namespace {

using internal::Priority;

bool Same(Priority a, Priority b) {
  return a.urgency == b.urgency && a.incremental == b.incremental;
}

TEST(PriorityTest, ParsesUrgencyAndIncremental) {
  EXPECT_TRUE(Same(ParsePriority("u=1, i", {}), {1, true}));
  EXPECT_TRUE(Same(ParsePriority("i,u=7", {}), {7, true}));
  EXPECT_TRUE(Same(ParsePriority("u=0", {3, true}), {0, true}));
  EXPECT_TRUE(Same(ParsePriority("i=?0", {3, true}), {3, false}));
  EXPECT_TRUE(Same(ParsePriority(" u=2;x=1 ,\ti=?1;y", {}), {2, true}));
  EXPECT_TRUE(Same(ParsePriority("u=1, u=4", {}), {4, false}));
}

TEST(PriorityTest, IgnoresWhatItDoesNotKnow) {
  for (const char* text : {"", ",", ",,,", "u=8", "u=-1", "u=12", "u", "u=", "U=1", "I", "ii",
                           "i=1", "x=1", "=", ";"}) {
    EXPECT_TRUE(Same(ParsePriority(text, {5, false}), {5, false})) << text;
  }
}

TEST(PriorityTest, TextSaysNothingForTheDefaultAndParsesBackOtherwise) {
  EXPECT_EQ(PriorityText({}).view(), "");
  EXPECT_EQ(PriorityText({1, true}).view(), "u=1, i");
  for (std::uint8_t urgency = 0; urgency < 8; ++urgency) {
    for (const bool incremental : {false, true}) {
      const Priority priority{urgency, incremental};
      EXPECT_TRUE(Same(ParsePriority(PriorityText(priority).view(), {}), priority));
    }
  }
}

}  // namespace
}  // namespace weft::http2
