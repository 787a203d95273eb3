#include "client/channel_core.h"

#include <future>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "buffer/limits.h"
#include "weft/event_loop.h"
#include "weft/version.h"

namespace weft::internal {
namespace {

constexpr std::string_view kInProcessTarget = "ipv4:0.0.0.0:0";

std::string UserAgent(const ChannelOptions& options) {
  const std::string own = absl::StrCat("grpc-c++-weft/", std::string(kVersion));
  return options.user_agent().empty() ? own : absl::StrCat(options.user_agent(), " ", own);
}

}  // namespace

ChannelCore::ChannelCore(std::string_view target, InProcessHost* server,
                         const ChannelOptions& options)
    : options_(options),
      target_(Target::Parse(server == nullptr ? target : kInProcessTarget)),
      server_(server),
      user_agent_(UserAgent(options)) {
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
  return *shards_[next_shard_.fetch_add(1, std::memory_order_relaxed) % shards_.size()];
}

ClientCall* ChannelCore::StartCall(const MethodInfo& method, ClientContext* context,
                                   const MessageInput* request) {
  // After Shutdown the loops may be gone, so nobody is asked whose thread this is.
  const bool shut_down = shut_down_.load(std::memory_order_acquire);
  ClientShard& shard = shut_down ? *shards_[0] : PickShard();
  ClientCall* call = !shut_down && shard.IsCurrent() ? shard.AcquireIdle() : nullptr;
  if (call == nullptr) {
    std::lock_guard lock(mutex_);
    if (!idle_calls_.empty()) {
      call = idle_calls_.back().release();
      idle_calls_.pop_back();
    }
  }
  if (call == nullptr) call = new ClientCall();
  call->Prepare(shared_from_this(), shard, method, context);
  if (shut_down) {
    call->FailUnstarted(
        absl::UnavailableError("the channel was destroyed; no calls can be made on it"));
    return call;
  }
  if (request != nullptr) call->SetRequest(*request);
  call->Start();
  return call;
}

void ChannelCore::ReleaseCall(ClientCall& call, ClientShard& shard) {
  const bool shut_down = shut_down_.load(std::memory_order_acquire);
  if (!shut_down && shard.IsCurrent() && shard.KeepIdle(call)) return;
  std::unique_ptr<ClientCall> owned(&call);
  std::lock_guard lock(mutex_);
  if (!shut_down && idle_calls_.size() < kKeptCalls) idle_calls_.push_back(std::move(owned));
}

void ChannelCore::Shutdown() {
  const absl::Status why = absl::UnavailableError("the channel was destroyed");
  Check(own_thread_ == nullptr || !own_thread_->loop().OnThread(),
        "a channel was destroyed on its own thread, which it must join; destroy it elsewhere");
  for (const std::unique_ptr<ClientShard>& shard : shards_) {
    EventLoop& loop = shard->event_loop();
    if (loop.OnThread()) {
      shard->Shutdown(why);
      continue;
    }
    std::promise<void> done;
    std::future<void> ran = done.get_future();
    if (loop.Post([&] {
          shard->Shutdown(why);
          done.set_value();
        })) {
      ran.wait();
    }
  }
  shut_down_.store(true, std::memory_order_release);
  if (own_thread_ != nullptr) own_thread_->Stop();
}

}  // namespace weft::internal
