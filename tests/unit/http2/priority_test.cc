#include "http2/priority.h"

#include <gtest/gtest.h>

namespace weft::http2 {
namespace {

TEST(PriorityTest, ParsesUrgencyAndIncremental) {
  EXPECT_EQ(ParsePriority("u=1, i", {}), Priority(1, true));
  EXPECT_EQ(ParsePriority("i,u=7", {}), Priority(7, true));
  EXPECT_EQ(ParsePriority("u=0", Priority(3, true)), Priority(0, true));
  EXPECT_EQ(ParsePriority("i=?0", Priority(3, true)), Priority(3, false));
  EXPECT_EQ(ParsePriority(" u=2;x=1 ,\ti=?1;y", {}), Priority(2, true));
  EXPECT_EQ(ParsePriority("u=1, u=4", {}), Priority(4, false));
}

TEST(PriorityTest, IgnoresWhatItDoesNotKnow) {
  for (const char* text : {"", ",", ",,,", "u=8", "u=-1", "u=12", "u", "u=", "U=1", "I", "ii",
                           "i=1", "x=1", "=", ";", "\xff", "u=1i", "u=1 i"}) {
    EXPECT_EQ(ParsePriority(text, Priority(5, false)), std::nullopt) << text;
  }
  EXPECT_EQ(ParsePriority("hello, u=2, u=9", Priority(5, true)), Priority(2, true));
}

TEST(PriorityTest, TextSaysSomethingAlwaysAndParsesBack) {
  EXPECT_EQ(PriorityText(Priority()).view(), "u=3");
  EXPECT_EQ(PriorityText(Priority(3, true)).view(), "i");
  EXPECT_EQ(PriorityText(Priority(1, true)).view(), "u=1, i");
  for (int urgency = 0; urgency < 8; ++urgency) {
    for (const bool incremental : {false, true}) {
      const Priority priority(urgency, incremental);
      EXPECT_EQ(ParsePriority(PriorityText(priority).view(), {}), priority);
    }
  }
}

}  // namespace
}  // namespace weft::http2
