#include "client/channel_core.h"

#include <functional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "buffer/limits.h"
#include "client/options_check.h"
#include "weft/event_loop.h"
#include "weft/version.h"

namespace weft::internal {
namespace {

constexpr std::string_view kInProcessTarget = "ipv4:0.0.0.0:0";

std::string UserAgent(const ChannelOptions& options) {
  const std::string own = absl::StrCat("grpc-c++-weft/", std::string(kVersion));
  return options.user_agent().empty() ? own : absl::StrCat(options.user_agent(), " ", own);
}

// What the application said wrongly. Yet no code that a server may answer with: checklist 40.
absl::Status Fault(const absl::Status& target, const ChannelOptions& options) {
  absl::Status status = target;
  status.Update(CheckOptions(options));
  if (status.ok()) return status;
  return absl::InternalError(
      absl::StrCat("no calls can be made on this channel: ", status.message()));
}

}  // namespace

ChannelCore::ChannelCore(std::string_view target, InProcessHost* server,
                         const ChannelOptions& options)
    : options_(options),
      target_(Target::Parse(server == nullptr ? target : kInProcessTarget)),
      fault_(Fault(target_.status(), options_)),
      server_(server == nullptr ? nullptr : server->link()),
      user_agent_(UserAgent(options)),
      calls_(kKeptCalls) {
  authority_ = !options_.authority().empty() ? options_.authority()
               : server_ != nullptr          ? "inproc"
               : target_.ok()                ? target_->authority()
                                             : std::string(target);
  for (EventLoop* loop : options_.loops())
    shards_.push_back(std::make_unique<ClientShard>(*this, *loop));
  if (!shards_.empty()) return;
  // The shard belongs to the loop's thread, so it is made before that runs.
  auto loop = std::make_unique<EventLoop>();
  shards_.push_back(std::make_unique<ClientShard>(*this, *loop));
  own_thread_ = std::make_unique<LoopThread>(std::move(loop));
}

ChannelCore::~ChannelCore() = default;

ClientShard& ChannelCore::PickShard() {
  for (const std::unique_ptr<ClientShard>& shard : shards_) {
    if (shard->IsCurrent()) return *shard;
  }
  if (shards_.size() == 1) return *shards_[0];
  // A thread keeps to one loop, so that its calls start in order; while that is there.
  const std::size_t own = std::hash<std::thread::id>()(std::this_thread::get_id());
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    ClientShard& shard = *shards_[(own + i) % shards_.size()];
    if (!shard.gone()) return shard;
  }
  return *shards_[0];
}

ClientCall* ChannelCore::StartCall(const MethodInfo& method, ClientContext* context,
                                   const MessageInput* request) {
  ClientShard& shard = PickShard();
  ClientCall* const call = AcquireCall(shard).release();  // counted from here on
  call->Prepare(shared_from_this(), shard, method, context);
  if (!fault_.ok()) {
    call->FailUnstarted(fault_);
    return call;
  }
  if (shard.gone()) {
    call->FailUnstarted(absl::UnavailableError(
        shut_down_.load(std::memory_order_acquire)
            ? "the channel was destroyed; no calls can be made on it"
            : "the channel's loop has ended; no calls can be made any more"));
    return call;
  }
  if (request != nullptr) call->SetRequest(*request);
  call->Start();
  return call;
}

std::unique_ptr<ClientCall> ChannelCore::AcquireCall(ClientShard& shard) {
  if (shard.IsCurrent()) return shard.calls().Acquire();
  std::lock_guard lock(mutex_);
  return calls_.Acquire();
}

void ChannelCore::ReleaseCall(ClientCall& call, ClientShard& shard) {
  std::unique_ptr<ClientCall> owned(&call);
  if (shard.IsCurrent()) {
    shard.calls().Release(std::move(owned));
  } else if (!shut_down_.load(std::memory_order_acquire)) {
    std::lock_guard lock(mutex_);
    calls_.Release(std::move(owned));
  }
}

std::size_t ChannelCore::TrimCalls(TimePoint now) {
  std::lock_guard lock(mutex_);
  // Each shard asks.
  if (now - last_trim_ >= kPoolTrimInterval) {
    last_trim_ = now;
    calls_.Trim();
  }
  return calls_.idle();
}

void ChannelCore::Shutdown() {
  const absl::Status why = absl::UnavailableError("the channel was destroyed");
  Check(own_thread_ == nullptr || !own_thread_->loop().OnThread(),
        "a channel was destroyed on its own thread, which it must join; destroy it elsewhere");
  shut_down_.store(true, std::memory_order_release);
  for (const std::unique_ptr<ClientShard>& shard : shards_) shard->ShutdownFromAnyThread(why);
  if (own_thread_ != nullptr) own_thread_->Stop();
}

}  // namespace weft::internal
