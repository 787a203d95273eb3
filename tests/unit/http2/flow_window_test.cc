#include "http2/flow_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "buffer/limits.h"
#include "tests/support/simulated_path.h"

namespace weft::http2 {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kFrame = std::size_t{16} * 1024;

// One stream that brings as much as it may over a path, and all that it was given credit for stands
// in the path's queue.
class Path {
 public:
  Path(double bytes_a_second, Duration round_trip,
       const FlowWindow::Options& options = FlowWindow::Options())
      : path_(bytes_a_second, round_trip),
        window_(options),
        stream_credit_(options.stream),
        connection_credit_(options.connection) {
    window_.Took(round_trip);  // the connection's first SETTINGS
  }

  void set_jitter(Duration most, std::uint64_t seed) { path_.set_jitter(most, seed); }
  // Otherwise what comes is taken at once.
  void set_reader(Duration every, std::int64_t bytes) {
    slow_reader_ = true;
    ReadLater(every, bytes);
  }

  void Run(Duration time) {
    Send();
    path_.Run(time);
  }

  const FlowWindow& window() const { return window_; }
  std::int64_t arrived() const { return arrived_; }
  int pings() const { return pings_; }
  int growths() const { return growths_; }

 private:
  void Send() {
    while (true) {
      const std::int64_t n = std::min({std::int64_t{kFrame}, stream_credit_, connection_credit_});
      if (n <= 0) return;
      stream_credit_ -= n;
      connection_credit_ -= n;
      path_.Send(static_cast<std::size_t>(n), [this, n] { Arrive(n); });
    }
  }

  void Arrive(std::int64_t n) {
    arrived_ += n;
    window_.Arrived(static_cast<std::size_t>(n));
    connection_consumed_ += n;
    if (2 * connection_consumed_ >= window_.connection()) {
      Give(0, std::exchange(connection_consumed_, 0));
    }
    if (slow_reader_) {
      unread_ += n;
    } else {
      Take(n);
    }
    if (window_.due()) Step();
  }

  void Take(std::int64_t n) {
    window_.Taken(static_cast<std::size_t>(n));
    stream_consumed_ += n;
    if (2 * stream_consumed_ >= window_.stream()) Give(std::exchange(stream_consumed_, 0), 0);
  }

  void ReadLater(Duration every, std::int64_t bytes) {
    path_.At(path_.now() + every, [this, every, bytes] {
      const std::int64_t n = std::min(bytes, unread_);
      unread_ -= n;
      Take(n);
      ReadLater(every, bytes);
    });
  }

  void Give(std::int64_t stream, std::int64_t connection) {
    path_.Answer([this, stream, connection] {
      stream_credit_ += stream;
      connection_credit_ += connection;
      Send();
    });
  }

  void Step() {
    const std::int64_t stream = window_.stream();
    const std::int64_t connection = window_.connection();
    const FlowWindow::Step step = window_.Next(path_.now());
    EXPECT_GE(window_.stream(), stream);
    EXPECT_GE(window_.connection(), connection);
    if (step == FlowWindow::Step::kPing) {
      ++pings_;
      window_.PingSent(path_.now());
      path_.Answer([this] { path_.Send(17, [this] { window_.PingAcked(path_.now()); }); });
    } else if (step == FlowWindow::Step::kGrow) {
      ++growths_;
      EXPECT_GT(window_.connection() + window_.stream(), stream + connection);
      Give(window_.stream() - stream, window_.connection() - connection);
    }
  }

