#include "io/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace weft::internal {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr TimePoint kOrigin = TimePoint(std::chrono::seconds(1000));

class Timer final : public TimerNode {
 public:
  explicit Timer(std::function<void()> fn = [] {}) : fn_(std::move(fn)) {}
  void OnTimer() override {
    ++fired;
    fn_();
  }
  int fired = 0;

 private:
  std::function<void()> fn_;
};

TEST(TimerWheelTest, FiresAtItsDeadlineAndNeverBefore) {
  TimerWheel wheel(kOrigin);
  Timer timer;
  wheel.Arm(timer, kOrigin + milliseconds(5));
  wheel.Advance(kOrigin + microseconds(4999));
  EXPECT_EQ(timer.fired, 0);
  wheel.Advance(kOrigin + milliseconds(5));
  EXPECT_EQ(timer.fired, 1);
  EXPECT_FALSE(timer.armed());
  wheel.Advance(kOrigin + milliseconds(50));
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheelTest, RoundsUpToTheNextMillisecond) {
  TimerWheel wheel(kOrigin);
  Timer timer;
  wheel.Arm(timer, kOrigin + microseconds(4001));
  EXPECT_EQ(wheel.next_due(), kOrigin + milliseconds(5));
  wheel.Advance(kOrigin + microseconds(4500));
  EXPECT_EQ(timer.fired, 0);
  wheel.Advance(kOrigin + milliseconds(5));
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheelTest, APastDeadlineFiresAtTheNextAdvance) {
  TimerWheel wheel(kOrigin);
  wheel.Advance(kOrigin + milliseconds(70));
  Timer timer;
  wheel.Arm(timer, kOrigin - hours(1));
  EXPECT_LE(wheel.next_due(), kOrigin + milliseconds(70));
  wheel.Advance(kOrigin + milliseconds(70));
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheelTest, NeverIsNotArmed) {
  TimerWheel wheel(kOrigin);
  Timer timer;
  wheel.Arm(timer, kOrigin + milliseconds(5));
  wheel.Arm(timer, kNever);
  EXPECT_FALSE(timer.armed());
  EXPECT_EQ(wheel.next_due(), kNever);
}

TEST(TimerWheelTest, TheFarthestTimePointsAreInRange) {
  TimerWheel wheel(TimePoint(Duration(-5)));
  Timer timer;
  wheel.Arm(timer, TimePoint::max() - Duration(1));
  EXPECT_TRUE(timer.armed());
  EXPECT_GT(wheel.next_due(), kOrigin);
  wheel.Advance(kOrigin + hours(24 * 365 * 100));
  EXPECT_EQ(timer.fired, 0);
  wheel.Disarm(timer);
  EXPECT_EQ(wheel.next_due(), kNever);
}

TEST(TimerWheelTest, HoursAreKeptToTheMillisecond) {
  TimerWheel wheel(kOrigin);
  Timer timer;
  const TimePoint when = kOrigin + hours(37) + milliseconds(123);
  wheel.Arm(timer, when);
  int advances = 0;
  while (timer.fired == 0) {
    const TimePoint next = wheel.next_due();
    ASSERT_LE(next, when);
    wheel.Advance(next);
    ASSERT_LE(++advances, 8) << "a far timer costs one wake a level";
    ASSERT_EQ(timer.fired == 1, next == when);
  }
}

TEST(TimerWheelTest, ADestroyedNodeIsGone) {
  TimerWheel wheel(kOrigin);
  auto timer = std::make_unique<Timer>();
  wheel.Arm(*timer, kOrigin + milliseconds(5));
  timer.reset();
  EXPECT_EQ(wheel.size(), 0u);
  EXPECT_EQ(wheel.next_due(), kNever);
  wheel.Advance(kOrigin + milliseconds(10));
}

TEST(TimerWheelTest, ANodeMayOutliveItsWheel) {
  Timer near;
  Timer far;
  Timer past;
  {
    TimerWheel wheel(kOrigin);
    wheel.Arm(near, kOrigin + milliseconds(5));
    wheel.Arm(far, kOrigin + hours(5));
    wheel.Arm(past, kOrigin);
  }
  EXPECT_FALSE(near.armed() || far.armed() || past.armed());
}

