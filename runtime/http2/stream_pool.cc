#include "http2/stream_pool.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "http2/stream.h"

namespace weft::http2 {
namespace {

// More idle streams than this are freed: 1,000 concurrent calls are the default bound of one
// connection, and an idle stream costs about a kilobyte.
constexpr std::size_t kMaxIdleStreams = 4096;

}  // namespace

StreamPool::StreamPool(internal::ChunkPool& chunks, internal::BlockPool& blocks)
    : chunks_(chunks), blocks_(blocks) {}

StreamPool::~StreamPool() { Keep(0); }

void StreamPool::Trim() {
  Keep(idle_count_ - idle_low_);
  idle_low_ = idle_count_;
}

void StreamPool::Keep(std::size_t keep) {
  while (idle_count_ > keep) {
    const std::unique_ptr<Stream> stream(idle_);
    idle_ = stream->next_idle;
    --idle_count_;
    ++freed_;
  }
  idle_low_ = std::min(idle_low_, idle_count_);
}

StreamPool::Stats StreamPool::stats() const {
  return {idle_count_, made_, (made_ - freed_) * sizeof(Stream)};
}

Stream* StreamPool::Acquire() {
  if (idle_ == nullptr) {
    ++made_;
    return std::make_unique<Stream>().release();
  }
  idle_low_ = std::min(idle_low_, --idle_count_);
  Stream* stream = idle_;
  idle_ = std::exchange(stream->next_idle, nullptr);
  return stream;
}

void StreamPool::Release(Stream* stream) {
  stream->Clear();
  stream->next_idle = std::exchange(idle_, stream);
  if (++idle_count_ > kMaxIdleStreams) Keep(kMaxIdleStreams);
}

}  // namespace weft::http2
