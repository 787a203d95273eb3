#pragma once

// Lives with the public headers, since their templates see it.
#include "weft/internal/intrusive_list.h"

namespace weft::internal {

// Calls `fn` with each element, which it may take out of the list.
template <typename T, typename Tag, typename Fn>
void ForEach(IntrusiveList<T, Tag>& list, Fn fn) {
  for (T* element = list.empty() ? nullptr : &list.front(); element != nullptr;) {
    T* next = list.Next(*element);
    fn(*element);
    element = next;
  }
}

}  // namespace weft::internal
