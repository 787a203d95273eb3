#include "http2/in_flight_limit.h"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

#include "buffer/limits.h"

namespace weft::http2 {
namespace {

using internal::kLeastInFlight;

// With two bandwidth-delay products in flight the path is full where delays are all alike: a half
// that was answered for is replaced while the other one is on its way. A peer that reads by fits
// and starts needs more, and each makes an urgent answer wait longer. (bench/README.md)
constexpr double kInFlightProducts = 4;
// The delay is the mean of all the answers that are kept; of few where they take long, and differ
// less.
constexpr std::size_t kFewAnswers = 3;
constexpr Duration kLongEnough = std::chrono::milliseconds(10);
// A thread waits for its processor for some milliseconds at most, and may do so for much longer
// than the path takes. What takes longer was lost, or met a peer that stood still.
constexpr int kMostTimesMiddle = 8;
constexpr Duration kMostAboveMiddle = std::chrono::milliseconds(10);
// It is not measured again before so many have passed: while it is, the path runs dry. But a path
// may become shorter.
constexpr int kDelaysToNext = 256;
constexpr Duration kLongestToNext = std::chrono::seconds(30);
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
  } else if (now - measured_ >= std::clamp<Duration>(kDelaysToNext * delay_,
                                                     internal::kInFlightDelayAge, kLongestToNext)) {
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
}

// Counts only what stood behind no more than the least, which the last piece may exceed, and not
// what may have stood behind bulk that was sent before there was a limit: that has been read when
// the first answer comes.
void InFlightLimit::Measure(const Ping& ping, TimePoint now) {
  if (ping.in_flight >= kLeastInFlight + kLargestPiece || ping.last.came <= began_) return;
  delays_[answers_++] = now - ping.left;
  if (answers_ < kFewAnswers) return;
  std::ranges::sort(std::span(delays_).first(answers_));
  // A stall stops all that are under way, so of few answers it may have been that many.
  const Duration middle = delays_[answers_ - 1 - std::max(answers_ / 2, pings_.size())];
  const int answers = static_cast<int>(answers_);
  if (answers_ < delays_.size() && middle < kLongEnough / answers) return;
  const Duration most = std::min(kMostTimesMiddle * middle, middle + kMostAboveMiddle);
  Duration sum = Duration::zero();
  for (const Duration delay : std::span(delays_).first(answers_)) sum += std::min(delay, most);
  const Duration mean = std::max(sum / answers, Duration(1));
  // A few lucky ones do not make it short; nor does what was many times as long last.
  delay_ = std::max(mean, std::min((delay_ + mean) / 2, 4 * mean));
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
