#include "weft/client_context.h"

#include <algorithm>
#include <utility>

#include "client/client_call.h"
#include "client/context_state.h"
#include "rpc/metadata_rules.h"

namespace weft {

ClientContext::ClientContext() : state_(std::make_shared<internal::ClientContextState>()) {}
ClientContext::~ClientContext() = default;

void ClientContext::set_deadline(TimePoint deadline) {
  state_->deadline = std::min(state_->deadline, deadline);
}

void ClientContext::set_timeout(Duration timeout) {
  state_->timeout = std::min(state_->timeout, timeout);
}

void ClientContext::set_wait_for_ready(bool wait) { state_->wait_for_ready = wait; }

void ClientContext::set_priority(Priority priority) {
  std::lock_guard lock(state_->mutex);
  state_->priority = priority;
}

void ClientContext::AddMetadata(std::string_view key, std::string_view value) {
  absl::Status added = internal::AddMetadata(key, value, state_->metadata);
  if (!added.ok() && state_->bad_metadata.ok()) state_->bad_metadata = std::move(added);
}

MetadataView ClientContext::initial_metadata() const {
  return MetadataView(state_->initial_metadata);
}
MetadataView ClientContext::trailing_metadata() const {
  return MetadataView(state_->trailing_metadata);
}
std::string_view ClientContext::peer() const { return state_->peer; }

template <typename Use, typename Otherwise>
void ClientContext::WithCall(Use use, Otherwise otherwise) {
  internal::ClientCall* call = nullptr;
  {
    std::lock_guard lock(state_->mutex);
    call = state_->call;
    if (call == nullptr) {
      otherwise();
      return;
    }
    call->Ref();
  }
  use(*call);
  call->Unref();
}

void ClientContext::Cancel() {
  const auto use = [](internal::ClientCall& call) {
    call.CancelFromAnyThread(absl::CancelledError("the call was cancelled by its context"));
  };
  WithCall(use, [] {});
}

void ClientContext::SetPriority(Priority priority) {
  const auto use = [priority](internal::ClientCall& call) {
    call.SetPriorityFromAnyThread(priority);
  };
  WithCall(use, [this, priority] { state_->priority = priority; });
}

void ClientContext::Reset() {
  state_->deadline = kNever;
  state_->timeout = Duration::max();
  state_->wait_for_ready = false;
  {
    std::lock_guard lock(state_->mutex);
    state_->priority.reset();
  }
  state_->metadata.Clear();
  state_->bad_metadata = absl::OkStatus();
  state_->initial_metadata.Clear();
  state_->trailing_metadata.Clear();
  state_->peer.clear();
}

}  // namespace weft
