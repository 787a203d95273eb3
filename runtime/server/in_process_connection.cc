#include "server/in_process_connection.h"

#include <utility>

#include "server/shard.h"

namespace weft::internal {

InProcessServerConnection::InProcessServerConnection(Shard& shard,
                                                     std::shared_ptr<InProcessPipe> pipe)
    : shard_(shard), side_(std::move(pipe), *this, *this) {}

HttpStreamEvents* InProcessServerConnection::OnRequest(HttpStream& stream, HttpHead& head,
                                                       bool end) {
  return shard_.Dispatch(stream, head, end, *this);
}

void InProcessServerConnection::OnSideClosed(const absl::Status&) {
  shard_.Forget(*this);  // destroys this
}

}  // namespace weft::internal
