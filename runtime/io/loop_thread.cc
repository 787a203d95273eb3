#include "io/loop_thread.h"

#include <future>
#include <utility>

#include "base/check.h"
#include "io/signals_blocked.h"

namespace weft::internal {

LoopThread::LoopThread(std::unique_ptr<EventLoop> loop) : loop_(std::move(loop)) {
  std::promise<void> running;
  std::future<void> taken_over = running.get_future();
  const bool posted = loop_->Post([&running] { running.set_value(); });
  Check(posted, "a loop that has ended was given to a thread");
  {
    // Signals are the application's own threads' business.
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { loop_->Run(); });
  }
  taken_over.wait();
}

LoopThread::~LoopThread() { Stop(); }

void LoopThread::Stop() {
  if (!thread_.joinable()) return;
  Check(!loop_->OnThread(), "a loop's own thread can't wait for its end");
  loop_->Stop();
  thread_.join();
}

}  // namespace weft::internal