  testing::SimulatedPath path_;
  FlowWindow window_;
  std::int64_t stream_credit_;
  std::int64_t connection_credit_;
  std::int64_t stream_consumed_ = 0;
  std::int64_t connection_consumed_ = 0;
  bool slow_reader_ = false;
  std::int64_t unread_ = 0;
  std::int64_t arrived_ = 0;
  int pings_ = 0;
  int growths_ = 0;
};

TEST(FlowWindowTest, LongPathGetsWindowsThatFillIt) {
  Path path(100e6, milliseconds(10));  // 1 MB is on its way
  path.Run(milliseconds(10) * 30);
  EXPECT_GE(path.window().connection(), 2'000'000u);
  const std::int64_t before = path.arrived();
  path.Run(seconds(2));
  EXPECT_GE(path.arrived() - before, 198'000'000);
  EXPECT_LE(path.window().connection(), 3'200'000u);
  EXPECT_EQ(path.window().stream(),
            std::min<std::uint32_t>(path.window().connection(), internal::kMostStreamWindow));
}

TEST(FlowWindowTest, ShortPathKeepsItsQueueShort) {
  Path path(1e9, microseconds(50));  // 50 KB
  path.Run(seconds(1));
  EXPECT_LE(path.window().connection(), 160'000u);
  EXPECT_GE(path.arrived(), 980'000'000);
}

TEST(FlowWindowTest, SlowPathKeepsTheFirstWindow) {
  Path path(1e6, milliseconds(20));  // 20 KB
  path.Run(seconds(20));
  EXPECT_EQ(path.growths(), 0);
}

TEST(FlowWindowTest, SlowReaderGetsNoMore) {
  Path steady(1e9, milliseconds(20));
  steady.set_reader(milliseconds(1), 1000);
  steady.Run(seconds(20));
  EXPECT_EQ(steady.growths(), 0);
  Path seldom(1e9, milliseconds(20));
  seldom.set_reader(seconds(1), 1 << 30);
  seldom.Run(seconds(100));
  EXPECT_EQ(seldom.growths(), 0);
}

TEST(FlowWindowTest, ReaderThatKeepsUpByTurnsGetsWhatItTakes) {
  Path path(100e6, milliseconds(20));
  path.set_reader(milliseconds(1), 100'000);
  path.Run(seconds(2));
  EXPECT_GE(path.window().stream(), 3'000'000u);
}

TEST(FlowWindowTest, JitterDoesNotInflate) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Path path(50e6, milliseconds(4));  // 200 KB
  path.set_jitter(milliseconds(20), seed);
  path.Run(seconds(30));
  EXPECT_LE(path.window().connection(), 800'000u);
}

TEST(FlowWindowTest, PingsBecomeRareOnceTheWindowsSuffice) {
  Path path(1e9, microseconds(50));
  path.Run(seconds(1));
  const int before = path.pings();
  const std::int64_t arrived = path.arrived();
  path.Run(seconds(1));
  const std::int64_t each = std::int64_t{64} * path.window().connection();
  EXPECT_LE(path.pings() - before, (path.arrived() - arrived) / each + 1);
  EXPECT_GE(path.pings() - before, 10);
}

TEST(FlowWindowTest, UpperBoundsHold) {
  FlowWindow::Options options;
  options.most_stream = 200'000;
  options.most_connection = 300'000;
  Path path(1e9, milliseconds(100), options);
  path.Run(seconds(10));
  EXPECT_EQ(path.window().stream(), 200'000u);
  EXPECT_EQ(path.window().connection(), 300'000u);
  const int pings = path.pings();
  path.Run(seconds(100));
  EXPECT_EQ(path.pings(), pings) << "there is nothing left to find out";
}

TEST(FlowWindowTest, BoundBelowTheFirstSizeKeepsItFixed) {
  FlowWindow::Options options;
  options.stream = 1 << 20;
  options.connection = 4 << 20;
  options.most_stream = options.most_connection = 0;
  Path path(1e9, milliseconds(100), options);
  path.Run(seconds(2));
  EXPECT_EQ(path.pings(), 0);
  EXPECT_EQ(path.window().stream(), 1u << 20);
  EXPECT_EQ(path.window().connection(), 4u << 20);
}

TEST(FlowWindowTest, NextPingWaitsForTheAnswerAndForBytesBehindIt) {
  FlowWindow window{FlowWindow::Options()};
  TimePoint now(std::chrono::hours(1));
  EXPECT_TRUE(window.due());
  ASSERT_EQ(window.Next(now), FlowWindow::Step::kPing);
  window.PingAcked(now);  // to a PING that has not left: not ours
  window.PingSent(now);
  for (int i = 0; i < 1000; ++i) {
    window.Arrived(kFrame);
    window.Taken(kFrame);
    EXPECT_FALSE(window.due());
    EXPECT_EQ(window.Next(now), FlowWindow::Step::kNothing);
  }
  now += milliseconds(1);
  window.PingAcked(now);
  window.PingAcked(now);  // again: not ours
  window.Arrived(1);
  ASSERT_TRUE(window.due());
  EXPECT_EQ(window.Next(now), FlowWindow::Step::kGrow);
}

TEST(FlowWindowTest, ClockThatStandsStillGrowsNothing) {
  FlowWindow window{FlowWindow::Options()};
  const TimePoint now(std::chrono::hours(1));
  for (int i = 0; i < 100'000; ++i) {
    window.Arrived(kFrame);
    window.Taken(kFrame);
    if (!window.due()) continue;
    const FlowWindow::Step step = window.Next(now);
    ASSERT_NE(step, FlowWindow::Step::kGrow);
    if (step == FlowWindow::Step::kPing) {
      window.PingSent(now);
      window.PingAcked(now);
    }
  }
}

}  // namespace
}  // namespace weft::http2
