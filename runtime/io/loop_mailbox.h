#pragma once

#include <memory>
#include <mutex>

#include "coro/executor.h"
#include "io/owned_fd.h"

namespace weft::internal {

// How other threads reach a loop. Shared by the loop and everyone who may outlive it; any thread.
// The eventfd inside is written only when the queue was empty, so a burst of posts costs one system
// call.
class LoopMailbox {
 public:
  // `wake` is an eventfd that the loop watches.
  explicit LoopMailbox(OwnedFd wake) : wake_(std::move(wake)) {}

  // Runs it on the loop. False when the loop has ended: then it never runs. What was accepted
  // always runs.
  bool Post(Runnable& runnable);
  // Takes back what was posted and has not run yet. False when it isn't there. On the loop's
  // thread, or when the loop has ended.
  bool Withdraw(Runnable& runnable);
  // Makes the loop look up, though nothing was posted.
  void Wake();

  int wake_fd() const { return wake_.get(); }
  // The loop's side: empties the eventfd and moves what was posted behind `into`, in order.
  void Take(RunQueue& into);
  // The loop's side: nothing is accepted from here on. CloseIfEmpty: only if nothing waits; then
  // whoever is refused knows that the loop has run all that was posted before.
  void Close();
  bool CloseIfEmpty();

 private:
  const OwnedFd wake_;
  std::mutex mutex_;
  RunQueue queue_;
  bool closed_ = false;
};

// A counted reference to a loop that may be gone. Cheap to copy, any thread.
class LoopHandle {
 public:
  LoopHandle() = default;
  explicit LoopHandle(std::shared_ptr<LoopMailbox> mailbox) : mailbox_(std::move(mailbox)) {}
  bool Post(Runnable& runnable) const { return mailbox_ != nullptr && mailbox_->Post(runnable); }

 private:
  std::shared_ptr<LoopMailbox> mailbox_;
};

}  // namespace weft::internal
