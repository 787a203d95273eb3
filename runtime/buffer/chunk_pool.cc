#include "buffer/chunk_pool.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>

#include "base/poison.h"

namespace weft::internal {
namespace {

constexpr std::size_t kClasses = kChunkSizes.size();

std::uint8_t ClassFor(std::size_t size) {
  static_assert(kClasses == 4);
  return static_cast<std::uint8_t>((size > kChunkSizes[0]) + (size > kChunkSizes[1]) +
                                   (size > kChunkSizes[2]) + (size > kChunkSizes[3]));
}

}  // namespace

// A counter with one writer at a time, read from anywhere: no locked instruction.
template <typename T>
class Gauge {
 public:
  void Add(T n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void Sub(T n) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  T get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<T> value_{0};
};

// What the chunks of a pool need of it. Deleted by whoever drops the last count: the pool holds
// one, every chunk that exists, idle or not, another.
class ChunkPoolCore final : public ChunkHome {
 public:
  explicit ChunkPoolCore(const ChunkPool::Options& options) : options_(options) { Bind(); }

  void Bind() { owner_.store(std::this_thread::get_id(), std::memory_order_relaxed); }

  bool OnOwnerThread() const {
    return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

  Chunk* Acquire(std::size_t min_size) {
    assert(OnOwnerThread());
    const std::uint8_t size_class = ClassFor(min_size);
    if (size_class == kClasses) [[unlikely]] {
      misses_.Add(1);
      return CreateAndTell(min_size, size_class);
    }
    FreeList& list = lists_[size_class];
    if (list.head == nullptr) [[unlikely]] {
      TakeReturned();
      if (list.head == nullptr) {
        misses_.Add(1);
        return CreateAndTell(kChunkSizes[size_class], size_class);
      }
    }
    hits_.Add(1);
    Chunk* chunk = Pop(list);
    idle_bytes_.Sub(chunk->capacity_);
    if (idle_bytes_.get() < tell_below_) [[unlikely]]
      TellUse();
    return Revive(chunk, false);
  }

  Chunk* AcquireFromAnyThread(std::size_t min_size) {
    const std::uint8_t size_class = ClassFor(min_size);
    const std::lock_guard lock(depot_mutex_);
    depot_used_ = true;
    if (size_class < kClasses) {
      FreeList& list = depot_[size_class];
      if (list.head == nullptr) FillDepot();
      if (list.head != nullptr) {
        depot_hits_.Add(1);
        Chunk* chunk = Pop(list);
        depot_bytes_.Sub(chunk->capacity_);
        return Revive(chunk, true);
      }
    }
    depot_misses_.Add(1);
    Chunk* chunk = Create(size_class < kClasses ? kChunkSizes[size_class] : min_size, size_class);
    chunk->from_depot_ = true;
    return chunk;
  }

  // The last reference to `chunk` went, on the calling thread.
  void GiveBack(Chunk* chunk) {
    if (chunk->size_class_ == kClasses) [[unlikely]] {
      // A count of our own, since the chunk's may be the last.
      refs_.fetch_add(1, std::memory_order_relaxed);
      Destroy(chunk);
      if (OnOwnerThread()) TellUse();
      Unref();
      return;
    }
    PoisonFreed(chunk->data(), chunk->capacity_);
    // What a foreign thread took goes back to where it will look for it.
    if (OnOwnerThread() && !chunk->from_depot_) [[likely]] {
      Keep(chunk);
    } else {
      PushReturned(chunk);
    }
  }

  std::size_t Trim(TimePoint now) {
    assert(OnOwnerThread());
    if (now - last_trim_ < options_.trim_interval) return 0;
    last_trim_ = now;
    std::size_t freed = TrimDepot();
    for (FreeList& list : lists_) {
      const std::size_t bytes = DropColdest(list, list.idle_low);
      idle_bytes_.Sub(bytes);
      freed += bytes;
      list.idle_low = list.idle;
    }
    TakeReturned();
    TellUse();
    return freed;
  }

  // On the owner's thread, or before it begins.
  void AddWatcher(ChunkPool::Watcher& watcher) {
    watchers_.PushBack(watcher);
    TellUse();
  }

  // Any thread.
  void Charge(std::size_t bytes) {
    refs_.fetch_add(1, std::memory_order_relaxed);
    charged_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    NotePeak();
    if (OnOwnerThread()) TellUse();
  }
  void Uncharge(std::size_t bytes) {
    charged_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    if (OnOwnerThread()) TellUse();
    Unref();
  }

  void Tell() {
    assert(OnOwnerThread());
    TellUse();
  }

  void ForgetPeak() { peak_bytes_.store(held_bytes(), std::memory_order_relaxed); }

  ChunkPool::Stats stats() const {
    ChunkPool::Stats stats;
    stats.hits = hits_.get() + depot_hits_.get();
    stats.misses = misses_.get() + depot_misses_.get();
    stats.bytes_written = written();
    stats.remote_returns = remote_returns_.load(std::memory_order_relaxed);
    stats.bytes_idle =
        idle_bytes_.get() + depot_bytes_.get() + returned_bytes_.load(std::memory_order_relaxed);
    const std::size_t all = all_bytes_.load(std::memory_order_relaxed);
    stats.bytes_in_use = all - std::min(all, stats.bytes_idle);
    stats.bytes_charged = charged_bytes_.load(std::memory_order_relaxed);
    stats.bytes_peak =
        std::max(all + stats.bytes_charged, peak_bytes_.load(std::memory_order_relaxed));
    return stats;
  }

  // The pool is gone: from here on whatever comes back is freed at once.
  void Close() {
    owner_.store(std::thread::id(), std::memory_order_relaxed);
    Chunk* returned = returned_.exchange(Closed(), std::memory_order_acq_rel);
    while (returned != nullptr) {
      Chunk* next = returned->next_;
      Destroy(returned);
      returned = next;
    }
    for (FreeList& list : lists_) DropColdest(list, list.idle);
    {
      const std::lock_guard lock(depot_mutex_);
      for (FreeList& list : depot_) DropColdest(list, list.idle);
    }
    Unref();
  }

 private:
  // Last in, first out: the warmest chunk is used next, the coldest are trimmed.
  struct FreeList {
    Chunk* head = nullptr;
    std::size_t idle = 0;
    std::size_t idle_low = 0;  // the fewest since the last trim: so many nobody needed
  };

  // Marks the return stack of a pool that is gone.
  Chunk* Closed() { return reinterpret_cast<Chunk*>(this); }

  static void Push(FreeList& list, Chunk* chunk) {
    chunk->next_ = list.head;
    list.head = chunk;
    ++list.idle;
  }

  static Chunk* Pop(FreeList& list) {
    Chunk* chunk = list.head;
    list.head = chunk->next_;
    if (--list.idle < list.idle_low) list.idle_low = list.idle;
    return chunk;
  }

  static Chunk* Revive(Chunk* chunk, bool from_depot) {
    UnpoisonReused(chunk->data(), chunk->capacity_);
    chunk->from_depot_ = from_depot;
    chunk->Reset();
    return chunk;
  }

  Chunk* Create(std::size_t capacity, std::uint8_t size_class) {
    Chunk* chunk = Chunk::Create(this, capacity, size_class);
    refs_.fetch_add(1, std::memory_order_relaxed);
    all_bytes_.fetch_add(capacity, std::memory_order_relaxed);
    NotePeak();
    return chunk;
  }

  std::size_t held_bytes() const {
    return all_bytes_.load(std::memory_order_relaxed) +
           charged_bytes_.load(std::memory_order_relaxed);
  }

  // Two threads at once may keep the lower of two peaks: off by a chunk.
  void NotePeak() {
    const std::size_t held = held_bytes();
    if (held > peak_bytes_.load(std::memory_order_relaxed)) {
      peak_bytes_.store(held, std::memory_order_relaxed);
    }
  }

  Chunk* CreateAndTell(std::size_t capacity, std::uint8_t size_class) {
    Chunk* chunk = Create(capacity, size_class);
    TellUse();
    return chunk;
  }

  // Owner thread. What chunks do between two misses shows in the idle bytes alone, so that is all
  // that the common path compares.
  void TellUse() {
    if (watchers_.empty()) {
      tell_below_ = 0;
      tell_above_ = static_cast<std::size_t>(-1);
      return;
    }
    const std::size_t idle = idle_bytes_.get();
    tell_below_ = idle - std::min(idle, kUseStep);
    tell_above_ = idle + kUseStep;
    const ChunkPool::Stats now = stats();
    const std::size_t use = now.bytes_in_use + now.bytes_charged;
    if (use < told_use_ + kUseStep && told_use_ < use + kUseStep && use != 0) return;
    if (use == told_use_) return;
    told_use_ = use;
    for (ChunkPool::Watcher* watcher = &watchers_.front(); watcher != nullptr;
         watcher = watchers_.Next(*watcher)) {
      watcher->OnUse(use);
    }
  }

  void Destroy(Chunk* chunk) {
    all_bytes_.fetch_sub(chunk->capacity_, std::memory_order_relaxed);
    UnpoisonReused(chunk->data(), chunk->capacity_);
    Chunk::Destroy(chunk);
    Unref();
  }

  void Unref() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // Owner thread: to a free list, or to malloc above the bound.
  void Keep(Chunk* chunk) {
    if (idle_bytes_.get() + chunk->capacity_ > options_.max_idle_bytes) [[unlikely]] {
      Destroy(chunk);  // while the pool lives, this is not its last count
      TellUse();
      return;
    }
    idle_bytes_.Add(chunk->capacity_);
    Push(lists_[chunk->size_class_], chunk);
    if (idle_bytes_.get() > tell_above_) [[unlikely]]
      TellUse();
  }

  // Only whole batches are taken off, so a head that has been seen can't have left and come back
  // under the same address while its successor changed: no ABA. Once the exchange is done the chunk
  // is the owner's, and this object may be gone.
  void PushReturned(Chunk* chunk) {
    const std::size_t capacity = chunk->capacity_;
    if (returned_bytes_.fetch_add(capacity, std::memory_order_relaxed) + capacity >
        options_.max_returned_bytes) {
      returned_bytes_.fetch_sub(capacity, std::memory_order_relaxed);
      Destroy(chunk);
      return;
    }
    Chunk* head = returned_.load(std::memory_order_acquire);
    remote_returns_.fetch_add(1, std::memory_order_relaxed);
    do {
      if (head == Closed()) {
        Destroy(chunk);
        return;
      }
      chunk->next_ = head;
    } while (!returned_.compare_exchange_weak(head, chunk, std::memory_order_release,
                                              std::memory_order_acquire));
  }

  template <typename Take>
  void DrainReturned(Take take) {
    if (returned_.load(std::memory_order_relaxed) == nullptr) return;
    Chunk* chunk = returned_.exchange(nullptr, std::memory_order_acquire);
    while (chunk != nullptr) {
      Chunk* next = chunk->next_;
      returned_bytes_.fetch_sub(chunk->capacity_, std::memory_order_relaxed);
      take(chunk);
      chunk = next;
    }
  }

  void TakeReturned() {
    DrainReturned([this](Chunk* chunk) { Keep(chunk); });
  }

  // Under depot_mutex_.
  void FillDepot() {
    DrainReturned([this](Chunk* chunk) {
      if (depot_bytes_.get() + chunk->capacity_ > options_.max_depot_bytes) {
        Destroy(chunk);
        return;
      }
      depot_bytes_.Add(chunk->capacity_);
      Push(depot_[chunk->size_class_], chunk);
    });
  }

  std::size_t TrimDepot() {
    const std::lock_guard lock(depot_mutex_);
    std::size_t freed = 0;
    if (!depot_used_) {
      for (FreeList& list : depot_) freed += DropColdest(list, list.idle);
      depot_bytes_.Sub(freed);
    }
    depot_used_ = false;
    return freed;
  }

  // Destroys the `count` chunks that were given back longest ago; returns their bytes.
  std::size_t DropColdest(FreeList& list, std::size_t count) {
    Chunk** link = &list.head;
    for (std::size_t kept = list.idle - count; kept > 0; --kept) link = &(*link)->next_;
    Chunk* chunk = std::exchange(*link, nullptr);
    std::size_t bytes = 0;
    while (chunk != nullptr) {
      Chunk* next = chunk->next_;
      bytes += chunk->capacity_;
      Destroy(chunk);
      chunk = next;
    }
    list.idle -= count;
    list.idle_low = std::min(list.idle_low, list.idle);
    return bytes;
  }

  const ChunkPool::Options options_;
  std::atomic<std::size_t> refs_{1};
  std::atomic<std::thread::id> owner_;

  // The owner thread's.
  std::array<FreeList, kClasses> lists_;
  TimePoint last_trim_{};
  Gauge<std::size_t> idle_bytes_;
  Gauge<std::uint64_t> hits_;
  Gauge<std::uint64_t> misses_;
  IntrusiveList<ChunkPool::Watcher, ChunkPool::Watcher> watchers_;
  std::size_t told_use_ = 0;
  // Idle bytes beyond which the watchers may have to be told.
  std::size_t tell_below_ = 0;
  std::size_t tell_above_ = static_cast<std::size_t>(-1);

  // Everybody's, away from the owner's cache lines.
  alignas(64) std::atomic<Chunk*> returned_{nullptr};
  std::atomic<std::size_t> returned_bytes_{0};
  std::atomic<std::uint64_t> remote_returns_{0};
  std::atomic<std::size_t> all_bytes_{0};
  std::atomic<std::size_t> peak_bytes_{0};
  std::atomic<std::size_t> charged_bytes_{0};

  std::mutex depot_mutex_;  // guards what follows
  std::array<FreeList, kClasses> depot_;
  bool depot_used_ = false;
  Gauge<std::size_t> depot_bytes_;
  Gauge<std::uint64_t> depot_hits_;
  Gauge<std::uint64_t> depot_misses_;
};

void Chunk::Release() noexcept { static_cast<ChunkPoolCore*>(home_)->GiveBack(this); }

ChunkPool::ChunkPool() : ChunkPool(Options()) {}
ChunkPool::ChunkPool(const Options& options) : core_(new ChunkPoolCore(options)) {}
ChunkPool::~ChunkPool() { core_->Close(); }

void ChunkPool::BindToThisThread() { core_->Bind(); }

ChunkRef ChunkPool::Acquire(std::size_t min_size) {
  return core_->OnOwnerThread() ? ChunkRef::Adopt(core_->Acquire(min_size))
                                : AcquireFromAnyThread(min_size);
}

ChunkRef ChunkPool::AcquireFromAnyThread(std::size_t min_size) {
  return ChunkRef::Adopt(core_->AcquireFromAnyThread(min_size));
}

std::size_t ChunkPool::Trim(TimePoint now) { return core_->Trim(now); }

ChunkPool::Stats ChunkPool::stats() const { return core_->stats(); }
void ChunkPool::Tell() { core_->Tell(); }
void ChunkPool::ForgetPeak() { core_->ForgetPeak(); }
void ChunkPool::AddWatcher(Watcher& watcher) { core_->AddWatcher(watcher); }

ChunkPool::Charge ChunkPool::ChargeFor(std::size_t bytes) {
  core_->Charge(bytes);
  return Charge(core_, bytes);
}

ChunkPool::Charge::~Charge() {
  if (core_ != nullptr) core_->Uncharge(bytes_);
}

}  // namespace weft::internal
