// Layer: base.
#pragma once

#include <cstddef>

namespace weft::internal {

// A link of an intrusive doubly linked list. An object derives from ListHook<Tag> once for each
// list that it can be in. Unlinks itself when destroyed. Not thread-safe.
template <typename Tag = void>
class ListHook {
 public:
  ListHook() = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { Unlink(); }

  bool linked() const { return next_ != nullptr; }

  // Does nothing when not linked.
  void Unlink() {
    if (next_ == nullptr) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    next_ = prev_ = nullptr;
  }

 private:
  template <typename T, typename U>
  friend class IntrusiveList;

  ListHook* next_ = nullptr;
  ListHook* prev_ = nullptr;
};

// A list of T, which derives from ListHook<Tag>. Owns nothing: elements unlink themselves when they
// die. O(1) at both ends and for removal from the middle. Not thread-safe.
template <typename T, typename Tag = void>
class IntrusiveList {
 public:
  using Hook = ListHook<Tag>;

  IntrusiveList() { head_.next_ = head_.prev_ = &head_; }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (!empty()) head_.next_->Unlink();
    head_.next_ = head_.prev_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }
  T& front() { return *static_cast<T*>(head_.next_); }
  T& back() { return *static_cast<T*>(head_.prev_); }

  // `element` must not be linked.
  void PushBack(T& element) { Insert(element, *head_.prev_, head_); }
  void PushFront(T& element) { Insert(element, head_, *head_.next_); }

  // nullptr when empty.
  T* PopFront() {
    if (empty()) return nullptr;
    T& element = front();
    static_cast<Hook&>(element).Unlink();
    return &element;
  }

  // The element after `element`, or nullptr at the end.
  T* Next(T& element) {
    Hook* next = static_cast<Hook&>(element).next_;
    return next == &head_ ? nullptr : static_cast<T*>(next);
  }

  // Moves all of `other` to the end of this list. O(1).
  void Splice(IntrusiveList& other) {
    if (other.empty()) return;
    other.head_.next_->prev_ = head_.prev_;
    head_.prev_->next_ = other.head_.next_;
    other.head_.prev_->next_ = &head_;
    head_.prev_ = other.head_.prev_;
    other.head_.next_ = other.head_.prev_ = &other.head_;
  }

 private:
  static void Insert(Hook& element, Hook& before, Hook& after) {
    element.prev_ = &before;
    element.next_ = &after;
    before.next_ = &element;
    after.prev_ = &element;
  }

  Hook head_;
};

}  // namespace weft::internal
