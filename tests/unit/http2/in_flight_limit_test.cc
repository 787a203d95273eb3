#include "http2/in_flight_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>

#include "buffer/limits.h"
#include "tests/support/simulated_path.h"

namespace weft::http2 {
namespace {

using internal::kInFlightCheck;
using internal::kInFlightDelayAge;
using internal::kInFlightPatience;
using internal::kInFlightPeriod;
using internal::kLeastInFlight;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Step = InFlightLimit::Step;

constexpr std::size_t kFrame = std::size_t{16} * 1024;
constexpr unsigned kUrgent = 1u << 1;
constexpr unsigned kBulk = 1u << 3;

// A session that has bulk without an end, for a peer behind a path, whose windows are wide.
class Path {
 public:
  Path(double bytes_a_second, Duration round_trip) : path_(bytes_a_second, round_trip) {}

  void set_lines(unsigned lines) { lines_ = lines; }
  // The frames that are sent, in turns.
  void set_pieces(std::size_t one, std::size_t other) { pieces_ = {one, other}; }
  void set_wide(bool wide) { wide_ = wide; }
  void set_round_trip(Duration round_trip) { path_.set_round_trip(round_trip); }
  void set_jitter(Duration most, std::uint64_t seed) { path_.set_jitter(most, seed); }
  void Stall(Duration time) { path_.Stall(time); }

  void Run(Duration time) {
    Send();
    path_.Run(time);
  }

  // The longest that a frame sent from here on has to wait behind others, and how many come.
  void Watch() {
    longest_queue_ = Duration::zero();
    arrived_ = 0;
  }
  Duration longest_queue() const { return longest_queue_; }
  double arrived() const { return static_cast<double>(arrived_); }
  int pings() const { return pings_; }
  InFlightLimit& limit() { return limit_; }

 private:
  // What the limit allows; without one, what the peer's windows hold.
  void Send() {
    while ((limit_.held() & kBulk) == 0 && in_window_ < kWindow) {
      const std::size_t n = pieces_[sends_++ % 2];
      in_window_ += static_cast<std::int64_t>(n);
      Queue(n, [this, n] {
        arrived_ += static_cast<std::int64_t>(n);
        in_window_ -= static_cast<std::int64_t>(n);
        Send();
      });
      limit_.Sent(3, n);
      if (limit_.due()) Ask();
    }
  }

  void Queue(std::size_t bytes, std::function<void()> act) {
    longest_queue_ = std::max(longest_queue_, path_.Send(bytes, std::move(act)));
  }

  void Ask() {
    if (limit_.Next(path_.now(), lines_, wide_) != Step::kPing) return;
    ++pings_;
    limit_.PingSent(path_.now());
    Queue(17, [this] {
      path_.Answer([this] {
        limit_.PingAcked(path_.now());
        Ask();
        Send();
      });
    });
  }

  static constexpr std::int64_t kWindow = 16 << 20;

