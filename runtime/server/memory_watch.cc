#include "server/memory_watch.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/log.h"
#include "buffer/limits.h"
#include "http/stream.h"
#include "protocol/grpc.h"
#include "server/server_call.h"

namespace weft::internal {

MemoryWatch::MemoryWatch(MemoryBudget& budget, LoopCore& loop, IntrusiveList<ServerCall>& calls)
    : budget_(budget), loop_(loop), calls_(calls) {
  if (!budget_.unlimited()) loop_.chunks().AddWatcher(*this);
}

void MemoryWatch::Leave() {
  if (left_) return;
  left_ = true;
  ChunkPool::Watcher::Unlink();
  CancelRun();
  Disarm();
  budget_.Move(use_, 0);
}

void MemoryWatch::Add(MemoryTenant& tenant) {
  tenants_.PushBack(tenant);  // those that wait already go first
  tenant.moved_at = loop_.Now();
  if (left_ || budget_.level() != Level::kFull) return;
  tenant.held_back = true;
  tenant.HoldCredit(true);
  // Whoever holds back looks again: it may be other loops that fill the budget, and this one's use
  // may never change.
  if (!queued()) loop_.Schedule(*this);
}

// From inside the pool: the look comes when whoever uses it is done.
void MemoryWatch::OnUse(std::size_t bytes) {
  budget_.Move(use_, bytes);
  use_ = bytes;
  const Level level = budget_.level();
  const bool grown =
      level != Level::kFree && use_ >= use_at_look_ + budget_.limit() / kBudgetGrowthPart;
  if ((level != level_ || grown) && !queued()) loop_.Schedule(*this);
}

void MemoryWatch::OnTimer() {
  // Chunks that other threads gave back show only when someone looks.
  const ChunkPool::Stats stats = loop_.chunks().stats();
  const std::size_t now = stats.bytes_in_use + stats.bytes_charged;
  budget_.Move(use_, now);
  use_ = now;
  Look();
  if (level_ == Level::kFree) return;
  LendInTurn();
  CutOffStalled();
}

void MemoryWatch::LookNow() {
  CancelRun();
  Look();
}

absl::Status MemoryWatch::Refusal(const MemoryTenant& tenant, const Protocol& protocol,
                                  HttpStream& stream) {
  if (&protocol != &GrpcProtocol()) stream.head_to_send().AddStatic("retry-after", "1");
  return absl::UnavailableError(
      absl::StrCat("the server holds back calls of ", std::string(tenant.peer()),
                   ": it is at its memory budget; the call has not begun, try again later"));
}

void MemoryWatch::Look() {
  level_ = budget_.level();
  if (level_ == Level::kFree) {
    full_since_ = kNever;
  } else if (level_ == Level::kFull && full_since_ == kNever) {
    full_since_ = loop_.Now();
  }
  use_at_look_ = use_;
  std::size_t busy = 0;
  for (MemoryTenant* tenant = tenants_.empty() ? nullptr : &tenants_.front(); tenant != nullptr;
       tenant = tenants_.Next(*tenant)) {
    tenant->held_bytes = tenant->stalled_bytes =
        level_ == Level::kFree ? 0 : tenant->unsent_bytes();
    tenant->has_calls = tenant->held_bytes > 0;  // or had: it still takes what they replied
    tenant->waits = false;
    if (tenant->has_calls) ++busy;
  }
  if (level_ != Level::kFree) {
    for (ServerCall* call = calls_.empty() ? nullptr : &calls_.front(); call != nullptr;
         call = calls_.Next(*call)) {
      MemoryTenant* const tenant = call->tenant();
      if (tenant == nullptr) continue;
      if (!tenant->has_calls) ++busy;
      tenant->has_calls = true;
      tenant->held_bytes += call->held_bytes();
      if (!call->waits_for_body()) continue;
      tenant->waits = true;
      if (!tenant->credit_held()) tenant->stalled_bytes += call->stalled_bytes();
    }
  }
  const std::size_t share = budget_.Share(busy);
  for (MemoryTenant* tenant = tenants_.empty() ? nullptr : &tenants_.front(); tenant != nullptr;
       tenant = tenants_.Next(*tenant)) {
    const bool hold =
        level_ == Level::kFull || (level_ == Level::kTight && tenant->held_bytes > share);
    if (hold == tenant->held_back) continue;
    tenant->held_back = hold;
    tenant->HoldCredit(hold);
  }
  if (level_ == Level::kFree) {
    Disarm();
  } else if (!armed()) {
    loop_.timers().Arm(*this, loop_.Now() + kBudgetTick);
  }
}

void MemoryWatch::LendInTurn() {
  for (MemoryTenant* tenant = tenants_.empty() ? nullptr : &tenants_.front(); tenant != nullptr;
       tenant = tenants_.Next(*tenant)) {
    if (!tenant->held_back || !tenant->waits || !tenant->LendCredit()) continue;
    tenant->ListHook<MemoryTenant>::Unlink();
    tenants_.PushBack(*tenant);
    return;
  }
}

void MemoryWatch::CutOffStalled() {
  const TimePoint now = loop_.Now();
  MemoryTenant* largest = nullptr;
  for (MemoryTenant* tenant = tenants_.empty() ? nullptr : &tenants_.front(); tenant != nullptr;
       tenant = tenants_.Next(*tenant)) {
    const std::optional<std::int64_t> moved = tenant->moved_bytes();
    if (!moved.has_value()) continue;
    if (*moved > tenant->most_moved || tenant->stalled_bytes < kLeastStalled) {
      tenant->most_moved = std::max(tenant->most_moved, *moved);
      tenant->moved_at = now;
    } else if (now - std::max(tenant->moved_at, full_since_) >= kStallPatience &&
               (largest == nullptr || tenant->stalled_bytes > largest->stalled_bytes)) {
      largest = tenant;
    }
  }
  if (level_ != Level::kFull || largest == nullptr) return;
  const std::string why = absl::StrCat(
      "the connection with ", std::string(largest->peer()),
      " was closed: the server is at its memory budget, and the peer has neither taken nor sent "
      "anything of ",
      largest->stalled_bytes, " bytes for ",
      std::chrono::duration_cast<std::chrono::seconds>(kStallPatience).count(), " s");
  Log(LogLevel::kWarning, why);
  largest->CutOff(absl::UnavailableError(why));
}

}  // namespace weft::internal
