#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "buffer/limits.h"
#include "weft/clock.h"

namespace weft::http2 {

// How much bulk may be on its way to a peer while more urgent streams share the connection. A peer
// that opens its windows wide takes all that there is to send, and where it reads more slowly than
// the path carries that is a queue behind which the next urgent answer stands, out of the
// scheduler's reach. So the bulk that the peer has not read yet is bounded by what keeps the path
// full: a few bandwidth-delay products.
//
// Measured by PINGs, which a peer answers when it has read all that was sent before: one behind
// each half of what is allowed. What was in flight with it, by the time that it took to be sent or
// to be answered for, is the bandwidth, of which the largest of late counts. The delay is the mean
// of some answers that stood behind no queue of ours: for these, bulk shrinks to the least now and
// then. Not the shortest of all, since a peer whose thread waits for its processor would run dry;
// but none counts for much more than the middle one, or a stall would be taken for the path's.
//
// Knows nothing of frames, and takes the time and the scheduler's lines (bit u: urgency u) as they
// are given. Owned by a server's session; loop thread only. Nothing but an addition and a
// comparison happens, but for once in kInFlightCheck bytes, until lines of two urgencies meet.
class InFlightLimit {
 public:
  enum class Step : std::uint8_t {
    kNothing,
    kPing,  // send one; PingSent and PingAcked follow
  };

  // n bytes of DATA of a stream with this urgency go out.
  void Sent(unsigned urgency, std::size_t n) {
    ((counted_ >> urgency & 1) != 0 ? sent_ : uncounted_) += n;
  }
  // Whether Next should be asked.
  bool due() const { return sent_ >= due_at_ || uncounted_ >= internal::kInFlightCheck; }
  // `used`: lines that have had something to send since the last time. `wide`: the peer's windows
  // are no bound by themselves.
  Step Next(TimePoint now, unsigned used, bool wide);
  // Lines that may send no more for now than what the floor owes them.
  unsigned held() const { return on_ && sent_ - acked_ >= limit_ ? counted_ : 0; }
  // The PING leaves; its answer has come, after which Next should be asked. An answer to no PING is
  // ignored.
  void PingSent(TimePoint now);
  void PingAcked(TimePoint now);
  // An answer is long overdue though the peer sends other things: there is no limit any more, until
  // it does answer. To be asked while lines are held.
  bool GiveUp(TimePoint now);

  // Bytes; while there is one.
  std::size_t limit() const { return limit_; }

 private:
  static constexpr unsigned kAllLines = 0xff;
  static constexpr std::uint64_t kNoPing = std::numeric_limits<std::uint64_t>::max();
  struct Answer {
    TimePoint asked;  // when its PING left
    TimePoint came;
  };
  struct Ping {
    TimePoint left;
    std::uint64_t at = 0;         // what had been sent
    std::uint64_t in_flight = 0;  // and of that not been answered for
    Answer last;                  // when it left
  };

  void Start(TimePoint now);
  void Stop();
  void StartMeasuring(TimePoint now);
  void Measure(const Ping& ping, TimePoint now);
  // What will have been sent when the next one leaves.
  std::uint64_t PingAt() const;
  void SetDue();

  bool on_ = false;
  bool gave_up_ = false;
  unsigned counted_ = kAllLines;
  std::uint64_t sent_ = 0;
  std::uint64_t uncounted_ = 0;  // of more urgent lines, since Next was asked
  std::uint64_t acked_ = 0;      // the peer has read so many of sent_
  std::uint64_t due_at_ = internal::kInFlightCheck;
  std::uint64_t limit_ = 0;

  // Lines used in the present period and in the one before.
  unsigned used_ = 0;
  unsigned used_before_ = 0;
  TimePoint period_began_;

  TimePoint began_;
  Answer last_;
  bool asked_ = false;         // for a PING that has not left yet
  std::array<Ping, 2> pings_;  // under way, the oldest first
  std::size_t under_way_ = 0;

  // Bytes by nanosecond: the most of this period and of the one before.
  double bandwidth_ = 0;
  double bandwidth_before_ = 0;
  Duration delay_;
  TimePoint measured_;  // when the measurement of it ended, or began
  bool measuring_ = false;
  std::size_t answers_ = 0;
  std::array<Duration, 8> delays_;  // theirs, the shortest first
};

}  // namespace weft::http2
