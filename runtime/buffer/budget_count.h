#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace weft::internal {

class ChunkPool;

// The bytes that the loops of one server, or of several, may hold for their calls: bodies that
// handlers have not read, replies that peers have not taken. Only counts; who holds back what is
// its users' part (server/memory_watch.h). Any thread; written in steps of kUseStep by each loop.
class BudgetCount {
 public:
  enum class Level : std::uint8_t {
    kFree,
    kTight,  // from half of the budget: who holds more than its share is held back
    kFull,   // at the budget: everybody is
  };

  static constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1);

  // What is held on one loop, whichever of its servers it is for.
  struct Loop;

  explicit BudgetCount(std::size_t bytes);
  BudgetCount(const BudgetCount&) = delete;
  ~BudgetCount();

  std::size_t limit() const { return limit_; }
  bool unlimited() const { return limit_ == kUnlimited; }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  Level level() const { return level_.load(std::memory_order_relaxed); }
  // What each of so many connections of a server's on one loop may hold while the budget is tight.
  std::size_t Share(std::size_t connections) const;

  // For each server on each of its loops. Servers that share the loop with this pool as well as the
  // budget get the same one, so that what the loop holds counts once. Until Leave, with the last of
  // which it counts no more.
  Loop& Join(const ChunkPool& pool);
  void Leave(Loop& loop);
  // The loop holds so much. Its thread only.
  void Count(Loop& loop, std::size_t bytes);

 private:
  void Move(std::size_t before, std::size_t now);
  Level LevelAt(std::size_t used, Level before) const;

  const std::size_t limit_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Loop>> loops_;  // guarded by mutex_
  std::atomic<std::size_t> joined_{0};
  // Apart: the level is read for every call and written rarely.
  alignas(64) std::atomic<std::size_t> used_{0};
  alignas(64) std::atomic<Level> level_{Level::kFree};
};

}  // namespace weft::internal
