#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "absl/status/statusor.h"

#include "base/intrusive_list.h"
#include "buffer/chunk_pool.h"
#include "coro/executor.h"
#include "coro/frame_pool.h"
#include "coro/task_set.h"
#include "io/fd_watch.h"
#include "io/loop_mailbox.h"
#include "io/loop_resident.h"
#include "io/timer_wheel.h"
#include "weft/clock.h"
#include "weft/internal/thread_context.h"

struct event_base;

namespace weft::internal {

// The inside of a weft::EventLoop: a libevent base, the queues of one pass, the timing wheel and
// the pools.
//
// One pass: wait for events and let the transports handle them; run due timers; run the ready queue
// until it is empty; run the end-of-pass queue, where connections flush; and again while either has
// something, up to a bound that keeps a busy coroutine from shutting out the sockets. Output is
// flushed before the loop waits, in every case.
//
// Owned by its EventLoop. All methods belong to the loop's thread (whichever ran it last, at first
// the one that made it), except where said.
class LoopCore final : public Executor {
 public:
  // `random` may be null; both must outlive the loop. Fails when the process has no descriptors
  // left.
  static absl::StatusOr<std::unique_ptr<LoopCore>> Create(Clock& clock, Random* random);
  ~LoopCore();

  void Schedule(Runnable& runnable) override;
  bool Post(Runnable& runnable) override { return mailbox_->Post(runnable); }  // any thread
  bool OnThread() const override {                                             // any thread
    return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }
  TimePoint Now() override;

  // Runs it when the ready queue is empty. It must stay alive until it has run.
  void AtPassEnd(Runnable& runnable);
  // Runs what is ready now instead of at the end of the pass: a connection whose input has been
  // read has its calls handled while they are warm in the cache, and their objects are free again
  // for the next connection's. From a transport's event only; whoever called may be destroyed by
  // what runs.
  void RunReady();
  void AddResident(LoopResident& resident) { residents_->Add(resident); }  // any thread

  TimerWheel& timers() { return timers_; }
  ChunkPool& chunks() { return chunks_; }
  FramePool& frames() { return frames_; }
  // What runs on this loop's thread belongs to; current while a pass runs. For those who start
  // coroutines in between.
  ThreadContext& context() { return context_; }
  Clock& clock() { return clock_; }
  Random& random() { return *random_; }
  // The tasks that Spawn started. Not after the end.
  TaskSet& tasks() { return *tasks_; }
  LoopHandle handle() const { return LoopHandle(mailbox_); }                // any thread
  const std::shared_ptr<LoopMailbox>& mailbox() const { return mailbox_; }  // any thread

  // As the methods of EventLoop.
  void Run();
  bool RunOnce(Duration timeout);
  void Stop();  // any thread
  int fd();

  // For FdWatch.
  event_base* base() { return base_.get(); }
  void Link(FdWatch& watch) { watches_.PushBack(watch); }

 private:
  class Inside;
  struct FreeBase {
    void operator()(event_base* base) const;
  };
  using BasePtr = std::unique_ptr<event_base, FreeBase>;

  // The eventfd: somebody posted.
  class Mail final : public Transport::Events {
   public:
    explicit Mail(LoopCore& loop) : loop_(loop) {}
    void OnReadable() override { loop_.TakeMail(); }
    void OnWritable() override {}

   private:
    LoopCore& loop_;
  };
  // The timerfd: the wheel has something due. One is set for the next used tick; it is not moved
  // when a deadline is dropped. (libevent's own timers would do, but round to a jiffy and don't
  // show in fd().)
  class Alarm final : public Transport::Events {
   public:
    explicit Alarm(LoopCore& loop) : loop_(loop) {}
    void OnReadable() override { loop_.alarm_rang_ = true; }
    void OnWritable() override {}

   private:
    LoopCore& loop_;
  };
  // Ends the waiting of RunOnce(timeout).
  class Timeout final : public TimerNode {
   public:
    void OnTimer() override {}
  };
  // Gives idle pool memory back, once a second while there is some.
  class Trimmer final : public TimerNode {
   public:
    explicit Trimmer(LoopCore& loop) : loop_(loop) {}
    void OnTimer() override { loop_.Trim(); }

   private:
    LoopCore& loop_;
  };

  LoopCore(Clock& clock, Random* random, BasePtr base, OwnedFd wake, OwnedFd alarm);

  void Pass(bool may_block);
  void RunQueues();
  void TakeMail();
  void SetAlarm();
  void Trim();
  bool TrimHeap(std::size_t freed_chunks, std::size_t others);
  bool idle() const { return ready_.empty() && pass_end_.empty(); }
  // Ends what lives on the loop and runs what it had accepted. Once.
  void End();
  // Runs the queues until they are empty, or until what is in them seems to go on for ever.
  void Drain();

  Clock& clock_;
  const std::unique_ptr<Random> own_random_;
  Random* const random_;
  std::atomic<std::thread::id> thread_;
  const std::shared_ptr<LoopMailbox> mailbox_;
  const std::shared_ptr<LoopResidents> residents_;
  std::atomic<bool> stop_{false};
  bool inside_ = false;  // a pass or the end is running
  bool ended_ = false;

  BasePtr base_;
  int fd_ = -1;
  IntrusiveList<FdWatch, FdWatch> watches_;

  RunQueue ready_;
  RunQueue pass_end_;
  std::optional<TimePoint> now_;  // as read in this pass

  TimerWheel timers_;
  const OwnedFd alarm_fd_;
  TimePoint alarm_at_ = kNever;
  bool alarm_rang_ = false;
  Mail mail_;
  Alarm alarm_;
  FdWatch mail_watch_;
  FdWatch alarm_watch_;
  Trimmer trimmer_;
  bool trimmed_ = false;        // in this pass
  std::size_t most_bytes_ = 0;  // taken at once since the heap was trimmed
  std::size_t others_ = 0;      // that were taken at the last trim, but for chunks

  ChunkPool chunks_;
  FramePool frames_;
  ThreadContext context_;
  std::optional<TaskSet> tasks_;  // until the end
};

}  // namespace weft::internal
