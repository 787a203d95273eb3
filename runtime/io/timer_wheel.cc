#include "io/timer_wheel.h"

#include <bit>
#include <limits>

namespace weft::internal {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(1);

}  // namespace

TimerNode::~TimerNode() { Disarm(); }

void TimerNode::Disarm() {
  if (wheel_ != nullptr) wheel_->Disarm(*this);
}

TimerWheel::~TimerWheel() {
  auto let_go = [](List& list) {
    while (TimerNode* node = list.PopFront()) node->wheel_ = nullptr;
  };
  for (List& list : slots_) let_go(list);
  let_go(due_);
}

std::uint64_t TimerWheel::TickAfter(TimePoint when) const {
  if (when <= origin_) return 0;
  // Both may be far apart: the unsigned difference of two 64-bit counts can't overflow.
  const auto since = static_cast<std::uint64_t>(when.time_since_epoch().count()) -
                     static_cast<std::uint64_t>(origin_.time_since_epoch().count());
  const auto tick = static_cast<std::uint64_t>(kTick.count());
  return since / tick + (since % tick != 0 ? 1 : 0);
}

TimePoint TimerWheel::TimeOf(std::uint64_t tick) const {
  const auto left = static_cast<std::uint64_t>(kNever.time_since_epoch().count()) -
                    static_cast<std::uint64_t>(origin_.time_since_epoch().count());
  if (tick > left / static_cast<std::uint64_t>(kTick.count())) return kNever;
  return origin_ + kTick * static_cast<Duration::rep>(tick);
}

void TimerWheel::Arm(TimerNode& node, TimePoint when) {
  Disarm(node);
  if (when == kNever) return;
  node.wheel_ = this;
  node.tick_ = TickAfter(when);
  ++size_;
  Place(node);
}

void TimerWheel::Disarm(TimerNode& node) {
  if (!node.armed()) return;
  node.ListHook<TimerNode>::Unlink();
  node.wheel_ = nullptr;
  --size_;
  if (node.slot_ < kDueSlot && slots_[node.slot_].empty()) {
    used_[node.slot_ >> kSlotBits] &= ~(std::uint64_t{1} << (node.slot_ & (kSlots - 1)));
  }
}

void TimerWheel::Place(TimerNode& node) {
  if (node.tick_ <= current_) {
    node.slot_ = kDueSlot;
    due_.PushBack(node);
    return;
  }
  // The highest group of bits in which the two ticks differ is the level.
  const int level = (63 - std::countl_zero(node.tick_ ^ current_)) / kSlotBits;
  const auto slot = static_cast<int>((node.tick_ >> (level * kSlotBits)) & (kSlots - 1));
  used_[static_cast<std::size_t>(level)] |= std::uint64_t{1} << slot;
  node.slot_ = static_cast<std::uint16_t>(level * kSlots + slot);
  slots_[node.slot_].PushBack(node);
}

std::uint64_t TimerWheel::NextTick() const {
  // Whatever a level holds comes before anything in the levels above it, and its used slots lie
  // ahead of current_.
  for (int level = 0; level < kLevels; ++level) {
    const std::uint64_t used = used_[static_cast<std::size_t>(level)];
    if (used == 0) continue;
    const int above = (level + 1) * kSlotBits;
    const auto slot = static_cast<std::uint64_t>(std::countr_zero(used));
    return ((current_ >> above) << above) | (slot << (level * kSlotBits));
  }
  return kNoTick;
}

TimePoint TimerWheel::next_due() const {
  if (!due_.empty()) return TimeOf(current_);
  const std::uint64_t tick = NextTick();
  return tick == kNoTick ? kNever : TimeOf(tick);
}

void TimerWheel::EnterSlots() {
  // Only levels below the lowest non-zero group of current_ have begun anew; at each of them
  // current_ is in slot 0, which is never used. So the one slot that was entered is in the level of
  // that group.
  const int level = std::countr_zero(current_) / kSlotBits;
  const auto slot = static_cast<int>((current_ >> (level * kSlotBits)) & (kSlots - 1));
  List& list = slots_[static_cast<std::size_t>(level * kSlots + slot)];
  used_[static_cast<std::size_t>(level)] &= ~(std::uint64_t{1} << slot);
  List moving;
  moving.Splice(list);
  while (TimerNode* node = moving.PopFront()) Place(*node);
}

void TimerWheel::Fire(List& list) {
  List firing;
  for (TimerNode* node = list.empty() ? nullptr : &list.front(); node != nullptr;
       node = list.Next(*node)) {
    node->slot_ = kFiringSlot;
  }
  firing.Splice(list);
  while (TimerNode* node = firing.PopFront()) {
    node->wheel_ = nullptr;
    --size_;
    node->OnTimer();
  }
}

void TimerWheel::Advance(TimePoint now) {
  if (now < origin_) return;
  const auto target = static_cast<std::uint64_t>((now - origin_) / kTick);
  Fire(due_);
  while (true) {
    const std::uint64_t next = NextTick();
    if (next > target) break;
    current_ = next;
    EnterSlots();  // what is due at this very tick lands in due_
    Fire(due_);
  }
  if (target > current_) current_ = target;
}

}  // namespace weft::internal
