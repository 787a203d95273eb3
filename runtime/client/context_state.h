#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"

#include "http/header_list.h"
#include "weft/clock.h"
#include "weft/priority.h"

namespace weft::internal {

class ClientCall;

// The inside of a ClientContext. What is to be sent is read when the call begins; what came is
// written on the call's loop before the step that tells of it is completed.
struct ClientContextState {
  TimePoint deadline = kNever;
  Duration timeout = Duration::max();  // from the start of the call
  bool wait_for_ready = false;
  HeaderList metadata;
  absl::Status bad_metadata;

  HeaderList initial_metadata;
  HeaderList trailing_metadata;
  std::string peer;

  // For Cancel and SetPriority from any thread.
  std::mutex mutex;
  std::optional<Priority> priority;  // of the next call
  ClientCall* call =
      nullptr;  // while it runs and has not been dropped: only then the rest is touched
};

}  // namespace weft::internal
