#include "weft/server_context.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/log.h"
#include "rpc/metadata_rules.h"
#include "server/blocking_call.h"
#include "server/router.h"
#include "server/server_call.h"

namespace weft {
namespace {

bool Add(std::string_view key, std::string_view value, internal::HeaderList& to) {
  const absl::Status added = internal::AddMetadata(key, value, to);
  if (!added.ok()) {
    internal::Log(LogLevel::kWarning, absl::StrCat("metadata was left out: ", added.message()));
  }
  return added.ok();
}

}  // namespace

std::string_view ServerContext::method() const {
  const std::string_view path = call_.info().path;
  return path == internal::Router::kAnyOther ? call_.head().path : path;
}
std::string_view ServerContext::peer() const { return call_.peer(); }
std::string_view ServerContext::authority() const { return call_.head().authority; }
std::string_view ServerContext::protocol() const { return call_.protocol().name(); }
MetadataView ServerContext::metadata() const { return MetadataView(call_.head().fields); }

bool ServerContext::AddInitialMetadata(std::string_view key, std::string_view value) {
  if (call_.head_closed()) {
    internal::Log(LogLevel::kWarning,
                  "initial metadata was left out: the head of the reply has been sent already");
    return false;
  }
  return Add(key, value, call_.initial_metadata());
}

bool ServerContext::AddTrailingMetadata(std::string_view key, std::string_view value) {
  return Add(key, value, call_.trailing_metadata());
}

void ServerContext::SendInitialMetadata() {
  if (call_.blocking() != nullptr) {
    call_.blocking()->SendHead();
  } else {
    call_.SendHead();
  }
}

Priority ServerContext::priority() const { return call_.priority(); }

void ServerContext::SetPriority(Priority priority) {
  if (call_.blocking() != nullptr) {
    call_.blocking()->SetPriority(priority);
  } else {
    call_.SetPriority(priority);
  }
}

TimePoint ServerContext::deadline() const { return call_.deadline(); }

Duration ServerContext::time_left() const {
  if (call_.deadline() == kNever) return Duration::max();
  return std::max(Duration::zero(), call_.deadline() - call_.environment().loop.clock().Now());
}

bool ServerContext::cancelled() const { return call_.cancelled(); }

void ServerContext::OnCancel(absl::AnyInvocable<void()> callback) {
  call_.OnCancel(std::move(callback));
}

EventLoop& ServerContext::loop() const { return call_.environment().event_loop; }

}  // namespace weft
