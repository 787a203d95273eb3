#include "buffer/memory_budget.h"

#include <algorithm>

#include "buffer/limits.h"

namespace weft::internal {

MemoryBudget::MemoryBudget(std::size_t bytes, std::size_t loops)
    : limit_(bytes), loops_(std::max<std::size_t>(loops, 1)) {}

std::size_t MemoryBudget::Share(std::size_t connections) const {
  return std::max(limit_ / kTightPart / loops_ / std::max<std::size_t>(connections, 1),
                  kLeastShare);
}

void MemoryBudget::Move(std::size_t before, std::size_t now) {
  // Unsigned: a difference below zero wraps around and back.
  const std::size_t used =
      used_.fetch_add(now - before, std::memory_order_relaxed) + (now - before);
  const Level level = level_.load(std::memory_order_relaxed);
  const Level next = LevelAt(used, level);
  // Of two loops that cross a mark at once the later store may be the wrong one; the next step of
  // either sets it right.
  if (next != level) level_.store(next, std::memory_order_relaxed);
}

MemoryBudget::Level MemoryBudget::LevelAt(std::size_t used, Level before) const {
  if (unlimited()) return Level::kFree;
  const std::size_t gap = limit_ / kMarkGapPart;
  const std::size_t tight = limit_ / kTightPart;
  if (used >= limit_ || (before == Level::kFull && used > limit_ - gap)) return Level::kFull;
  if (used >= tight || (before != Level::kFree && used > tight - gap)) return Level::kTight;
  return Level::kFree;
}

}  // namespace weft::internal
