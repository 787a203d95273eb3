// Layer: client.
#pragma once

#include <memory>

#include "weft/client_call.h"
#include "weft/client_context.h"
#include "weft/client_stream.h"
#include "weft/internal/message_input.h"
#include "weft/method.h"

namespace weft {

class Channel;
namespace internal {
class ChannelCore;
}

// A request as an argument. From `const T&` it is serialized before the call returns and may die at
// once; from `T&&` it is taken over, and its large fields are sent from where they are.
template <typename T>
class Input final {
 public:
  // An argument is made of a message.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Input(const T& message) : input_(internal::MessageInput::Borrow(message)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Input(T&& message) : input_(internal::MessageInput::Move(message)) {}

  const internal::MessageInput& untyped() const { return input_; }

 private:
  internal::MessageInput input_;
};

// What generated stubs stand on: a channel to make calls on. A cheap value, safe to use from any
// thread. It may outlive its channel: calls are answered UNAVAILABLE then.
class StubBase {
 public:
  explicit StubBase(const Channel& channel);

 protected:
  template <typename T>
  internal::CallHandle StartUnary(const MethodInfo& method, ClientContext* context,
                                  const Input<T>& request) const {
    return StartWithRequest(method, context, request.untyped());
  }
  template <typename T>
  internal::CallHandle StartServerStream(const MethodInfo& method, ClientContext* context,
                                         const Input<T>& request) const {
    return StartWithRequest(method, context, request.untyped());
  }
  internal::CallHandle StartClientStream(const MethodInfo& method, ClientContext* context) const {
    return StartStream(method, context);
  }
  internal::CallHandle StartBidi(const MethodInfo& method, ClientContext* context) const {
    return StartStream(method, context);
  }

 private:
  internal::CallHandle StartWithRequest(const MethodInfo& method, ClientContext* context,
                                        const internal::MessageInput& request) const;
  internal::CallHandle StartStream(const MethodInfo& method, ClientContext* context) const;

  std::shared_ptr<internal::ChannelCore> channel_;
};

}  // namespace weft
