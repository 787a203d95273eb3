#include "buffer/budget_count.h"

#include <algorithm>

#include "buffer/limits.h"

namespace weft::internal {

struct BudgetCount::Loop {
  explicit Loop(const ChunkPool& its_pool) : pool(its_pool) {}

  const ChunkPool& pool;
  std::size_t servers = 0;  // guarded by the budget's mutex
  std::size_t bytes = 0;    // the loop's thread's
};

BudgetCount::BudgetCount(std::size_t bytes) : limit_(bytes) {}

BudgetCount::~BudgetCount() = default;

std::size_t BudgetCount::Share(std::size_t connections) const {
  const std::size_t joined = std::max<std::size_t>(joined_.load(std::memory_order_relaxed), 1);
  return std::max(limit_ / kTightPart / joined / std::max<std::size_t>(connections, 1),
                  kLeastShare);
}

BudgetCount::Loop& BudgetCount::Join(const ChunkPool& pool) {
  std::lock_guard lock(mutex_);
  auto found = std::ranges::find_if(loops_, [&](const auto& loop) { return &loop->pool == &pool; });
  if (found == loops_.end()) found = loops_.insert(found, std::make_unique<Loop>(pool));
  Loop& loop = **found;
  ++loop.servers;
  joined_.fetch_add(1, std::memory_order_relaxed);
  return loop;
}

void BudgetCount::Leave(Loop& loop) {
  std::lock_guard lock(mutex_);
  joined_.fetch_sub(1, std::memory_order_relaxed);
  if (--loop.servers > 0) return;
  Move(loop.bytes, 0);
  std::erase_if(loops_, [&](const auto& other) { return other.get() == &loop; });
}

void BudgetCount::Count(Loop& loop, std::size_t bytes) {
  Move(loop.bytes, bytes);
  loop.bytes = bytes;
}

// A loop holds `now` where it last held `before`.
void BudgetCount::Move(std::size_t before, std::size_t now) {
  // Unsigned: a difference below zero wraps around and back.
  const std::size_t used =
      used_.fetch_add(now - before, std::memory_order_relaxed) + (now - before);
  const Level level = level_.load(std::memory_order_relaxed);
  const Level next = LevelAt(used, level);
  // Of two loops that cross a mark at once the later store may be the wrong one; the next step of
  // either sets it right.
  if (next != level) level_.store(next, std::memory_order_relaxed);
}

BudgetCount::Level BudgetCount::LevelAt(std::size_t used, Level before) const {
  if (unlimited()) return Level::kFree;
  const std::size_t gap = limit_ / kMarkGapPart;
  const std::size_t tight = limit_ / kTightPart;
  if (used >= limit_ || (before == Level::kFull && used > limit_ - gap)) return Level::kFull;
  if (used >= tight || (before != Level::kFree && used > tight - gap)) return Level::kTight;
  return Level::kFree;
}

}  // namespace weft::internal