TEST(TimerWheelTest, ACallbackMayDisarmADueNeighbour) {
  TimerWheel wheel(kOrigin);
  Timer second;
  Timer first([&] { wheel.Disarm(second); });
  wheel.Arm(first, kOrigin + milliseconds(5));
  wheel.Arm(second, kOrigin + milliseconds(5));
  wheel.Advance(kOrigin + milliseconds(5));
  EXPECT_EQ(first.fired, 1);
  EXPECT_EQ(second.fired, 0);
  EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheelTest, ACallbackMayDestroyItsNode) {
  TimerWheel wheel(kOrigin);
  std::unique_ptr<Timer> timer;
  bool ran = false;
  timer = std::make_unique<Timer>([&] {
    ran = true;
    std::function<void()> keep;  // the closure dies with the node
    timer.reset();
  });
  wheel.Arm(*timer, kOrigin + milliseconds(1));
  wheel.Advance(kOrigin + milliseconds(1));
  EXPECT_TRUE(ran);
}

TEST(TimerWheelTest, ATimerThatArmsItselfForThePastDoesNotHoldTheLoop) {
  TimerWheel wheel(kOrigin);
  Timer* self = nullptr;
  Timer timer([&] { wheel.Arm(*self, kOrigin); });
  self = &timer;
  wheel.Arm(timer, kOrigin + milliseconds(3));
  wheel.Advance(kOrigin + milliseconds(100));
  EXPECT_EQ(timer.fired, 1);
  wheel.Advance(kOrigin + milliseconds(100));
  EXPECT_EQ(timer.fired, 2);
}

// The model is a plain vector: at each Advance, what is due fires, in order of deadline.
TEST(TimerWheelTest, AgreesWithAModelOnRandomPrograms) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  auto up_to = [&](std::uint64_t n) { return static_cast<std::int64_t>(random() % (n + 1)); };

  for (int program = 0; program < 50; ++program) {
    TimerWheel wheel(kOrigin);
    TimePoint now = kOrigin;
    constexpr int kNodes = 40;
    std::vector<int> fired;
    std::vector<TimePoint> model(kNodes, kNever);
    std::vector<std::unique_ptr<Timer>> nodes;
    for (int i = 0; i < kNodes; ++i) {
      nodes.push_back(std::make_unique<Timer>([&fired, i] { fired.push_back(i); }));
    }
    for (int step = 0; step < 400; ++step) {
      const auto i = static_cast<std::size_t>(up_to(kNodes - 1));
      const auto range = std::uint64_t{1} << up_to(46);  // up to 19 hours in nanoseconds
      switch (up_to(3)) {
        case 0:
        case 1:
          model[i] = now + Duration(up_to(range)) - Duration(up_to(1000));
          wheel.Arm(*nodes[i], model[i]);
          break;
        case 2:
          model[i] = kNever;
          wheel.Disarm(*nodes[i]);
          break;
        default: {
          const TimePoint promised = wheel.next_due();
          now += Duration(up_to(range));
          fired.clear();
          wheel.Advance(now);
          const auto ticks = (now - kOrigin) / milliseconds(1);
          auto tick_of = [](TimePoint when) {
            return when <= kOrigin
                       ? 0
                       : ((when - kOrigin) + milliseconds(1) - Duration(1)) / milliseconds(1);
          };
          std::vector<int> expected;
          for (int n = 0; n < kNodes; ++n) {
            if (model[static_cast<std::size_t>(n)] != kNever &&
                tick_of(model[static_cast<std::size_t>(n)]) <= ticks) {
              expected.push_back(n);
            }
          }
          EXPECT_TRUE(expected.empty() || promised <= now);
          std::vector<int> got = fired;
          std::sort(got.begin(), got.end());
          ASSERT_EQ(got, expected) << "program " << program << " step " << step;
          for (int n : got) model[static_cast<std::size_t>(n)] = kNever;
          break;
        }
      }
      const auto armed =
          std::count_if(model.begin(), model.end(), [](TimePoint t) { return t != kNever; });
      ASSERT_EQ(wheel.size(), static_cast<std::size_t>(armed));
      ASSERT_EQ(wheel.next_due() == kNever, armed == 0);
      const TimePoint first = *std::min_element(model.begin(), model.end());
      if (first != kNever) {
        ASSERT_LE(wheel.next_due(), std::max(first, now) + milliseconds(1));
      }
    }
  }
}

TEST(TimerWheelTest, FiresInOrderOfTheTicks) {
  TimerWheel wheel(kOrigin);
  std::vector<int> order;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int ms : {70'000, 3, 4096, 64, 63, 65, 4095, 1, 300'000, 128}) {
    timers.push_back(std::make_unique<Timer>([&order, ms] { order.push_back(ms); }));
    wheel.Arm(*timers.back(), kOrigin + milliseconds(ms));
  }
  wheel.Advance(kOrigin + hours(1));
  EXPECT_EQ(order.size(), timers.size());
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

}  // namespace
}  // namespace weft::internal
