#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "buffer/limits.h"
#include "weft/clock.h"

namespace weft::http2 {

// How large the windows should be in which a peer may send: large enough that it never waits for
// credit while the path could carry more, and no larger, since all beyond is a queue in which an
// urgent frame stands too. That is between two and three times the bandwidth-delay product: once
// for the bytes on their way, once since credit goes back in halves of a window; and what the last
// growth added must be seen to bring nothing.
//
// Measured in rounds while bulk comes in. A round begins with a PING and lasts until its answer has
// come and two windows' worth of bytes. What arrived and was taken by the application meanwhile
// gives the bandwidth, and the shortest answer of all the delay: longer ones have stood in queues,
// ours among them. (The first PING stands behind a first window, the connection's first SETTINGS
// behind nothing.) So windows that wait for a slow reader do not grow. They never shrink: to take
// credit back that the peer has already would stop it for a round trip.
//
// Knows nothing of frames, and takes the time as it is given. Owned by a session; loop thread only.
// Nothing but two additions happens until a stream brings bulk.
class FlowWindow {
 public:
  struct Options {
    Options() = default;
    // At first, and at most. An upper bound below the first size keeps it fixed.
    std::uint32_t stream = internal::kFirstWindow;
    std::uint32_t connection = internal::kFirstWindow;
    std::uint32_t most_stream = internal::kMostStreamWindow;
    std::uint32_t most_connection = internal::kMostConnectionWindow;
  };
  enum class Step : std::uint8_t {
    kNothing,
    kPing,  // send one; PingSent and PingAcked follow
    kGrow,  // tell the peer stream() and connection(), which are larger now
  };

  explicit FlowWindow(const Options& options);

  std::uint32_t stream() const { return stream_; }
  std::uint32_t connection() const { return connection_; }

  // Body bytes have come, and the application has taken some.
  void Arrived(std::size_t n) { arrived_ += n; }
  void Taken(std::size_t n) { taken_ += n; }

  // Whether Next should be asked; to be looked at when bulk has arrived. A PING follows another
  // only after DATA that the peer sent when it had answered, so no count of idle PINGs goes up.
  bool due() const { return arrived_ >= due_at_; }
  Step Next(TimePoint now);
  // How long the way there and back took some other frame.
  void Took(Duration delay) { least_delay_ = std::min(least_delay_, delay); }
  // The PING leaves; its answer has come. An answer to no PING is ignored.
  void PingSent(TimePoint now);
  void PingAcked(TimePoint now);

 private:
  enum class State : std::uint8_t {
    kResting,   // until enough has arrived
    kPinging,   // until the answer comes
    kCounting,  // until the round has brought enough
  };
  static constexpr std::uint64_t kNotDue = std::numeric_limits<std::uint64_t>::max();

  bool Grow(std::uint64_t wanted);
  bool at_most() const {
    return stream_ >= options_.most_stream && connection_ >= options_.most_connection;
  }

  const Options options_;
  std::uint32_t stream_;
  std::uint32_t connection_;
  State state_ = State::kResting;
  bool ping_left_ = false;
  std::uint64_t arrived_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t due_at_ = 0;
  std::uint64_t windows_to_rest_ = 1;
  Duration least_delay_ = Duration::max();
  // Of the round.
  TimePoint began_;
  std::uint64_t arrived_before_ = 0;
  std::uint64_t taken_before_ = 0;
};

}  // namespace weft::http2
