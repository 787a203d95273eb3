#pragma once

#include <thread>

#include "weft/event_loop.h"

namespace weft::internal {

// A loop and the thread that runs it. Made and destroyed by one other thread.
class LoopThread final {
 public:
  // Returns when the thread has taken the loop over: until then the loop would take the maker's
  // thread for its own. `loop` has not run before.
  explicit LoopThread(std::unique_ptr<EventLoop> loop);
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  // Stops the loop and joins the thread. Not on that thread.
  ~LoopThread();

  EventLoop& loop() { return *loop_; }
  // As the destructor, but the loop, ended, is still there.
  void Stop();

 private:
  const std::unique_ptr<EventLoop> loop_;
  std::thread thread_;
};

}  // namespace weft::internal
