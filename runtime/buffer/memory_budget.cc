#include "weft/memory_budget.h"

#include "buffer/budget_count.h"

namespace weft {

MemoryBudget::MemoryBudget(std::size_t bytes)
    : count_(std::make_shared<internal::BudgetCount>(bytes)) {}

std::size_t MemoryBudget::limit() const { return count_->limit(); }

std::size_t MemoryBudget::used() const { return count_->used(); }

}  // namespace weft
