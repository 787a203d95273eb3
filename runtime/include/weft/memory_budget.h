// Layer: buffer.
#pragma once

#include <cstddef>
#include <memory>

namespace weft {

namespace internal {
class BudgetCount;
class ServerCore;
}  // namespace internal

// Memory that several servers of a process may hold for their calls together; what counts, and what
// is done when it is used up, is said at ServerOptions::set_memory_budget. A handle: copies mean
// the same budget, which lives as long as one of them or one of its servers. Any thread, but for
// assignment.
class MemoryBudget {
 public:
  // In bytes; no server starts on less than 256 KiB. One of the largest std::size_t bounds nothing,
  // and nothing is counted.
  explicit MemoryBudget(std::size_t bytes);
  // What is moved from stays the same budget.
  MemoryBudget(const MemoryBudget&) = default;
  MemoryBudget& operator=(const MemoryBudget&) = default;

  std::size_t limit() const;
  // What is held at the moment on the loops of the servers, in bytes; each says so in steps of 64
  // KiB. On loops that the user gave, what channels hold there is in it.
  std::size_t used() const;

 private:
  friend class internal::ServerCore;

  std::shared_ptr<internal::BudgetCount> count_;
};

}  // namespace weft
