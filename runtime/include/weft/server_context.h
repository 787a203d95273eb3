// Layer: server.
#pragma once

#include <string_view>

#include "absl/functional/any_invocable.h"

#include "weft/clock.h"
#include "weft/metadata.h"
#include "weft/priority.h"

namespace weft {

class DrainNotice;
class EventLoop;
namespace internal {
class ServerCall;
}

// What a handler knows and may say of its call. Owned by the framework; lives until the handler has
// returned. Used by the handler alone: on the call's loop, or on the worker thread of a blocking
// handler.
class ServerContext {
 public:
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  // "/package.Service/Method".
  std::string_view method() const;
  // The client's address: "ipv4:10.0.0.7:49152", "unix:/run/app.sock", "inproc".
  std::string_view peer() const;
  // The name by which the client asked for this server (":authority" or "Host").
  std::string_view authority() const;
  // "grpc" or "json".
  std::string_view protocol() const;

  // The metadata that the client sent.
  MetadataView metadata() const;

  // Metadata to send before the first message, or after the last. A key is lower case; the value of
  // a key that ends in "-bin" may be any bytes. False, with a line in the log, when key or value
  // can't be sent, or, for initial metadata, when the head is already on its way. JSON has no
  // trailers: there, trailing metadata goes out with the head of a unary reply or of an error, and
  // is lost where the head was sent before.
  bool AddInitialMetadata(std::string_view key, std::string_view value);
  bool AddTrailingMetadata(std::string_view key, std::string_view value);
  // Sends the initial metadata now instead of with the first message.
  void SendInitialMetadata();

  // When the call's replies go out, beside those of other calls on its connection. It is what the
  // handler has said, else what the client has, else the option on the method (weft/options.proto),
  // else the default. SetPriority may be said at any time, also in the middle of a stream, for what
  // is still to be sent; from then on the client's wishes count no more.
  Priority priority() const;
  void SetPriority(Priority priority);

  // When the client stops waiting; kNever without a deadline.
  TimePoint deadline() const;
  Duration time_left() const;
  // The client has gone, the deadline has passed or the server is shutting down: nobody will see
  // the answer.
  bool cancelled() const;
  // Runs `callback` on the loop once that happens; at once if it has. For code that doesn't await.
  // Callbacks that never ran are dropped when the handler returns. Where the handler is a blocking
  // one, a callback may just be running then: its end is waited for, with the context, request and
  // reply still there, but not the handler's own variables.
  void OnCancel(absl::AnyInvocable<void()> callback);

  // The loop that the call runs on.
  EventLoop& loop() const;

 private:
  friend class DrainNotice;
  friend class internal::ServerCall;
  explicit ServerContext(internal::ServerCall& call) : call_(call) {}

  internal::ServerCall& call_;
};

}  // namespace weft
