// The parts of the typed handles that don't depend on the types.
#include <utility>

#include "client/client_call.h"
#include "weft/client_call.h"
#include "weft/client_stream.h"

namespace weft {

using internal::ClientWait;

absl::Status UnaryCallInto::Wait() {
  const internal::CallHandle call = TakeFinished();
  return internal::TakeFinish(*call, reply_);
}

void UnaryCallInto::Then(absl::AnyInvocable<void(absl::Status) &&> done) {
  internal::CallHandle call = TakeCall();
  internal::ClientCall& kept = *call;
  ClientWait::CallBack(kept, ClientWait::Step::kFinish,
                       [call = std::move(call), reply = reply_, done = std::move(done)]() mutable {
                         std::move(done)(internal::TakeFinish(*call, reply));
                       });
}

namespace internal {

void ClientRead::Then(absl::AnyInvocable<void(bool) &&> done) {
  ClientCall& call = wait_.call();
  ClientWait::CallBack(call, ClientWait::Step::kRead,
                       [&call, message = message_, done = std::move(done)]() mutable {
                         std::move(done)(TakeRead(call, message));
                       });
}

void ClientWrite::Then(absl::AnyInvocable<void(absl::Status) &&> done) {
  ClientCall& call = wait_.call();
  ClientWait::CallBack(call, ClientWait::Step::kWrite, [&call, done = std::move(done)]() mutable {
    std::move(done)(TakeWrite(call));
  });
}

void ClientFinish::Then(absl::AnyInvocable<void(absl::Status) &&> done) {
  ClientCall& call = wait_.call();
  ClientWait::CallBack(call, ClientWait::Step::kFinish, [&call, done = std::move(done)]() mutable {
    std::move(done)(TakeFinish(call, MessageTarget()));
  });
}

void ClientStreamBase::Cancel() {
  call().CancelFromAnyThread(absl::CancelledError("the stream was cancelled"));
}

}  // namespace internal
}  // namespace weft
