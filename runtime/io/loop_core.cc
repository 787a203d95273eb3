#include "io/loop_core.h"

#include <event2/event.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "base/absl_view.h"
#include "base/check.h"
#include "base/heap.h"
#include "base/random.h"

namespace weft::internal {
namespace {

// What the two queues may run before the sockets get their turn. A pass over thousands of busy
// connections needs a few runs for each; a coroutine that reschedules itself for ever is held to
// some 100 µs.
constexpr int kMaxRunsPerPass = 4096;
// How often a loop that ends lets its queues refill each other before it lets go of the rest.
constexpr int kEndRounds = 256;

absl::Status CannotMake(std::string_view what) {
  const int error = errno;
  const bool out_of_descriptors = error == EMFILE || error == ENFILE;
  return absl::ErrnoToStatus(
      error, absl::StrCat("cannot make an event loop, which takes 5 descriptors",
                          out_of_descriptors ? " (ulimit -n)" : "", ": ", Absl(what)));
}

// libevent ends the process when it can't have its pair of sockets, so that what it opens (an epoll
// set and that pair) is had here first and given back. Another thread may still take them in
// between; there is no way to be told then.
absl::Status CheckDescriptorsForLibevent(int any) {
  std::array<OwnedFd, 3> held;
  for (OwnedFd& fd : held) {
    fd = OwnedFd(::fcntl(any, F_DUPFD_CLOEXEC, 0));
    if (!fd.valid()) return CannotMake("descriptors for libevent");
  }
  return absl::OkStatus();
}

}  // namespace

// While it lives, this thread is the loop's and runs it.
class LoopCore::Inside {
 public:
  explicit Inside(LoopCore& loop) : loop_(loop), context_(&loop.context_) {
    Check(!loop.inside_, "an event loop was run from inside itself");
    loop.inside_ = true;
    if (!loop.OnThread()) {
      loop.thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
      loop.chunks_.BindToThisThread();
    }
  }
  ~Inside() {
    loop_.now_.reset();
    loop_.inside_ = false;
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  LoopCore& loop_;
  const ThreadContextScope context_;
};

void LoopCore::FreeBase::operator()(event_base* base) const { event_base_free(base); }

absl::StatusOr<std::unique_ptr<LoopCore>> LoopCore::Create(Clock& clock, Random* random) {
  OwnedFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.valid()) return CannotMake("eventfd");
  OwnedFd alarm(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!alarm.valid()) return CannotMake("timerfd_create");
  if (absl::Status enough = CheckDescriptorsForLibevent(wake.get()); !enough.ok()) return enough;

