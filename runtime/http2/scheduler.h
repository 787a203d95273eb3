#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/intrusive_list.h"
#include "buffer/limits.h"
#include "http/stream.h"

namespace weft::http2 {

// Decides which stream's bytes go next (RFC 9218, design §4). Knows nothing of frames or windows:
// entries stand in it while they have bytes that could be sent. Owned by a session; loop thread
// only; entries are owned by their streams, which Remove them before they die.
//
// Entries of one urgency are a line. The line of the lowest urgency number goes first. In a line,
// an incremental entry goes to the back with each frame; any other stays in front until it has
// nothing left, or has sent `turn` bytes there: one without an end would keep its equals waiting
// for ever.
//
// The floor: of the bytes sent while less urgent lines wait, these get the share `floor`, a quantum
// at a time, one line after the other. It is exact over time: what a turn sends less than a quantum
// is not lost. So with a floor f, at most quantum / f bytes (by default 320 KiB) go by between two
// turns of lower lines, and with k lines waiting, at most k times that before each of them has had
// one. What a lower line sends while no more urgent one has anything counts for its share.
//
// A line one of whose writers has just been told to go on counts as one that has something until
// the writer has run (Await): or less urgent bytes would fill what its list left of each flush
// quantum.
class Scheduler {
 public:
  struct Options {
    Options() = default;
    // The most that one turn sends: an urgent frame waits for no more than this.
    std::size_t quantum = std::size_t{16} * 1024;
    // 0 to 0.5; what is outside counts as the nearest. 0: strict urgency, the less urgent may
    // starve.
    double floor = internal::kPriorityFloor;
    std::size_t turn = internal::kSchedulingTurn;
    // What fits the rest of a frame goes out of turn among equals: to wait would cost more than to
    // send.
    std::size_t small_rest = 256;
  };

  class Entry : public internal::ListHook<Scheduler> {
   public:
    bool scheduled() const { return linked(); }
    Priority priority() const { return priority_; }

   private:
    friend class Scheduler;
    unsigned line() const { return static_cast<unsigned>(priority_.urgency()); }
    Priority priority_;
    std::size_t turn_ = 0;  // bytes sent since it joined its line at the back
  };

  explicit Scheduler(const Options& options);

  // The entry has bytes: it joins its line at the back. Nothing happens when it is in already.
  void Add(Entry& entry);
  void Remove(Entry& entry);
  // Also moves a scheduled entry, to the back of the new line if its urgency changes.
  void SetPriority(Entry& entry, Priority priority);

  // Whether no entry may send.
  bool empty() const { return open() == 0; }
  // True when `entry` is the only one, and may send.
  bool alone(const Entry& entry) const { return count_ == 1 && entry.scheduled() && !empty(); }
  std::size_t size() const { return count_; }

  // Lines (bit u: urgency u) that send nothing but what the floor owes them, until they are no
  // longer held.
  void Hold(unsigned lines) {
    held_ = lines;
    Close();
  }
  // The line of `entry` will have more in a moment: less urgent ones send nothing but what the
  // floor owes them, until AwaitNothing.
  void Await(const Entry& entry) {
    awaited_ |= 1u << entry.line();
    Close();
  }
  void AwaitNothing() {
    awaited_ = 0;
    Close();
  }
  bool awaits() const { return awaited_ != 0; }
  // Whether entries wait for that alone.
  bool kept_waiting() const { return awaits() && (occupied_ & LessUrgent(awaited_) & ~held_) != 0; }
  // Lines that have had entries since the last time.
  unsigned TakeUsed() { return std::exchange(used_, occupied_); }

  // Whose turn it is; null when empty.
  Entry* Next();
  // How many of `pending` > 0 bytes a scheduled entry may send now in one frame of at most `room`;
  // 0: it is another's turn.
  std::size_t Grant(Entry& entry, std::size_t pending, std::size_t room);
  // `entry` has sent n bytes; it is still scheduled.
  void Sent(Entry& entry, std::size_t n);

 private:
  static constexpr unsigned kLines = 8;
  // A share of one.
  static constexpr std::uint64_t kWhole = 1 << 16;

  // It is a lower line's turn.
  bool owes() const { return owed_ >= options_.quantum * (kWhole - floor_); }
  // Lines that may send.
  unsigned open() const { return owes() ? occupied_ : occupied_ & ~closed_; }
  // The most urgent line that has entries or will.
  unsigned first() const { return static_cast<unsigned>(std::countr_zero(occupied_ | awaited_)); }
  // Those below the first of `lines`; none below none.
  static unsigned LessUrgent(unsigned lines) { return ~(lines ^ (lines - 1)); }
  void Close() { closed_ = held_ | LessUrgent(awaited_); }
  // At least one line is open.
  unsigned PickLine() const;
  void Unlink(Entry& entry);

  const Options options_;
  const std::uint64_t floor_;  // a fraction in fixed point, so that sums are exact
  std::array<internal::IntrusiveList<Entry, Scheduler>, kLines> lines_;
  unsigned occupied_ = 0;  // bit u: line u has entries
  unsigned held_ = 0;
  unsigned awaited_ = 0;
  unsigned closed_ = 0;  // but for the floor: held, or below one that is awaited
  unsigned used_ = 0;
  std::size_t count_ = 0;
  // What lower lines have not had of their share, in bytes of the same fixed point.
  std::uint64_t owed_ = 0;
  unsigned last_lower_ = 0;  // the lower line that had the last turn
};

}  // namespace weft::http2
