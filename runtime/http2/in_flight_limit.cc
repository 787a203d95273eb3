#include "http2/in_flight_limit.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "buffer/limits.h"

namespace weft::http2 {
namespace {

using internal::kLeastInFlight;

// With two bandwidth-delay products in flight the path is full where delays are all alike: a half
// that was answered for is replaced while the other one is on its way. A peer that reads by fits
// and starts needs more, and each makes an urgent answer wait longer. (bench/README.md)
constexpr double kInFlightProducts = 4;
// The delay is the mean of so many answers; of few where they take long, and differ less.
constexpr int kAnswers = 8;
constexpr int kFewAnswers = 2;
constexpr Duration kLongEnough = std::chrono::milliseconds(10);
// It is not measured again before so many have passed: while it is, the path runs dry.
constexpr int kDelaysToNext = 256;
// What a stream sends in one turn.
constexpr std::size_t kLargestPiece = 16 * internal::kKiB;
// No path has more in flight; keeps what follows from measured figures within its type.
constexpr double kMost = 1 << 30;

unsigned LessUrgentThan(unsigned line) { return ~((2u << line) - 1) & 0xff; }

}  // namespace

InFlightLimit::Step InFlightLimit::Next(TimePoint now, unsigned used, bool wide) {
  used_ |= used;
  uncounted_ = 0;
  if (now - period_began_ >= internal::kInFlightPeriod) {
    used_before_ = std::exchange(used_, used);
    bandwidth_before_ = std::exchange(bandwidth_, 0);
    period_began_ = now;
  }
  const unsigned lines = used_ | used_before_;
  if (!wide || gave_up_ || lines == 0 || std::has_single_bit(lines)) {
    Stop();
    return Step::kNothing;
  }
  counted_ = LessUrgentThan(static_cast<unsigned>(std::countr_zero(lines)));
  if (!on_) Start(now);
  const bool ping = sent_ >= PingAt();
  asked_ |= ping;
  SetDue();
  return ping ? Step::kPing : Step::kNothing;
}

std::uint64_t InFlightLimit::PingAt() const {
  if (asked_ || under_way_ == pings_.size()) return kNoPing;
  return (under_way_ > 0 ? pings_[0].at : acked_) + limit_ / 2;
}

void InFlightLimit::SetDue() { due_at_ = std::min(PingAt(), acked_ + limit_); }

void InFlightLimit::Start(TimePoint now) {
  on_ = true;
  acked_ = sent_;
  last_ = {now, now};
  limit_ = kLeastInFlight;
  bandwidth_ = bandwidth_before_ = 0;
  delay_ = Duration::zero();
  began_ = now;
  StartMeasuring(now);
}

void InFlightLimit::Stop() {
  on_ = false;
  counted_ = kAllLines;
  due_at_ = sent_ + internal::kInFlightCheck;
}

void InFlightLimit::PingSent(TimePoint now) {
  if (!std::exchange(asked_, false)) return;
  pings_[under_way_++] = {now, sent_, sent_ - acked_, last_};
  if (on_) SetDue();
}

void InFlightLimit::PingAcked(TimePoint now) {
  if (under_way_ == 0) return;
  gave_up_ = false;  // it does answer
  const Ping ping = pings_[0];
  pings_[0] = pings_[--under_way_];
  if (!on_ || ping.at <= acked_) return;  // it left before this measurement began
  acked_ = ping.at;
  // As BBR has it: the longer of the two, or answers that come close together would count as speed.
  const Duration spent = std::max({ping.left - ping.last.asked, now - ping.last.came, Duration(1)});
  bandwidth_ = std::max(bandwidth_,
                        static_cast<double>(ping.in_flight) / static_cast<double>(spent.count()));
  last_ = {ping.left, now};
  if (measuring_) {
    Measure(ping, now);
  } else if (now - measured_ >= std::max(internal::kInFlightDelayAge, kDelaysToNext * delay_)) {
    StartMeasuring(now);
  }
  limit_ = kLeastInFlight;
  if (measuring_) return;
  const double bytes = kInFlightProducts * std::max(bandwidth_, bandwidth_before_) *
                       static_cast<double>(delay_.count());
  limit_ = std::max(limit_, static_cast<std::uint64_t>(std::min(bytes, kMost)));
}

void InFlightLimit::StartMeasuring(TimePoint now) {
  measuring_ = true;
  measured_ = now;
  answers_ = 0;
  delays_ = Duration::zero();
}

// Counts only what stood behind no more than the least, which the last piece may exceed, and not
// what may have stood behind bulk that was sent before there was a limit: that has been read when
// the first answer comes.
void InFlightLimit::Measure(const Ping& ping, TimePoint now) {
  if (ping.in_flight >= kLeastInFlight + kLargestPiece || ping.last.came <= began_) return;
  delays_ += now - ping.left;
  ++answers_;
  if (answers_ < kFewAnswers || (answers_ < kAnswers && delays_ < kLongEnough)) return;
  const Duration mean = std::max(delays_ / answers_, Duration(1));
  delay_ = std::max(mean, (delay_ + mean) / 2);  // a few lucky ones do not make it short
  measuring_ = false;
  measured_ = now;
}

bool InFlightLimit::GiveUp(TimePoint now) {
  if (under_way_ == 0 || now - pings_[0].left < internal::kInFlightPatience) return false;
  gave_up_ = true;
  Stop();
  return true;
}

}  // namespace weft::http2
