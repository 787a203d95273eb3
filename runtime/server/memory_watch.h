#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"

#include "base/intrusive_list.h"
#include "buffer/budget_count.h"
#include "buffer/chunk_pool.h"
#include "coro/executor.h"
#include "io/loop_core.h"
#include "io/timer_wheel.h"
#include "weft/clock.h"

namespace weft::internal {

class HttpStream;
class MemoryWatch;
class Protocol;
class ServerCall;

// A connection, as far as the server's memory goes. Part of it; loop thread only.
class MemoryTenant : public ListHook<MemoryTenant> {
 public:
  MemoryTenant() = default;
  MemoryTenant(const MemoryTenant&) = delete;

  // What the peer is called.
  virtual std::string_view peer() const = 0;
  // Keeps back credit for bodies, until it is switched off again.
  virtual void HoldCredit(bool hold) = 0;
  // Held back, but may have a little of what is kept. False when it is not that which stops it.
  virtual bool LendCredit() = 0;
  // It may send next to nothing of its bodies until then.
  virtual bool credit_held() const = 0;
  // Of replies, not taken by the peer. Regions of files are the page cache's.
  virtual std::size_t unsent_bytes() = 0;
  // Of bodies, and of answers' heads, so far; between two looks it may fall. None: it is never cut
  // off.
  virtual std::optional<std::int64_t> moved_bytes() const = 0;
  // Closes the connection at once. May destroy this.
  virtual void CutOff(const absl::Status& why) = 0;

  // The watch's, as of its last look.
  bool held_back = false;
  bool has_calls = false;
  bool waits = false;  // a call of its needs more of its request
  std::size_t held_bytes = 0;
  std::size_t stalled_bytes = 0;  // of them, those that its peer could move
  std::int64_t moved = 0;         // of the last step of kLeastStalled
  TimePoint moved_at;             // when that grew, or less was stalled
  // Of the calls that wait with much of their messages, the one that goes first: while the
  // connection is held back the others get no more. May have ended since; none until one has so
  // much.
  ServerCall* first_to_end = nullptr;
  // The one at the look before, how much it had when it last moved, and when that was.
  const ServerCall* first_before = nullptr;
  std::size_t first_bytes = 0;
  TimePoint first_moved_at;
  std::uint32_t passed_over = 0;  // so often calls were
  bool borrows = false;  // it is its turn: what it held when it was lent credit, and when that was
  std::size_t held_at_loan = 0;
  TimePoint lent_at;

 protected:
  ~MemoryTenant() = default;
};

// Keeps a server's connections on one loop within its memory budget. While that is tight,
// connections that hold more than their share are held back: their credit is kept, so that their
// peers stop sending bodies, and their new calls are refused; accepted calls go on. At the whole
// budget that goes for all. Frames, PINGs and cancellations are read throughout.
//
// Accepted calls may all be waiting for the rest of their requests, and none of them would end: so
// each tick a connection that has such a call, and is stopped by us, is lent some credit. The same
// one, and on it the same call, until that has come in whole: if all were lent credit in turn, all
// would grow and end together, above any budget. Who does not use what it is lent loses its turn,
// the connection to others and the call to others of its connection.
//
// Connections whose peers take and send next to nothing, although they could, would refuse service
// to all others for good: while the budget is full they are closed, one a tick, the largest first.
//
// Part of its shard; loop thread only.
class MemoryWatch final : private ChunkPool::Watcher, private Runnable, private TimerNode {
 public:
  MemoryWatch(BudgetCount& budget, LoopCore& loop, IntrusiveList<ServerCall>& calls);
  MemoryWatch(const MemoryWatch&) = delete;
  ~MemoryWatch() override { Leave(); }

  // A new connection; it leaves the watch when it is destroyed.
  void Add(MemoryTenant& tenant);
  // Whether a new call of the tenant's to `path` is refused.
  bool Refuses(const MemoryTenant& tenant, std::string_view path) {
    // It may be other loops that have filled the budget, with this one's use as it was.
    if (budget_.level() != level_ && !queued() && !left_) [[unlikely]]
      loop_.Schedule(*this);
    return (tenant.held_back || budget_.level() == Level::kFull) && !path.starts_with(kHealth);
  }
  // The same when its handler is to begin, by all that others have replied since its head came.
  // Not from inside a codec's event.
  bool RefusesToBegin(const MemoryTenant& tenant, std::string_view path) {
    if (queued()) LookNow();
    return Refuses(tenant, path);
  }
  // What a refused call is to end with; the head of its answer may get a field.
  static absl::Status Refusal(const MemoryTenant& tenant, const Protocol& protocol,
                              HttpStream& stream);
  // The loop ends: what it held counts no more, unless another server's connections go on.
  void Leave();

 private:
  using Level = BudgetCount::Level;
  // Its calls are small and are answered also over the budget: whoever watches the server's health
  // would end it, and with it the calls that the budget protects.
  static constexpr std::string_view kHealth = "/grpc.health.v1.Health/";

  void OnUse(std::size_t bytes) override;
  void Run() override { Look(); }
  void OnTimer() override;
  // So much of the budget is used above it that only one more is waited for.
  bool overdrawn() const {
    return budget_.used() >= budget_.limit() + budget_.limit() / kOverdraftPart;
  }
  // What the loop's pool has in use at the moment.
  std::size_t Held() const;
  void LookNow();
  // Sees who holds how much, and holds back or lets go.
  void Look();
  std::size_t LookAtCalls();
  void PassOverIfItRests(MemoryTenant& tenant);
  void SetTimer();
  void Lend();
  bool RenewLoans();
  void BeginTurn(MemoryTenant& tenant);
  void EndTurn(MemoryTenant& tenant);
  void CutOffStalled();

  BudgetCount& budget_;
  LoopCore& loop_;
  IntrusiveList<ServerCall>& calls_;
  IntrusiveList<MemoryTenant, MemoryTenant> tenants_;  // whose turn comes first stands first
  BudgetCount::Loop* counted_ = nullptr;               // null where there is no bound
  std::size_t use_ = 0;                                // the loop's, as last counted
  Level level_ = Level::kFree;                         // at the last look
  std::size_t use_at_look_ = 0;
  TimePoint full_since_ = kNever;  // for the first time since it was free
  Duration pause_{};               // of the timer, while it is armed
  bool left_ = false;
};

}  // namespace weft::internal
