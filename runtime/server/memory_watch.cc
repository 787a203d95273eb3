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

MemoryWatch::MemoryWatch(BudgetCount& budget, LoopCore& loop, IntrusiveList<ServerCall>& calls)
    : budget_(budget), loop_(loop), calls_(calls) {
  if (budget_.unlimited()) return;
  counted_ = &budget_.Join(loop_.chunks());
  loop_.chunks().AddWatcher(*this);
  // The pool has told others already, or nobody, of what is in use.
  OnUse(Held());
}

void MemoryWatch::Leave() {
  if (left_) return;
  left_ = true;
  ChunkPool::Watcher::Unlink();
  CancelRun();
  Disarm();
  if (counted_ != nullptr) budget_.Leave(*counted_);
}

std::size_t MemoryWatch::Held() const {
  const ChunkPool::Stats stats = loop_.chunks().stats();
  return stats.bytes_in_use + stats.bytes_charged;
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
  budget_.Count(*counted_, bytes);
  use_ = bytes;
  const Level level = budget_.level();
  const bool grown =
      level != Level::kFree && use_ >= use_at_look_ + budget_.limit() / kBudgetGrowthPart;
  const bool unwatched = use_ >= kLeastStalled && !armed();
  if ((level != level_ || grown || unwatched) && !queued()) loop_.Schedule(*this);
}

void MemoryWatch::OnTimer() {
  // Chunks that other threads gave back show only when someone looks; and the pool tells in steps.
  loop_.chunks().Tell();
  use_ = Held();
  budget_.Count(*counted_, use_);
  LookNow();
  if (level_ == Level::kFree) return;
  Lend();
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
                   ": its memory budget is full, or more than half full and this connection holds "
                   "more than its share; the call has not begun, try again later"));
}

void MemoryWatch::Look() {
  level_ = budget_.level();
  if (level_ == Level::kFree) {
    full_since_ = kNever;
  } else if (level_ == Level::kFull && full_since_ == kNever) {
    full_since_ = loop_.Now();
  }
  use_at_look_ = use_;
  ForEach(tenants_, [this](MemoryTenant& tenant) {
    tenant.held_bytes = tenant.stalled_bytes = level_ == Level::kFree ? 0 : tenant.unsent_bytes();
    tenant.has_calls = tenant.held_bytes > 0;  // or had: it still takes what they replied
    tenant.waits = false;
    tenant.first_to_end = nullptr;
  });
  const std::size_t busy = level_ == Level::kFree ? 0 : LookAtCalls();
  const std::size_t share = budget_.Share(busy);
  bool resumes = level_ != Level::kFree;
  ForEach(tenants_, [&](MemoryTenant& tenant) {
    const bool hold =
        level_ == Level::kFull || (level_ == Level::kTight && tenant.held_bytes > share);
    if (hold == tenant.held_back) return;
    resumes = true;
    tenant.held_back = hold;
    tenant.HoldCredit(hold);
  });
  if (resumes) {
    ForEach(calls_, [](ServerCall& call) {
      call.ResumeCredit();
      // What its peer could move.
      MemoryTenant* const tenant = call.tenant();
      if (tenant == nullptr || tenant->credit_held() || call.credit_withheld()) return;
      tenant->stalled_bytes += call.stalled_bytes();
    });
  }
  SetTimer();
}

// What the calls hold, and which of them go first. How many connections have calls.
std::size_t MemoryWatch::LookAtCalls() {
  ForEach(calls_, [](ServerCall& call) {
    MemoryTenant* const tenant = call.tenant();
    if (tenant == nullptr) return;
    tenant->has_calls = true;
    tenant->held_bytes += call.held_bytes();
    if (!call.waits_for_body()) return;
    tenant->waits = true;
    if (!call.has_much()) return;
    if (tenant->first_to_end == nullptr || call.EndsBefore(*tenant->first_to_end)) {
      tenant->first_to_end = &call;
    }
  });
  std::size_t busy = 0;
  ForEach(tenants_, [&](MemoryTenant& tenant) {
    if (tenant.has_calls) ++busy;
    PassOverIfItRests(tenant);
  });
  return busy;
}

