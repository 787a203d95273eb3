// Layer: server.
#pragma once

#include <new>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/types/span.h"

#include "weft/blocking_stream.h"
#include "weft/internal/message_target.h"
#include "weft/method.h"
#include "weft/server_context.h"
#include "weft/server_stream.h"
#include "weft/task.h"

namespace weft {

class Service;
struct Method;

namespace internal {

// What a handler's trampoline gets. Owned by the call.
class HandlerArgs {
 public:
  using Message = google::protobuf::MessageLite;

  ServerContext& context() const { return *context_; }
  const Message& request() const { return *request_.message(); }
  Message& reply() const { return *reply_.message(); }
  // Of methods whose request or reply is raw bytes.
  const Bytes& raw_request() const { return *request_.bytes(); }
  Bytes& raw_reply() const { return *reply_.bytes(); }
  // The row that was called.
  const Method& method() const { return *method_; }
  // The call's stream as one of the typed ones.
  template <typename Stream>
  Stream& stream() {
    static_assert(sizeof(Stream) == sizeof(stream_) && std::is_trivially_destructible_v<Stream>);
    if constexpr (std::is_base_of_v<BlockingStreamBase, Stream>) {
      return *new (stream_) Stream(*blocking_call_);
    } else {
      return *new (stream_) Stream(*call_);
    }
  }

 private:
  friend class ServerCall;

  ServerContext* context_ = nullptr;
  MessageTarget request_;
  MessageTarget reply_;
  const Method* method_ = nullptr;
  ServerCall* call_ = nullptr;
  BlockingCall* blocking_call_ = nullptr;
  alignas(void*) char stream_[sizeof(void*)];
};

}  // namespace internal

// One row of a service's table: how to call a handler. Exactly one of the two functions is set.
struct Method {
  const MethodInfo* info;
  Task<absl::Status> (*handler)(Service& service, internal::HandlerArgs& args);  // on the loop
  absl::Status (*blocking)(Service& service, internal::HandlerArgs& args);  // on a worker thread
};

// The base of all generated services. A service is made by the user and must outlive the servers
// that it is registered with; its handlers run on all of their loops at once.
class Service {
 public:
  virtual ~Service() = default;
  virtual absl::Span<const Method> methods() const = 0;

 protected:
  Service() = default;
  Service(const Service&) = default;
  Service& operator=(const Service&) = default;
};

// What a method answers that was not overridden.
absl::Status UnimplementedStatus(const MethodInfo& method);
Task<absl::Status> UnimplementedTask(const MethodInfo& method);

}  // namespace weft
