#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace weft::internal {

// Objects that are used again and keep what they have allocated. Whoever releases one has reset it
// before. Keeps at most `max_idle`; the last released is the first reused, since it is warm. Owns
// the idle ones only: objects in use may outlive the pool. Not thread-safe.
template <typename T>
class ObjectPool {
 public:
  explicit ObjectPool(std::size_t max_idle) : max_idle_(max_idle) {}
  ObjectPool(const ObjectPool&) = delete;
  ObjectPool& operator=(const ObjectPool&) = delete;

  // `make()` gives a new std::unique_ptr<T> when none is idle.
  template <typename Make>
  std::unique_ptr<T> Acquire(Make make) {
    if (idle_.empty()) {
      ++made_;
      return make();
    }
    std::unique_ptr<T> object = std::move(idle_.back());
    idle_.pop_back();
    low_ = std::min(low_, idle_.size());
    return object;
  }
  std::unique_ptr<T> Acquire() {
    return Acquire([] { return std::make_unique<T>(); });
  }

  void Release(std::unique_ptr<T> object) {
    if (idle_.size() < max_idle_) idle_.push_back(std::move(object));
  }

  // Destroys as many as were not needed since the last Trim, those that lay idle longest. Call it
  // now and then.
  void Trim() {
    idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(low_));
    low_ = idle_.size();
  }

  std::size_t idle() const { return idle_.size(); }
  // How many were made since the start: stands still in a steady state.
  std::size_t made() const { return made_; }

 private:
  const std::size_t max_idle_;
  std::vector<std::unique_ptr<T>> idle_;
  std::size_t low_ = 0;  // the fewest idle since the last Trim
  std::size_t made_ = 0;
};

}  // namespace weft::internal