  testing::SimulatedPath path_;
  InFlightLimit limit_;
  unsigned lines_ = kUrgent | kBulk;
  bool wide_ = true;
  std::array<std::size_t, 2> pieces_ = {kFrame, kFrame};
  std::size_t sends_ = 0;
  std::int64_t in_window_ = 0;
  std::int64_t arrived_ = 0;
  Duration longest_queue_ = Duration::zero();
  int pings_ = 0;
};

struct Case {
  const char* name;
  double bytes_a_second;
  Duration round_trip;
};

class InFlightLimitPathTest : public ::testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(Paths, InFlightLimitPathTest,
                         ::testing::Values(Case{"Loopback", 700e6, microseconds(150)},
                                           Case{"DataCentre", 1.25e9, milliseconds(1)},
                                           Case{"Continent", 125e6, milliseconds(30)},
                                           Case{"SlowReader", 20e6, microseconds(100)},
                                           Case{"Home", 5e6, milliseconds(20)}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(InFlightLimitPathTest, QueueIsShortAndThePathFull) {
  const Case& path_case = GetParam();
  Path path(path_case.bytes_a_second, path_case.round_trip);
  path.Run(seconds(2));
  path.Watch();
  path.Run(seconds(4));
  EXPECT_GT(path.arrived(), 0.97 * 4 * path_case.bytes_a_second);
  // The delay is seen behind the least that is in flight.
  const Duration least(
      static_cast<std::int64_t>(1e9 * (kLeastInFlight + kFrame) / path_case.bytes_a_second));
  EXPECT_LE(path.longest_queue(), 4 * (path_case.round_trip + least));
}

TEST_P(InFlightLimitPathTest, PathStaysFullWhileTheDelayIsMeasuredAnew) {
  const Case& path_case = GetParam();
  Path path(path_case.bytes_a_second, path_case.round_trip);
  path.Run(seconds(2));
  path.Watch();
  path.Run(10 * kInFlightDelayAge);
  const double full =
      2 * std::chrono::duration<double>(kInFlightDelayAge).count() * path_case.bytes_a_second;
  EXPECT_GT(path.arrived(), 0.95 * full);
}

TEST(InFlightLimitTest, DelaysThatDifferLeaveThePathFull) {
  for (const Duration jitter : {microseconds(100), microseconds(1000)}) {
    Path path(700e6, microseconds(150));
    const std::uint64_t seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    path.set_jitter(jitter, seed);
    path.Run(seconds(1));
    path.Watch();
    path.Run(seconds(2));
    EXPECT_GT(path.arrived(), 0.9 * 2 * 700e6);
    EXPECT_LT(path.longest_queue(), 4 * (milliseconds(1) + 2 * jitter));
  }
}

TEST(InFlightLimitTest, LongerPathIsFilledAfterItsDelayWasMeasuredAnew) {
  Path path(125e6, milliseconds(1));
  path.Run(seconds(2));
  path.set_round_trip(milliseconds(20));
  path.Run(10 * kInFlightDelayAge);
  path.Watch();
  path.Run(seconds(2));
  EXPECT_GT(path.arrived(), 0.9 * 2 * 125e6);
}

// Whenever it comes: within the first measurement, within the second, outside.
TEST(InFlightLimitTest, StallOfThePeerDoesNotCountAsDelay) {
  for (const Duration before : {milliseconds(0), milliseconds(1000), milliseconds(2000)}) {
    for (int at = 0; at < 30; ++at) {
      for (const Duration stall : {milliseconds(200), milliseconds(5000)}) {
        SCOPED_TRACE(std::to_string((before + milliseconds(at)) / milliseconds(1)) + " ms, then " +
                     std::to_string(stall / milliseconds(1)));
        Path path(125e6, milliseconds(1));
        path.Run(before + milliseconds(at));
        path.Stall(stall);
        path.Run(stall + milliseconds(50));
        path.Watch();
        path.Run(milliseconds(50));
        EXPECT_LT(path.longest_queue(), milliseconds(20));
        EXPECT_GT(path.arrived(), 0.9 * 0.05 * 125e6);
      }
    }
  }
}

TEST(InFlightLimitTest, LongDelayDoesNotLastOnceThePathIsShorter) {
  Path path(20e6, seconds(2));
  path.Run(seconds(20));
  path.set_round_trip(milliseconds(1));
  path.Run(seconds(40));
  path.Watch();
  path.Run(seconds(1));
  EXPECT_LT(path.longest_queue(), milliseconds(50));
}

TEST(InFlightLimitTest, BulkAloneIsNotLimitedNorMeasured) {
  Path path(125e6, milliseconds(1));
  path.set_lines(kBulk);
  path.Run(seconds(1));
  EXPECT_EQ(path.pings(), 0);
  EXPECT_GT(path.longest_queue(), milliseconds(100)) << "what the windows hold";
}

TEST(InFlightLimitTest, WindowsThatAreNarrowNeedNoLimit) {
  Path path(125e6, milliseconds(1));
  path.set_wide(false);
  path.Run(seconds(1));
  EXPECT_EQ(path.pings(), 0);
  EXPECT_EQ(path.limit().held(), 0u);
}

TEST(InFlightLimitTest, EndsWhenNothingUrgentHasComeForTwoPeriods) {
  Path path(125e6, milliseconds(1));
  path.Run(seconds(1));
  path.Watch();
  path.Run(seconds(1));
  EXPECT_LT(path.longest_queue(), milliseconds(10));
  path.set_lines(kBulk);
  path.Run(2 * kInFlightPeriod);
  const int pings = path.pings();
  path.Watch();
  path.Run(seconds(1));
  EXPECT_GT(path.longest_queue(), milliseconds(100));
  EXPECT_LE(path.pings(), pings + 1);
}

TEST(InFlightLimitTest, DelayIsMeasuredWhateverThePieces) {
  for (const std::size_t rest : {3'621u, 7'237u, 16'384u}) {  // of replies of 20, 23 and 32 KB
    SCOPED_TRACE(rest);
    Path path(100e6, milliseconds(20));
    path.set_pieces(kFrame, rest);
    path.Run(seconds(2));
    path.Watch();
    path.Run(seconds(2));
    EXPECT_GT(path.arrived(), 0.95 * 2 * 100e6);
  }
}

TEST(InFlightLimitTest, BulkThatBecomesTheUrgentOneIsLookedAtAnew) {
  InFlightLimit limit;
  limit.Sent(5, kInFlightCheck);
  limit.Next(TimePoint(), 1u << 3 | 1u << 5, /*wide=*/true);
  ASSERT_FALSE(limit.due());
  // Now 3 is bulk and 1 is urgent.
  limit.Sent(3, kInFlightCheck);
  EXPECT_TRUE(limit.due());
  limit.Next(TimePoint(), 1u << 1 | 1u << 3, true);
  limit.Sent(3, kLeastInFlight);
  EXPECT_NE(limit.held() & kBulk, 0u);
}

TEST(InFlightLimitTest, UrgentLinesAreNeitherCountedNorHeld) {
  InFlightLimit limit;
  limit.Sent(3, kInFlightCheck);
  EXPECT_EQ(limit.Next(TimePoint(), kUrgent | kBulk, /*wide=*/true), Step::kNothing);
  for (int i = 0; i < 100; ++i) {
    limit.Sent(1, kFrame);
    limit.Sent(0, kFrame);
    EXPECT_EQ(limit.Next(TimePoint(), kUrgent | kBulk, true), Step::kNothing);
  }
  EXPECT_EQ(limit.held(), 0u);
  limit.Sent(2, kLeastInFlight);
  EXPECT_EQ(limit.Next(TimePoint(), kUrgent | kBulk, true), Step::kPing);
  EXPECT_EQ(limit.held() & 1u, 0u);
  EXPECT_EQ(limit.held() & kUrgent, 0u);
  EXPECT_EQ(limit.held() & kBulk, kBulk);
}

TEST(InFlightLimitTest, SmallRepliesAreRarelyLookedAtOnceItHasBegun) {
  InFlightLimit limit;
  int asked = 0;
  int pings = 0;
  for (int i = 0; i < 20'000; ++i) {
    limit.Sent(i % 2 == 0 ? 1 : 3, 100);
    if (!limit.due()) continue;
    ++asked;
    if (limit.Next(TimePoint(), kUrgent | kBulk, /*wide=*/true) != Step::kPing) continue;
    ++pings;
    limit.PingSent(TimePoint() + milliseconds(i));
    limit.PingAcked(TimePoint() + milliseconds(i + 1));
    limit.Next(TimePoint(), kUrgent | kBulk, true);
  }
  // 2 MB, half of them counted.
  EXPECT_GT(pings, 0);
  EXPECT_LE(pings, 2 * 1'000'000 / static_cast<int>(kLeastInFlight));
  EXPECT_LE(asked, pings + 1);
}

TEST(InFlightLimitTest, AnswersToNoPingCountForNothing) {
  InFlightLimit limit;
  limit.Sent(3, kInFlightCheck);
  limit.Next(TimePoint(), kUrgent | kBulk, true);
  limit.Sent(3, kLeastInFlight);
  EXPECT_EQ(limit.Next(TimePoint(), kUrgent | kBulk, true), Step::kPing);
  limit.PingAcked(TimePoint() + milliseconds(1));  // it has not left
  EXPECT_NE(limit.held(), 0u);
  limit.PingSent(TimePoint() + milliseconds(2));
  limit.PingAcked(TimePoint() + milliseconds(3));
  EXPECT_EQ(limit.held(), 0u);
  limit.Sent(3, 2 * limit.limit());
  EXPECT_NE(limit.held(), 0u);
  limit.PingAcked(TimePoint() + milliseconds(4));
  EXPECT_NE(limit.held(), 0u);
}

TEST(InFlightLimitTest, PeerThatAnswersNoPingIsLimitedNoMore) {
  InFlightLimit limit;
  const TimePoint start = TimePoint() + seconds(100);
  limit.Sent(3, kInFlightCheck);
  limit.Next(start, kUrgent | kBulk, true);
  limit.Sent(3, kLeastInFlight);
  EXPECT_EQ(limit.Next(start, kUrgent | kBulk, true), Step::kPing);
  EXPECT_FALSE(limit.GiveUp(start + kInFlightPatience)) << "the PING has not left";
  limit.PingSent(start);
  EXPECT_FALSE(limit.GiveUp(start + kInFlightPatience - milliseconds(1)));
  EXPECT_NE(limit.held(), 0u);
  EXPECT_TRUE(limit.GiveUp(start + kInFlightPatience));
  EXPECT_EQ(limit.held(), 0u);
  for (int i = 0; i < 100; ++i) {
    limit.Sent(3, kInFlightCheck);
    EXPECT_EQ(limit.Next(start + kInFlightPatience, kUrgent | kBulk, true), Step::kNothing);
    EXPECT_EQ(limit.held(), 0u);
  }
  // It was only slow.
  limit.PingAcked(start + 2 * kInFlightPatience);
  limit.Sent(3, kInFlightCheck);
  limit.Next(start + 2 * kInFlightPatience, kUrgent | kBulk, true);
  limit.Sent(3, kLeastInFlight);
  EXPECT_NE(limit.held(), 0u);
}

}  // namespace
}  // namespace weft::http2
