#pragma once

namespace weft::internal {

// A member of an object that calls code which may destroy it. One thread.
class Liveness {
 public:
  // On the stack of the method that makes the call; one at a time.
  class Watch {
   public:
    explicit Watch(Liveness& of) : of_(&of) { of.watch_ = this; }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() {
      if (of_ != nullptr) of_->watch_ = nullptr;
    }
    // Whether the object is still there.
    bool alive() const { return of_ != nullptr; }

   private:
    friend class Liveness;
    Liveness* of_;
  };

  Liveness() = default;
  Liveness(const Liveness&) = delete;
  Liveness& operator=(const Liveness&) = delete;
  ~Liveness() {
    if (watch_ != nullptr) watch_->of_ = nullptr;
  }

 private:
  Watch* watch_ = nullptr;
};

}  // namespace weft::internal
