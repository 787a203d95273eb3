#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <utility>

#include "weft/clock.h"

namespace weft::testing {

// A path with a rate one way and a delay both ways, without a loss: what the sizes of windows and
// of what is in flight are tested on. Time goes from event to event, so seconds of it take
// milliseconds. One thread.
class SimulatedPath {
 public:
  SimulatedPath(double bytes_a_second, Duration round_trip)
      : rate_(bytes_a_second), delay_(round_trip / 2) {}

  TimePoint now() const { return now_; }
  void set_round_trip(Duration round_trip) { delay_ = round_trip / 2; }
  // Adds up to so much to each way that bytes take.
  void set_jitter(Duration most, std::uint64_t seed) {
    jitter_ = most;
    random_.seed(seed);
  }

  void At(TimePoint when, std::function<void()> act) { events_.emplace(when, std::move(act)); }
  // `act` when these bytes have gone the way of the rate, behind those before them. Returns for how
  // long the path has work from now on.
  Duration Send(std::size_t bytes, std::function<void()> act) {
    const Duration takes(static_cast<std::int64_t>(static_cast<double>(bytes) / rate_ * 1e9));
    free_ = std::max(free_, now_) + takes;
    last_arrival_ = std::max(last_arrival_, free_ + OneWay());
    At(last_arrival_, std::move(act));
    return free_ - now_;
  }
  // Nothing comes the other way for so long, and all that should have then comes at once: the first
  // of it was lost, or who answers stood still.
  void Stall(Duration time) { last_answer_ = std::max(last_answer_, now_ + time); }
  // `act` when something small has come the other way, in order.
  void Answer(std::function<void()> act) {
    last_answer_ = std::max(last_answer_, now_ + OneWay());
    At(last_answer_, std::move(act));
  }

  void Run(Duration time) {
    const TimePoint end = now_ + time;
    while (!events_.empty() && events_.begin()->first <= end) {
      auto event = events_.extract(events_.begin());
      now_ = event.key();
      event.mapped()();
    }
    now_ = end;
  }

 private:
  Duration OneWay() {
    if (jitter_ == Duration::zero()) return delay_;
    return delay_ + Duration(static_cast<std::int64_t>(
                        random_() % static_cast<std::uint64_t>(jitter_.count())));
  }

  const double rate_;
  Duration delay_;
  Duration jitter_ = Duration::zero();
  std::mt19937_64 random_;
  TimePoint now_ = TimePoint(std::chrono::hours(1));
  TimePoint free_ = now_;
  TimePoint last_arrival_ = now_;
  TimePoint last_answer_ = now_;
  std::multimap<TimePoint, std::function<void()>> events_;
};

}  // namespace weft::testing
