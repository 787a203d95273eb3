#include "http2/mapped_output.h"

#include "buffer/file_mapping.h"

namespace weft::http2 {

using internal::Slice;

void MappedOutput::Add(std::uint64_t end, std::int32_t stream, const Slice& slice) {
  if (!parts_.empty()) {
    Part& part = parts_.back();
    if (part.stream == stream && part.last.owner() == slice.owner() &&
        part.last.data() + part.last.size() == slice.data()) {
      part.end = end;
      part.last = slice;
      return;
    }
  }
  parts_.push_back({end - slice.size(), end, stream, slice});
}

std::int32_t MappedOutput::StreamAt(std::uint64_t position) const {
  for (const Part& part : parts_) {
    if (position >= part.begin && position < part.end) return part.stream;
  }
  return 0;
}

bool MappedOutput::Intact(const Part& part) { return internal::IsIntact(part.last); }

}  // namespace weft::http2
