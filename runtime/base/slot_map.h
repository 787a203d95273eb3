#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"

namespace weft::internal {

// Names an element of a SlotMap: where it lies, and which one it is. Stays safe to look up after
// the element has gone: the identity is never used again.
struct SlotRef {
  std::uint32_t slot = 0;
  std::uint64_t id = 0;  // 0: none

  friend bool operator==(const SlotRef&, const SlotRef&) = default;
};

// Elements that are found by index and checked by identity. Slots are reused, the latest first;
// memory does not shrink. Pointers to elements hold until the next Insert. Not thread-safe.
template <typename T>
class SlotMap {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  SlotRef Insert(T value) {
    SlotRef ref;
    ref.id = ++last_id_;
    if (free_head_ != kNone) {
      ref.slot = free_head_;
      free_head_ = slots_[ref.slot].next_free;
    } else {
      Check(slots_.size() < kNone, "a slot map is full");
      ref.slot = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    }
    Slot& slot = slots_[ref.slot];
    slot.id = ref.id;
    slot.value.emplace(std::move(value));
    ++size_;
    return ref;
  }

  // nullptr when the element that `ref` names has gone.
  T* Find(SlotRef ref) {
    if (ref.slot >= slots_.size() || ref.id == 0) return nullptr;
    Slot& slot = slots_[ref.slot];
    return slot.id == ref.id ? &*slot.value : nullptr;
  }

  // Dies when it has gone.
  T& At(SlotRef ref) {
    T* value = Find(ref);
    Check(value != nullptr, "a slot reference was used after its element had gone");
    return *value;
  }

  // False when it has gone already.
  bool Erase(SlotRef ref) {
    if (Find(ref) == nullptr) return false;
    Slot& slot = slots_[ref.slot];
    slot.id = 0;
    slot.value.reset();
    slot.next_free = free_head_;
    free_head_ = ref.slot;
    --size_;
    return true;
  }

  // Calls fn(SlotRef, T&) for each, in the order of the slots; fn may erase elements but not insert
  // any.
  template <typename Fn>
  void ForEach(Fn fn) {
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
      Slot& slot = slots_[i];
      if (slot.id == 0) continue;
      SlotRef ref;
      ref.slot = i;
      ref.id = slot.id;
      fn(ref, *slot.value);
    }
  }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Slot {
    std::uint64_t id = 0;
    std::uint32_t next_free = kNone;
    std::optional<T> value;
  };

  std::vector<Slot> slots_;
  std::uint32_t free_head_ = kNone;
  std::uint64_t last_id_ = 0;
  std::size_t size_ = 0;
};

}  // namespace weft::internal
