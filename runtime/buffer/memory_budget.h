#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weft::internal {

// The bytes that the loops of one server may hold for their calls: bodies that handlers have not
// read, replies that peers have not taken. Only counts; who holds back what is its users' part
// (server/memory_watch.h). Any thread; written in steps of kUseStep by each loop.
class MemoryBudget {
 public:
  enum class Level : std::uint8_t {
    kFree,
    kTight,  // from half of the budget: who holds more than its share is held back
    kFull,   // at the budget: everybody is
  };

  static constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1);

  // Shared by so many loops.
  explicit MemoryBudget(std::size_t bytes, std::size_t loops = 1);
  MemoryBudget(const MemoryBudget&) = delete;

  std::size_t limit() const { return limit_; }
  bool unlimited() const { return limit_ == kUnlimited; }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  Level level() const { return level_.load(std::memory_order_relaxed); }
  // What each of a loop's `connections` may hold while the budget is tight.
  std::size_t Share(std::size_t connections) const;

  // A loop holds `now` where it has last said `before`.
  void Move(std::size_t before, std::size_t now);

 private:
  Level LevelAt(std::size_t used, Level before) const;

  const std::size_t limit_;
  const std::size_t loops_;
  // Apart: the level is read for every call and written rarely.
  alignas(64) std::atomic<std::size_t> used_{0};
  alignas(64) std::atomic<Level> level_{Level::kFree};
};

}  // namespace weft::internal
