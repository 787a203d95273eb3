#pragma once

#include <cstddef>
#include <string>

#include "buffer/buf_list.h"

namespace weft::testing {

// `size` bytes in which every neighbourhood looks different.
inline std::string Bytes(std::size_t size, unsigned seed = 1) {
  std::string bytes(size, '\0');
  unsigned state = seed * 2654435761u + 12345u;
  for (char& c : bytes) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return bytes;
}

inline std::string Text(const internal::BufList& list) {
  std::string text;
  for (std::size_t i = 0; i < list.slice_count(); ++i) text += list.slice(i).view();
  return text;
}

}  // namespace weft::testing
