#include "base/log.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace weft::internal {
namespace {

class Collect final : public LogSink {
 public:
  explicit Collect(LogLevel level) { SetLogSink(this, level); }
  ~Collect() override { SetLogSink(nullptr); }
  void Write(LogLevel level, std::string_view line) override { lines.emplace_back(level, line); }

  std::vector<std::pair<LogLevel, std::string>> lines;
};

TEST(LogTest, SinkGetsLinesOfItsLevelAndAbove) {
  Collect sink(LogLevel::kInfo);
  Log(LogLevel::kDebug, "d");
  Log(LogLevel::kInfo, "i");
  Log(LogLevel::kError, "e");
  ASSERT_EQ(sink.lines.size(), 2u);
  EXPECT_EQ(sink.lines[0], std::pair(LogLevel::kInfo, std::string("i")));
  EXPECT_EQ(sink.lines[1], std::pair(LogLevel::kError, std::string("e")));
  EXPECT_FALSE(LogEnabled(LogLevel::kDebug));
  EXPECT_TRUE(LogEnabled(LogLevel::kInfo));
}

TEST(LogTest, DefaultWritesWarningsButNotInfoToStderr) {
  ::testing::internal::CaptureStderr();
  Log(LogLevel::kInfo, "quiet");
  Log(LogLevel::kWarning, "the peer is slow");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "weft warning: the peer is slow\n");
}

TEST(LogTest, RestoringTheDefaultEndsUseOfTheSink) {
  {
    Collect sink(LogLevel::kDebug);
    EXPECT_TRUE(LogEnabled(LogLevel::kDebug));
  }
  EXPECT_FALSE(LogEnabled(LogLevel::kDebug));
}

TEST(LogTest, ThreadsWriteOneAtATime) {
  Collect sink(LogLevel::kInfo);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 250; ++i) Log(LogLevel::kWarning, "line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sink.lines.size(), 1000u);
}

}  // namespace
}  // namespace weft::internal
