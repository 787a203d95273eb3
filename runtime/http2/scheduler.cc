#include "http2/scheduler.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"

namespace weft::http2 {
namespace {

// In parts of `whole`.
std::uint64_t Parts(double share, std::uint64_t whole) {
  if (!(share > 0)) return 0;  // not a number, too
  return static_cast<std::uint64_t>(
      std::llround(std::min(share, 0.5) * static_cast<double>(whole)));
}

}  // namespace

Scheduler::Scheduler(const Options& options)
    : options_(options), floor_(Parts(options.floor, kWhole)) {}

void Scheduler::Add(Entry& entry) {
  if (entry.scheduled()) return;
  const unsigned line = entry.line();
  lines_[line].PushBack(entry);
  entry.turn_ = 0;
  occupied_ |= 1u << line;
  used_ |= 1u << line;
  ++count_;
}

void Scheduler::Unlink(Entry& entry) {
  const unsigned line = entry.line();
  entry.Unlink();
  if (lines_[line].empty()) occupied_ &= ~(1u << line);
  --count_;
}

void Scheduler::Remove(Entry& entry) {
  if (!entry.scheduled()) return;
  Unlink(entry);
  if (occupied_ == 0) owed_ = 0;
}

void Scheduler::SetPriority(Entry& entry, Priority priority) {
  if (entry.scheduled() && entry.priority_.urgency() != priority.urgency()) {
    Unlink(entry);
    entry.priority_ = priority;
    Add(entry);
  } else {
    entry.priority_ = priority;
  }
}

unsigned Scheduler::PickLine() const {
  const auto top = static_cast<unsigned>(std::countr_zero(open()));
  const unsigned lower = open() & ~((2u << first()) - 1);
  if (lower == 0 || !owes()) return top;
  // Round and round the lower lines: the first below the one that had the last turn.
  const unsigned below = lower & ~((2u << last_lower_) - 1);
  return static_cast<unsigned>(std::countr_zero(below != 0 ? below : lower));
}

Scheduler::Entry* Scheduler::Next() {
  if (empty()) return nullptr;
  return &lines_[PickLine()].front();
}

std::size_t Scheduler::Grant(Entry& entry, std::size_t pending, std::size_t room) {
  internal::Check(entry.scheduled(), "Scheduler::Grant for an entry that is not scheduled");
  const std::size_t piece = std::min({pending, room, options_.quantum});
  if (empty()) return 0;
  if (count_ == 1) return piece;
  const unsigned line = PickLine();
  if (entry.line() != line) return 0;
  if (&lines_[line].front() == &entry) return piece;
  return pending <= options_.small_rest ? piece : 0;
}

void Scheduler::Sent(Entry& entry, std::size_t n) {
  const unsigned line = entry.line();
  const bool top = line == first();
  if (top && !std::has_single_bit(occupied_)) {
    owed_ += n * floor_;
  } else {
    owed_ -= std::min(owed_, n * (kWhole - floor_));
    if (!top) last_lower_ = line;
  }
  entry.turn_ += n;
  if (!entry.priority_.incremental() && entry.turn_ < options_.turn) return;
  entry.turn_ = 0;
  if (count_ == 1) return;
  entry.Unlink();
  lines_[line].PushBack(entry);
}

}  // namespace weft::http2
