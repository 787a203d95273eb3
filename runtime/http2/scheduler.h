#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/intrusive_list.h"
#include "http/stream.h"

namespace weft::http2 {

// Decides which stream's bytes go next (RFC 9218, design §4). Knows nothing of frames or windows:
// entries stand in it while they have bytes that could be sent. Owned by a session; loop thread
// only; entries are owned by their streams, which Remove them before they die.
//
// The lowest urgency number goes first. Among equals, an incremental entry goes to the back of the
// line with each frame; any other stays in front until it has nothing left. Of the bytes sent while
// a less urgent entry waits, one quantum in each `floor_interval` goes to less urgent lines in
// turn, so that none starves.
class Scheduler {
 public:
  struct Options {
    Options() = default;
    // The most that one turn sends: an urgent frame waits for no more than this.
    std::size_t quantum = std::size_t{16} * 1024;
    // 0: strict urgency, the less urgent may starve.
    std::size_t floor_interval = std::size_t{256} * 1024;
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
  };

  explicit Scheduler(const Options& options) : options_(options) {}

  // The entry has bytes: it joins its line at the back. Nothing happens when it is in already.
  void Add(Entry& entry);
  void Remove(Entry& entry);
  // Also moves a scheduled entry, to the back of the new line if its urgency changes.
  void SetPriority(Entry& entry, Priority priority);

  bool empty() const { return occupied_ == 0; }
  // True when `entry` is the only one.
  bool alone(const Entry& entry) const { return count_ == 1 && entry.scheduled(); }
  std::size_t size() const { return count_; }

  // Whose turn it is; null when empty.
  Entry* Next();
  // How many of `pending` > 0 bytes a scheduled entry may send now in one frame of at most `room`;
  // 0: it is another's turn.
  std::size_t Grant(Entry& entry, std::size_t pending, std::size_t room);
  // `entry` has sent n bytes; it is still scheduled.
  void Sent(Entry& entry, std::size_t n);

 private:
  static constexpr unsigned kLines = 8;

  unsigned PickLine() const;
  void Unlink(Entry& entry);

  const Options options_;
  std::array<internal::IntrusiveList<Entry, Scheduler>, kLines> lines_;
  unsigned occupied_ = 0;  // bit u: line u has entries
  std::size_t count_ = 0;
  std::size_t owed_ = 0;     // bytes sent since less urgent lines had a turn
  unsigned last_lower_ = 0;  // the line that had it
};

}  // namespace weft::http2
