#include "weft/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "io/loop_core.h"
#include "io/owned_fd.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class ManualClock final : public Clock {
 public:
  TimePoint Now() override { return TimePoint(Duration(now_.load())); }
  void Add(Duration d) { now_ += d.count(); }

 private:
  std::atomic<Duration::rep> now_{1'000'000'000};
};

class Fn final : public internal::Runnable {
 public:
  explicit Fn(std::function<void()> fn) : fn_(std::move(fn)) {}
  void Run() override { fn_(); }

 private:
  std::function<void()> fn_;
};

class Timer final : public internal::TimerNode {
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

bool Readable(int fd, int timeout_ms = 0) {
  pollfd poll_fd{fd, POLLIN, 0};
  return ::poll(&poll_fd, 1, timeout_ms) == 1;
}

// libevent would end the process where it lacks a descriptor.
TEST(EventLoopTest, IsRefusedWhenThereAreTooFewDescriptorsWhicheverIsMissing) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 100;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  std::vector<internal::OwnedFd> taken;
  do {
    taken.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  } while (taken.back().valid());
  taken.pop_back();
  std::vector<absl::Status> made;
  for (int left = 0; left < 5; ++left) {
    made.push_back(EventLoop::Create().status());
    taken.pop_back();
  }
  // UBSan looks at objects through pipes, and takes those for broken that it can't have.
  for (int i = 0; i < 2; ++i) taken.pop_back();
  const absl::Status enough = EventLoop::Create().status();
  ::setrlimit(RLIMIT_NOFILE, &before);
  for (int left = 0; left < 5; ++left) {
    const absl::Status& status = made[static_cast<std::size_t>(left)];
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << left << ": " << status;
    EXPECT_NE(status.message().find("ulimit -n"), std::string::npos) << status;
  }
  EXPECT_EQ(enough, absl::OkStatus());
}

TEST(EventLoopTest, RunsReadyThenPassEndAndWhatTheseAskFor) {
  EventLoop loop;
  std::string order;
  Fn late([&] { order += "late "; });
  Fn flush([&] {
    order += "flush ";
    loop.core().Schedule(late);
  });
  Fn second([&] { order += "second "; });
  Fn first([&] {
    order += "first ";
    loop.core().AtPassEnd(flush);
    loop.core().Schedule(second);
  });
  loop.core().Schedule(first);
  loop.RunOnce();
  EXPECT_EQ(order, "first second flush late ");
}

TEST(EventLoopTest, PostedWorkRunsInOrderOnTheLoopThread) {
  EventLoop loop;
  std::vector<int> order;
  std::thread runner([&] { loop.Run(); });
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(loop.Post([&order, &loop, i] {
      EXPECT_TRUE(loop.OnThread());
      order.push_back(i);
    }));
  }
  loop.Stop();
  runner.join();
  ASSERT_EQ(order.size(), 1000u);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(EventLoopTest, WhatWasAcceptedRunsAndTheRestIsRefused) {
  for (int round = 0; round < 20; ++round) {
    auto loop = std::make_unique<EventLoop>();
    std::atomic<int> ran{0};
    std::atomic<int> accepted{0};
    internal::LoopHandle handle = loop->core().handle();
    std::thread runner([&] { loop->Run(); });
    std::vector<std::thread> posters;
    std::vector<std::vector<std::unique_ptr<Fn>>> work(3);
    for (auto& mine : work) {
      for (int i = 0; i < 200; ++i) mine.push_back(std::make_unique<Fn>([&] { ++ran; }));
      posters.emplace_back([&] {
        for (auto& fn : mine) {
          if (!handle.Post(*fn)) return;
          ++accepted;
        }
      });
    }
    loop->Stop();
    runner.join();
    loop.reset();
    Fn refused([] { FAIL(); });
    EXPECT_FALSE(handle.Post(refused));
    for (std::thread& poster : posters) poster.join();
    EXPECT_EQ(ran, accepted);
  }
}

