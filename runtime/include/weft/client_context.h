// Layer: client.
#pragma once

#include <memory>
#include <string_view>

#include "weft/clock.h"
#include "weft/metadata.h"
#include "weft/priority.h"

namespace weft {

namespace internal {
class ClientCall;
struct ClientContextState;
}  // namespace internal

// What a call is to do, and what came with its answer. Made by the user, belongs to one call at a
// time, must outlive it, and is not touched while the call runs except where said. After the call,
// Reset makes it fit for another.
class ClientContext {
 public:
  ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;
  ~ClientContext();

  // The call ends with DEADLINE_EXCEEDED when it is not done by then. The earliest counts, and a
  // handler's calls also keep to the deadline of the handler's own call. Time is that of the
  // channel's loop; a timeout begins when the call is made.
  void set_deadline(TimePoint deadline);
  void set_timeout(Duration timeout);
  // Waits for a connection instead of failing when the server can't be reached at the moment.
  // Default: no.
  void set_wait_for_ready(bool wait);
  // When the call's bytes go out, beside those of other calls on its connection: the requests here,
  // and the replies at the server, which is told. Overrides the option on the method
  // (weft/options.proto). The server may decide otherwise. Default: that option; without it, the
  // server's own decision.
  void set_priority(Priority priority);
  // Metadata to send. A key is lower case; the value of a key that ends in "-bin" may be any bytes.
  // What can't be sent makes the call fail with INTERNAL.
  void AddMetadata(std::string_view key, std::string_view value);

  // The server's metadata: the first is there once the first message was read or the call is done,
  // the second once it is done.
  MetadataView initial_metadata() const;
  MetadataView trailing_metadata() const;
  // The server's address, once the call is done: "ipv4:10.0.0.7:8080".
  std::string_view peer() const;

  // Ends the call, if it runs, with CANCELLED. Any thread.
  void Cancel();
  // Another priority for the call that runs: for what is still to be sent here, and, as far as the
  // server knows PRIORITY_UPDATE, there. When none runs, as set_priority. Any thread; returns at
  // once.
  void SetPriority(Priority priority);

  void Reset();

 private:
  friend class internal::ClientCall;
  // Calls `use` with the call, if one runs; else `otherwise`, before one can begin.
  template <typename Use, typename Otherwise>
  void WithCall(Use use, Otherwise otherwise);

  std::shared_ptr<internal::ClientContextState> state_;
};

}  // namespace weft
