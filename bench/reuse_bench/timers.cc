// The deadlines of calls: our wheel beside libevent's heap and its queues of common timeouts.
#include <event2/event.h>
#include <event2/event_struct.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "benchmark/benchmark.h"

#include "base/check.h"
#include "io/timer_wheel.h"

namespace weft::internal {
namespace {

// So many calls are open. The oldest ends, which drops its deadline, and a new one begins.
constexpr int kFewCalls = 100;
constexpr int kManyCalls = 10'000;

// Deadlines a second away, or (1) between one and two seconds, as clients say them.
Duration DeadlineOf(std::size_t call, std::int64_t kind) {
  return std::chrono::seconds(1) + std::chrono::milliseconds(kind == 0 ? 0 : call * 7 % 1000);
}

class Deadline final : public TimerNode {
 public:
  void OnTimer() override {}
};

void OnWheel(benchmark::State& state) {
  const TimePoint start{};
  TimerWheel wheel(start);
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<Deadline> deadlines(count);
  std::size_t call = 0;
  TimePoint now = start;
  for (auto _ : state) {
    Deadline& deadline = deadlines[call % count];
    wheel.Disarm(deadline);
    wheel.Arm(deadline, now + DeadlineOf(call, state.range(1)));
    ++call;
    now += std::chrono::microseconds(10);
    if (now >= wheel.next_due()) wheel.Advance(now);
  }
}

// Inside the loop, where libevent has read the clock already.
void InLoop(event_base* base, std::function<void()> run) {
  const timeval soon{};
  event_base_once(
      base, -1, EV_TIMEOUT,
      [](evutil_socket_t, short, void* fn) { (*static_cast<std::function<void()>*>(fn))(); }, &run,
      &soon);
  event_base_loop(base, EVLOOP_ONCE);
}

void OnLibevent(benchmark::State& state, bool common) {
  const std::unique_ptr<event_base, decltype(&event_base_free)> base(event_base_new(),
                                                                     &event_base_free);
  Check(base != nullptr, "no event base");
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<event> deadlines(count);
  for (event& deadline : deadlines) {
    evtimer_assign(&deadline, base.get(), [](evutil_socket_t, short, void*) {}, nullptr);
  }
  const timeval second{1, 0};
  const timeval* const shared =
      common ? event_base_init_common_timeout(base.get(), &second) : nullptr;
  InLoop(base.get(), [&] {
    std::size_t call = 0;
    for (auto _ : state) {
      event& deadline = deadlines[call % count];
      event_del(&deadline);
      const auto left =
          std::chrono::duration_cast<std::chrono::microseconds>(DeadlineOf(call, state.range(1)));
      const timeval own{left.count() / 1'000'000, left.count() % 1'000'000};
      event_add(&deadline, common ? shared : &own);
      ++call;
    }
  });
  for (event& deadline : deadlines) event_del(&deadline);
}
void OnHeap(benchmark::State& state) { OnLibevent(state, false); }
void OnCommonTimeouts(benchmark::State& state) { OnLibevent(state, true); }

BENCHMARK(OnWheel)
    ->Name("a call's deadline/on")
    ->ArgNames({"calls", "differ"})
    ->ArgsProduct({{kFewCalls, kManyCalls}, {0, 1}});
BENCHMARK(OnHeap)
    ->Name("a call's deadline/libevent's heap")
    ->ArgNames({"calls", "differ"})
    ->ArgsProduct({{kFewCalls, kManyCalls}, {0, 1}});
// Only for deadlines that are all as far away.
BENCHMARK(OnCommonTimeouts)
    ->Name("a call's deadline/libevent's common timeouts")
    ->ArgNames({"calls", "differ"})
    ->ArgsProduct({{kFewCalls, kManyCalls}, {0}});

}  // namespace
}  // namespace weft::internal
