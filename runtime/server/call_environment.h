#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/intrusive_list.h"
#include "buffer/chunk_pool.h"
#include "io/loop_core.h"
#include "server/message_stash.h"
#include "weft/drain_notice.h"
#include "weft/server.h"

namespace weft {
class EventLoop;
class WorkerPool;
}  // namespace weft

namespace weft::internal {

class HeaderList;
class MemoryWatch;
class ServerCall;
class WorkerPlaces;

// What all calls on one of a server's loops share. Owned by the shard; outlives its calls.
struct CallEnvironment {
  EventLoop& event_loop;
  LoopCore& loop;
  ChunkPool& chunks;
  const ServerOptions& options;
  WorkerPool& workers;
  WorkerPlaces& worker_places;
  // Calls from their request's head until stream and handler have ended.
  IntrusiveList<ServerCall> calls;
  // Told when `calls` has become empty.
  class Idle {
   public:
    virtual void OnNoCalls() = 0;

   protected:
    ~Idle() = default;
  }* idle = nullptr;
  // Asked before a handler begins; null where nothing bounds the memory.
  MemoryWatch* memory = nullptr;
  // The server shuts down; the notices are those that have not been given yet.
  bool draining = false;
  IntrusiveList<DrainNotice> drain_notices{};
  // Of messages that wait to be used again.
  std::shared_ptr<MessageStash::Total> stashed_bytes = std::make_shared<MessageStash::Total>(0);
  // Calls that exist, in use or kept.
  std::size_t existing_calls = 0;
};

// For the text of a message that is too large.
inline constexpr std::string_view kReceiveLimitOption = "ServerOptions::set_receive_limit";

// For an answer without metadata.
const HeaderList& NoMetadata();

}  // namespace weft::internal