  std::unique_ptr<event_config, void (*)(event_config*)> config(event_config_new(),
                                                                &event_config_free);
  Check(config != nullptr, "out of memory");
  // No change list: it would keep what a pass asks for from the kernel until the next one, and a
  // foreign loop that waits on fd() in between would miss it. Writes are watched rarely enough.
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
  event_config_avoid_method(config.get(), "poll");
  event_config_avoid_method(config.get(), "select");
  errno = 0;
  BasePtr base(event_base_new_with_config(config.get()));
  if (base == nullptr) return CannotMake("epoll");
  return std::unique_ptr<LoopCore>(
      new LoopCore(clock, random, std::move(base), std::move(wake), std::move(alarm)));
}

LoopCore::LoopCore(Clock& clock, Random* random, BasePtr base, OwnedFd wake, OwnedFd alarm)
    : clock_(clock),
      own_random_(random == nullptr ? std::make_unique<SeededRandom>() : nullptr),
      random_(random == nullptr ? own_random_.get() : random),
      thread_(std::this_thread::get_id()),
      mailbox_(std::make_shared<LoopMailbox>(std::move(wake))),
      residents_(std::make_shared<LoopResidents>()),
      base_(std::move(base)),
      timers_(clock.Now()),
      alarm_fd_(std::move(alarm)),
      mail_(*this),
      alarm_(*this),
      trimmer_(*this) {
  tasks_.emplace();
  context_.executor = this;
  context_.frames = &frames_;
  mail_watch_.Start(*this, mailbox_->wake_fd(), mail_);
  mail_watch_.WatchReads(true);
  alarm_watch_.Start(*this, alarm_fd_.get(), alarm_);
  alarm_watch_.WatchReads(true);
}

LoopCore::~LoopCore() {
  {
    Inside inside(*this);
    End();
  }
  // Whoever owns a transport may destroy it later.
  while (!watches_.empty()) watches_.front().Stop();
}

TimePoint LoopCore::Now() {
  if (!inside_) return clock_.Now();
  if (!now_) now_ = clock_.Now();
  return *now_;
}

void LoopCore::Schedule(Runnable& runnable) {
  // Outside of a pass nobody may come by: the owner of a foreign loop waits on fd().
  if (!inside_ && idle()) mailbox_->Wake();
  ready_.Push(runnable);
}

void LoopCore::AtPassEnd(Runnable& runnable) {
  if (!inside_ && idle()) mailbox_->Wake();
  pass_end_.Push(runnable);
}

void LoopCore::TakeMail() { mailbox_->Take(ready_); }

void LoopCore::SetAlarm() {
  const TimePoint due = timers_.next_due();
  if (!alarm_rang_ && due >= alarm_at_) return;
  alarm_rang_ = false;
  alarm_at_ = due;
  itimerspec spec{};  // all zeros: off
  if (due != kNever) {
    const Duration left = std::max(due - clock_.Now(), Duration(1));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    spec.it_value.tv_sec = static_cast<time_t>(seconds.count());
    spec.it_value.tv_nsec = static_cast<long>((left - seconds).count());
  }
  Check(::timerfd_settime(alarm_fd_.get(), 0, &spec, nullptr) == 0, "timerfd_settime failed");
}

void LoopCore::Trim() {
  trimmed_ = true;
  const std::size_t freed = chunks_.Trim(Now());
  frames_.Trim();
  const LoopResidents::Left left = residents_->Trim(Now());
  const bool heap_waits = TrimHeap(freed, left.heap_bytes + frames_.stats().bytes);
  if (left.kept > 0 || chunks_.stats().bytes_idle > 0 || frames_.stats().idle_bytes > 0 ||
      heap_waits) {
    timers_.Arm(trimmer_, Now() + kPoolTrimInterval);
  }
}

// Once use has stayed far below what it has been for a whole interval. True while that is to come.
// `others`: what calls, streams, connections and frames take. They come and go one by one, so that
// what they took now and at the last look shows nearly the most of the interval.
bool LoopCore::TrimHeap(std::size_t freed_chunks, std::size_t others) {
  const ChunkPool::Stats stats = chunks_.stats();
  chunks_.ForgetPeak();
  const std::size_t others_before = std::exchange(others_, others);
  const std::size_t peak = stats.bytes_peak + std::max(others, others_before);
  most_bytes_ = std::max(most_bytes_, peak);
  const std::size_t now = stats.bytes_in_use + stats.bytes_idle + stats.bytes_charged + others;
  if (most_bytes_ < now + kHeapTrimStep) return false;
  const std::size_t freed = freed_chunks + others_before - std::min(others_before, others);
  if (most_bytes_ < peak + kHeapTrimStep || freed >= kHeapTrimRest) return true;
  if (!ReturnFreeHeap(Now())) return true;
  most_bytes_ = now;
  return false;
}

void LoopCore::Pass(bool may_block) {
  SetAlarm();
  now_.reset();
  const bool wait = may_block && idle();
  event_base_loop(base_.get(), EVLOOP_ONCE | (wait ? 0 : EVLOOP_NONBLOCK));
  if (Now() >= timers_.next_due()) timers_.Advance(Now());
  RunQueues();
  // Whatever happened may have left idle memory behind; but trimming alone must not call for the
  // next trim.
  if (!trimmer_.armed() && !std::exchange(trimmed_, false)) {
    timers_.Arm(trimmer_, Now() + kPoolTrimInterval);
  }
}

void LoopCore::RunQueues() {
  int budget = kMaxRunsPerPass;
  while (!idle() && budget > 0) {
    while (budget > 0) {
      Runnable* runnable = ready_.Pop();
      if (runnable == nullptr) break;
      --budget;
      runnable->Run();
    }
    // What flushes asks for is run at once, so that one pass does all of a call's work; what it
    // adds to its own queue waits for the next round.
    RunQueue ending = std::exchange(pass_end_, RunQueue());
    while (Runnable* runnable = ending.Pop()) {
      --budget;
      runnable->Run();
    }
  }
}

void LoopCore::RunReady() {
  for (int budget = kMaxRunsPerPass; budget > 0; --budget) {
    Runnable* runnable = ready_.Pop();
    if (runnable == nullptr) return;
    runnable->Run();
  }
}

void LoopCore::Run() {
  Inside inside(*this);
  while (!stop_.load(std::memory_order_acquire)) Pass(/*may_block=*/true);
  End();
}

bool LoopCore::RunOnce(Duration timeout) {
  Inside inside(*this);
  if (!ended_ && !stop_.load(std::memory_order_acquire)) {
    Timeout give_up;
    if (timeout > Duration::zero()) timers_.Arm(give_up, Now() + timeout);
    Pass(/*may_block=*/timeout != Duration::zero());
  }
  if (stop_.load(std::memory_order_acquire)) End();
  if (ended_) return false;
  // What is left must show in fd().
  SetAlarm();
  if (!idle()) mailbox_->Wake();
  return true;
}

void LoopCore::Stop() {
  stop_.store(true, std::memory_order_release);
  mailbox_->Wake();
}

void LoopCore::End() {
  if (ended_) return;
  // Each step lets what it ended run on: a cancelled coroutine may take a few turns to its end.
  residents_->TellEnd();
  tasks_->Cancel();
  // Those who are refused may do a runnable's work in the loop's place: it must not be running. (A
  // thread that never stops posting must not keep the loop either.)
  // Mail that an earlier pass took counts as well, so each look follows a drain.
  int round = 0;
  do {
    TakeMail();
    Drain();
  } while (++round < kEndRounds && !mailbox_->CloseIfEmpty());
  mailbox_->Close();
  TakeMail();
  Drain();
  tasks_.reset();
  residents_->Close();
  Drain();
  ended_ = true;
}

void LoopCore::Drain() {
  for (int round = 0; round < kEndRounds && !idle(); ++round) RunQueues();
}

int LoopCore::fd() {
  if (fd_ >= 0) return fd_;
  // libevent doesn't tell its epoll descriptor. It is the one set that our eventfd is in: to change
  // that entry to what it is already succeeds there, and fails everywhere else without a trace.
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  for (int fd = 0; static_cast<rlim_t>(fd) < limit.rlim_cur; ++fd) {
    epoll_event same{};
    same.events = EPOLLIN;
    same.data.fd = mailbox_->wake_fd();
    if (::epoll_ctl(fd, EPOLL_CTL_MOD, mailbox_->wake_fd(), &same) == 0) {
      fd_ = fd;
      return fd_;
    }
  }
  Die("an event loop's epoll descriptor can't be found");
}

}  // namespace weft::internal