// So it may do in the loop's place what the loop would have done with its earlier posts' results.
TEST(EventLoopTest, WhoeverIsRefusedKnowsThatAllItPostedBeforeHasRun) {
  for (int round = 0; round < 50; ++round) {
    EventLoop loop;
    internal::LoopHandle handle = loop.core().handle();
    std::thread runner([&] { loop.Run(); });
    std::vector<std::thread> posters;
    posters.reserve(3);
    for (int thread = 0; thread < 3; ++thread) {
      posters.emplace_back([&handle] {
        std::atomic<int> ran{0};
        std::vector<std::unique_ptr<Fn>> mine;
        do {
          // Not without a pause: an end that finds new posts every time gives up in the end.
          while (mine.size() % 10 == 0 && ran < static_cast<int>(mine.size())) {
          }
          mine.push_back(std::make_unique<Fn>([&ran] { ++ran; }));
        } while (handle.Post(*mine.back()));
        EXPECT_EQ(ran, static_cast<int>(mine.size()) - 1);
      });
    }
    loop.Stop();
    runner.join();
    for (std::thread& poster : posters) poster.join();
  }
}

TEST(EventLoopTest, WhatAPassHasTakenRunsBeforeTheLoopRefuses) {
  EventLoop loop;
  const internal::LoopHandle handle = loop.core().handle();
  std::vector<std::unique_ptr<Fn>> work;
  int ran = 0;
  // More than a pass runs, so that some of it is left when the loop ends.
  for (int i = 0; i < 10'000; ++i) {
    work.push_back(std::make_unique<Fn>([&ran] { ++ran; }));
    ASSERT_TRUE(handle.Post(*work.back()));
  }
  bool accepted = false;
  Fn answer([] {});
  Fn last([&] { accepted = handle.Post(answer); });
  ASSERT_TRUE(handle.Post(last));
  ASSERT_TRUE(loop.RunOnce(Duration::zero()));
  ASSERT_LT(ran, 10'000);
  loop.Stop();
  EXPECT_FALSE(loop.RunOnce(Duration::zero()));
  EXPECT_EQ(ran, 10'000);
  EXPECT_TRUE(accepted);
}

TEST(EventLoopTest, ARefusedFunctionIsDestroyedUnrun) {
  EventLoop loop;
  loop.Stop();
  loop.Run();
  auto token = std::make_shared<int>();
  EXPECT_FALSE(loop.Post([token] { FAIL(); }));
  EXPECT_EQ(token.use_count(), 1);
}

TEST(EventLoopTest, StopBeforeRunEndsItAtOnce) {
  EventLoop loop;
  loop.Stop();
  loop.Run();
  EXPECT_FALSE(loop.RunOnce(milliseconds(1)));
}

TEST(EventLoopTest, WhatWasPostedToALoopThatNeverRanRunsInItsDestructor) {
  int ran = 0;
  {
    EventLoop loop;
    ASSERT_TRUE(loop.Post([&] { ++ran; }));
  }
  EXPECT_EQ(ran, 1);
}

TEST(EventLoopTest, TimersFireByTheSystemClock) {
  EventLoop loop;
  Timer timer([&] { loop.Stop(); });
  const TimePoint start = Clock::System().Now();
  loop.core().timers().Arm(timer, start + milliseconds(20));
  loop.Run();
  EXPECT_EQ(timer.fired, 1);
  EXPECT_GE(Clock::System().Now() - start, milliseconds(20));
}

TEST(EventLoopTest, TimersFollowAManualClock) {
  ManualClock clock;
  EventLoop loop(EventLoop::Options().set_clock(clock));
  Timer timer;
  loop.core().timers().Arm(timer, loop.Now() + hours(3));
  loop.RunOnce();
  EXPECT_EQ(timer.fired, 0);
  clock.Add(hours(3));
  loop.RunOnce();
  EXPECT_EQ(timer.fired, 1);
}

TEST(EventLoopTest, TheClockIsReadOnceAPass) {
  ManualClock clock;
  EventLoop loop(EventLoop::Options().set_clock(clock));
  TimePoint before;
  TimePoint after;
  Fn fn([&] {
    before = loop.Now();
    clock.Add(hours(1));
    after = loop.Now();
  });
  loop.core().Schedule(fn);
  loop.RunOnce();
  EXPECT_EQ(before, after);
  EXPECT_EQ(loop.Now(), after + hours(1));
}

TEST(EventLoopTest, RunOnceWaitsNoLongerThanItsTimeout) {
  EventLoop loop;
  const TimePoint start = Clock::System().Now();
  EXPECT_TRUE(loop.RunOnce(milliseconds(30)));
  const Duration took = Clock::System().Now() - start;
  EXPECT_GE(took, milliseconds(30));
  EXPECT_LT(took, std::chrono::seconds(10));
}

TEST(EventLoopTest, TheDescriptorShowsPostsTimersAndLeftOvers) {
  EventLoop loop;
  const int fd = loop.fd();
  loop.RunOnce();
  EXPECT_FALSE(Readable(fd));

  loop.Post([] {});
  EXPECT_TRUE(Readable(fd));
  loop.RunOnce();
  EXPECT_FALSE(Readable(fd));

  Timer timer;
  loop.Post([&] { loop.core().timers().Arm(timer, loop.Now() + milliseconds(5)); });
  loop.RunOnce();
  EXPECT_TRUE(Readable(fd, 10'000));
  loop.RunOnce();
  EXPECT_EQ(timer.fired, 1);
  EXPECT_FALSE(Readable(fd));

  int ran = 0;
  Fn work([&] { ++ran; });
  loop.core().Schedule(work);
  EXPECT_TRUE(Readable(fd));
  loop.RunOnce();
  EXPECT_EQ(ran, 1);
}

TEST(EventLoopTest, EachLoopFindsItsOwnDescriptor) {
  EventLoop a;
  EventLoop b;
  EXPECT_NE(a.fd(), b.fd());
  a.Post([] {});
  EXPECT_TRUE(Readable(a.fd()));
  EXPECT_FALSE(Readable(b.fd()));
}

TEST(EventLoopTest, WorkThatReschedulesItselfLeavesTheSocketsTheirTurn) {
  EventLoop loop;
  bool posted = false;
  bool ran_posted = false;
  Fn* self = nullptr;
  Fn busy([&] {
    if (!posted) {
      posted = true;
      loop.Post([&] {
        ran_posted = true;
        loop.Stop();
      });
    }
    if (!ran_posted) loop.core().Schedule(*self);
  });
  self = &busy;
  loop.core().Schedule(busy);
  loop.Run();
  EXPECT_TRUE(ran_posted);
}

TEST(EventLoopTest, IdleMemoryIsGivenBackAndThenTheLoopSleeps) {
  ManualClock clock;
  EventLoop loop(EventLoop::Options().set_clock(clock));
  Fn work([&] { (void)loop.core().chunks().Acquire(4096); });
  loop.core().Schedule(work);
  loop.RunOnce();
  EXPECT_GT(loop.core().chunks().stats().bytes_idle, 0u);
  for (int second = 0; second < 5; ++second) {
    clock.Add(std::chrono::milliseconds(1100));
    loop.RunOnce();
  }
  EXPECT_EQ(loop.core().chunks().stats().bytes_idle, 0u);
}

TEST(EventLoopTest, ALoopMayMoveToAnotherThread) {
  EventLoop loop;
  EXPECT_TRUE(loop.OnThread());
  loop.RunOnce();
  std::thread other([&] {
    EXPECT_FALSE(loop.OnThread());
    loop.RunOnce();
    EXPECT_TRUE(loop.OnThread());
    (void)loop.core().chunks().Acquire(1);
  });
  other.join();
  EXPECT_FALSE(loop.OnThread());
}

TEST(EventLoopDeathTest, RunningALoopInsideItselfDies) {
  EventLoop loop;
  Fn fn([&] { loop.RunOnce(); });
  loop.core().Schedule(fn);
  EXPECT_DEATH(loop.RunOnce(), "from inside itself");
}

}  // namespace
}  // namespace weft