// The call that goes first keeps the others of its connection waiting: also where its sender, who
// may, does not go on. At the next look it comes behind them. Not while there is room for one more
// message at most: or who stops all its calls short of their ends would hold the messages of all.
void MemoryWatch::PassOverIfItRests(MemoryTenant& tenant) {
  ServerCall* const first = tenant.first_to_end;
  const bool same = first != nullptr && first == tenant.first_before && tenant.held_back;
  tenant.first_before = first;
  if (first == nullptr) return;
  const std::size_t bytes = first->assembled_bytes();
  const bool moved =
      bytes >= tenant.first_bytes + kLeastStalled || bytes < tenant.first_bytes;  // another message
  if (!same || moved || tenant.credit_held() || overdrawn()) {
    tenant.first_bytes = bytes;
    tenant.first_moved_at = loop_.Now();
  } else if (loop_.Now() - tenant.first_moved_at >= kLoanPatience) {
    first->PassOver(++tenant.passed_over);
    tenant.first_before = nullptr;
  }
}

void MemoryWatch::SetTimer() {
  if (level_ == Level::kFree && use_ < kLeastStalled) return;  // if it is armed, for the last time
  const Duration pause = level_ == Level::kFree ? kBudgetGlance : kBudgetTick;
  if (armed() && pause == pause_) return;
  Disarm();
  pause_ = pause;
  loop_.timers().Arm(*this, loop_.Now() + pause);
}

void MemoryWatch::Lend() {
  if (RenewLoans()) return;
  for (MemoryTenant* tenant = tenants_.empty() ? nullptr : &tenants_.front(); tenant != nullptr;
       tenant = tenants_.Next(*tenant)) {
    if (tenant->borrows || !tenant->held_back || !tenant->waits) continue;
    if (!tenant->LendCredit()) continue;  // it has credit of its own
    BeginTurn(*tenant);
    return;
  }
}

// Of those whose turn it is. True when nobody else is to have one now.
bool MemoryWatch::RenewLoans() {
  const TimePoint now = loop_.Now();
  const bool last = overdrawn();
  MemoryTenant* next = nullptr;
  for (MemoryTenant* tenant = tenants_.empty() ? nullptr : &tenants_.front(); tenant != nullptr;
       tenant = next) {
    next = tenants_.Next(*tenant);
    if (!tenant->borrows) continue;
    if (!tenant->held_back || !tenant->waits) {
      tenant->borrows = false;
    } else if (tenant->LendCredit()) {
      // Whoever holds no more than before its last loan has had a message completed, or dropped.
      if (tenant->held_bytes > tenant->held_at_loan) {
        BeginTurn(*tenant);
      } else {
        EndTurn(*tenant);
      }
      return true;
    } else if (now - tenant->lent_at >= (last ? kLastLoanPatience : kLoanPatience)) {
      EndTurn(*tenant);
    } else if (last) {
      return true;
    }
  }
  return false;
}

void MemoryWatch::BeginTurn(MemoryTenant& tenant) {
  tenant.borrows = true;
  tenant.held_at_loan = tenant.held_bytes;
  tenant.lent_at = loop_.Now();
}

void MemoryWatch::EndTurn(MemoryTenant& tenant) {
  tenant.borrows = false;
  tenant.ListHook<MemoryTenant>::Unlink();
  tenants_.PushBack(tenant);
}

void MemoryWatch::CutOffStalled() {
  const TimePoint now = loop_.Now();
  MemoryTenant* largest = nullptr;
  ForEach(tenants_, [&](MemoryTenant& tenant) {
    const std::optional<std::int64_t> moved = tenant.moved_bytes();
    if (!moved.has_value()) return;
    const bool moves = *moved >= tenant.moved + static_cast<std::int64_t>(kLeastStalled);
    if (moves || tenant.stalled_bytes < kLeastStalled) {
      tenant.moved = std::max(tenant.moved, *moved);
      tenant.moved_at = now;
    } else if (now - std::max(tenant.moved_at, full_since_) >= kStallPatience &&
               (largest == nullptr || tenant.stalled_bytes > largest->stalled_bytes)) {
      largest = &tenant;
    }
  });
  if (level_ != Level::kFull || largest == nullptr) return;
  const std::string why = absl::StrCat(
      "the connection with ", std::string(largest->peer()),
      " was closed: the server is at its memory budget, and the peer has taken and sent next to "
      "nothing of ",
      largest->stalled_bytes, " bytes for ",
      std::chrono::duration_cast<std::chrono::seconds>(kStallPatience).count(), " s");
  Log(LogLevel::kWarning, why);
  largest->CutOff(absl::UnavailableError(why));
}

}  // namespace weft::internal
