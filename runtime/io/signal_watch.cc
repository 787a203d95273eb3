#include "io/signal_watch.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"

namespace weft::internal {
namespace {

constexpr std::size_t kSignals = 64;

struct Slot {
  std::atomic<int> wake_fd{-1};
  std::atomic<std::uint64_t> watched{0};
  std::atomic<std::uint64_t> pending{0};
};

// Global of necessity: a signal handler gets nothing else to find its watches by. Atomics for the
// handler, the rest under the mutex.
struct Signals {
  std::atomic<int> handling{0};  // handlers that run now
  std::array<Slot, SignalWatch::kMostWatches> slots;
  std::mutex mutex;
  std::array<int, kSignals> watchers{};
  std::array<struct sigaction, kSignals> former{};
};
constinit Signals signals_state;  // lint: allow global: see above

std::uint64_t BitOf(int signal) { return std::uint64_t{1} << signal; }

void HandleSignal(int signal) {
  const int saved = errno;
  signals_state.handling.fetch_add(1);
  for (Slot& slot : signals_state.slots) {
    if ((slot.watched.load(std::memory_order_acquire) & BitOf(signal)) == 0) continue;
    slot.pending.fetch_or(BitOf(signal));
    const int fd = slot.wake_fd.load();
    if (fd >= 0) (void)::eventfd_write(fd, 1);
  }
  signals_state.handling.fetch_sub(1);
  errno = saved;
}

std::uint64_t MaskOf(std::initializer_list<int> numbers) {
  std::uint64_t mask = 0;
  for (int number : numbers) {
    Check(number > 0 && number < static_cast<int>(kSignals), "no such signal");
    mask |= BitOf(number);
  }
  return mask;
}

}  // namespace

SignalWatch::SignalWatch(std::initializer_list<int> signals)
    : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), signals_(MaskOf(signals)) {
  Check(wake_.valid(), "cannot watch signals: no file descriptor is left");
  Signals& state = signals_state;
  std::lock_guard lock(state.mutex);
  for (int i = 0; i < kMostWatches && slot_ < 0; ++i) {
    if (state.slots[static_cast<std::size_t>(i)].wake_fd.load() < 0) slot_ = i;
  }
  Check(slot_ >= 0, "too many parts of the process watch signals at once");
  Slot& slot = state.slots[static_cast<std::size_t>(slot_)];
  slot.pending = 0;
  slot.wake_fd = wake_.get();
  slot.watched.store(signals_, std::memory_order_release);
  for (int signal : signals) {
    if (state.watchers[static_cast<std::size_t>(signal)]++ > 0) continue;
    struct sigaction action{};
    action.sa_handler = &HandleSignal;
    action.sa_flags = SA_RESTART;
    ::sigfillset(&action.sa_mask);
    Check(::sigaction(signal, &action, &state.former[static_cast<std::size_t>(signal)]) == 0,
          "a signal can't be watched");
  }
}

SignalWatch::~SignalWatch() {
  watch_.Stop();
  Signals& state = signals_state;
  std::lock_guard lock(state.mutex);
  for (std::uint64_t left = signals_; left != 0; left &= left - 1) {
    const auto signal = static_cast<std::size_t>(std::countr_zero(left));
    if (--state.watchers[signal] > 0) continue;
    ::sigaction(static_cast<int>(signal), &state.former[signal], nullptr);
  }
  Slot& slot = state.slots[static_cast<std::size_t>(slot_)];
  slot.watched = 0;
  slot.wake_fd = -1;
  // One that began before may still hold the descriptor, which is closed next.
  while (state.handling.load() > 0) std::this_thread::yield();
}

int SignalWatch::Take() {
  Slot& slot = signals_state.slots[static_cast<std::size_t>(slot_)];
  const std::uint64_t pending = slot.pending.load();
  if (pending == 0) return 0;
  const int signal = std::countr_zero(pending);
  slot.pending.fetch_and(~BitOf(signal));
  return signal;
}

int SignalWatch::Wait() {
  while (true) {
    if (const int signal = Take(); signal != 0) return signal;
    if (woken_.exchange(false)) return 0;
    pollfd waiting{wake_.get(), POLLIN, 0};
    (void)::poll(&waiting, 1, -1);
    eventfd_t count;
    (void)::eventfd_read(wake_.get(), &count);
  }
}

void SignalWatch::Wake() {
  woken_ = true;
  (void)::eventfd_write(wake_.get(), 1);
}

void SignalWatch::Start(LoopCore& loop, absl::AnyInvocable<void(int)> told) {
  told_ = std::move(told);
  watch_.Start(loop, wake_.get(), *this);
  watch_.WatchReads(true);
}

void SignalWatch::OnReadable() {
  eventfd_t count;
  (void)::eventfd_read(wake_.get(), &count);
  // What else is pending wakes the loop again: `told` may destroy this.
  const int signal = Take();
  if (signal == 0) return;
  (void)::eventfd_write(wake_.get(), 1);
  told_(signal);
}

}  // namespace weft::internal
