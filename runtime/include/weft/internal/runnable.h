// Layer: coro.
#pragma once

namespace weft::internal {

// The links of a Runnable, apart from it so that its own names stay free for those who derive.
class RunLink {
 private:
  friend class Runnable;
  friend class RunQueue;
  RunLink* run_next_ = nullptr;
  RunLink* run_prev_ = nullptr;
};

// Something to run once. Intrusive: scheduling allocates nothing; a node is in at most one queue at
// a time. One that is scheduled on its own loop leaves the queue when it is destroyed or cancelled.
// One that was posted from another thread must stay alive until it has run.
class Runnable : public RunLink {
 public:
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;

  virtual void Run() = 0;

  // True from Schedule until just before Run. Loop thread only.
  bool queued() const { return run_next_ != nullptr; }

  // Leaves the queue without being run; does nothing when not queued. Loop thread only, never for a
  // posted one.
  void CancelRun() {
    if (run_next_ == nullptr) return;
    run_prev_->run_next_ = run_next_;
    run_next_->run_prev_ = run_prev_;
    run_next_ = run_prev_ = nullptr;
  }

 protected:
  Runnable() = default;
  ~Runnable() { CancelRun(); }
};

}  // namespace weft::internal
