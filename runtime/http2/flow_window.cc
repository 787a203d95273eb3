#include "http2/flow_window.h"

#include <algorithm>

namespace weft::http2 {
namespace {

// Bandwidth-delay products in a window. Where each half of a window is one item on its way, bytes
// move at W / (T + W / 2C), C being what the path carries and T its delay: with two products in it
// growth would stop at three quarters of C, with three it stops above 2.4 products, where all of C
// is used.
constexpr double kProducts = 3;

}  // namespace

FlowWindow::FlowWindow(const Options& options)
    : options_(options), stream_(options.stream), connection_(options.connection) {
  if (at_most()) due_at_ = kNotDue;
}

FlowWindow::Step FlowWindow::Next(TimePoint now) {
  if (!due()) return Step::kNothing;
  if (state_ == State::kResting) {
    state_ = State::kPinging;
    due_at_ = kNotDue;
    return Step::kPing;
  }
  state_ = State::kResting;
  const std::uint64_t moved = std::min(arrived_ - arrived_before_, taken_ - taken_before_);
  const Duration took = now - began_;
  const double product = took > Duration::zero() ? static_cast<double>(moved) *
                                                       static_cast<double>(least_delay_.count()) /
                                                       static_cast<double>(took.count())
                                                 : 0;
  const bool grown = Grow(static_cast<std::uint64_t>(kProducts * product));
  windows_to_rest_ =
      grown ? 0
            : std::clamp<std::uint64_t>(2 * windows_to_rest_, 1, internal::kMostWindowsUnmeasured);
  due_at_ = at_most() ? kNotDue : arrived_ + windows_to_rest_ * connection_;
  return grown ? Step::kGrow : Step::kNothing;
}

// By a quarter at least: each time costs two frames.
bool FlowWindow::Grow(std::uint64_t wanted) {
  const auto grow = [wanted](std::uint32_t& window, std::uint32_t most) {
    const std::uint64_t to = std::min<std::uint64_t>(wanted, most);
    if (to < window + window / 4 && (to <= window || to < most)) return false;
    window = static_cast<std::uint32_t>(to);
    return true;
  };
  const bool stream = grow(stream_, options_.most_stream);
  const bool connection = grow(connection_, options_.most_connection);
  return stream || connection;
}

void FlowWindow::PingSent(TimePoint now) {
  ping_left_ = true;
  began_ = now;
  arrived_before_ = arrived_;
  taken_before_ = taken_;
}

void FlowWindow::PingAcked(TimePoint now) {
  if (state_ != State::kPinging || !ping_left_) return;
  ping_left_ = false;
  Took(now - began_);
  state_ = State::kCounting;
  due_at_ = arrived_before_ + 2 * std::uint64_t{connection_};
}

}  // namespace weft::http2
