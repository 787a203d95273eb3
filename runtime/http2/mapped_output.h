#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "buffer/slice.h"

namespace weft::http2 {

// Which parts of a session's output are regions of mapped files, from when they were pulled until
// they are written. Until then a file may shrink, and what the kernel then finds is zeros or
// nothing: their streams must not end in order before. Positions count the bytes of output since
// the session began. Owned by its session; loop thread only.
class MappedOutput {
 public:
  bool empty() const { return parts_.empty(); }
  // The slice ends at position `end` and belongs to the stream's DATA. Positions grow.
  void Add(std::uint64_t end, std::int32_t stream, const internal::Slice& slice);
  // The stream whose DATA stands at `position`; 0 when that is no mapped part.
  std::int32_t StreamAt(std::uint64_t position) const;
  // Forgets the parts that end at `written` or before. Calls told(stream, intact) for each: whether
  // its file still has all of what was written.
  template <typename Told>
  void Written(std::uint64_t written, Told told) {
    while (!parts_.empty() && parts_.front().end <= written) {
      const Part part = std::move(parts_.front());
      parts_.pop_front();
      told(part.stream, Intact(part));
    }
  }

 private:
  // Slices of one region one after another, but for the frames' heads.
  struct Part {
    std::uint64_t begin;
    std::uint64_t end;
    std::int32_t stream;
    internal::Slice last;
  };
  static bool Intact(const Part& part);

  std::deque<Part> parts_;
};

}  // namespace weft::http2
