#include "client/client_shard.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"

#include "buffer/limits.h"
#include "client/channel_core.h"
#include "client/http2_connection.h"
#include "client/in_process_connection.h"
#include "io/socket_transport.h"
#include "rpc/status_map.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

// How soon a server in this process is asked again while calls wait for it.
constexpr Duration kInProcessRetry = std::chrono::milliseconds(10);

// A resolver's or connector's failure is not the application's: checklist 40.
absl::Status AsCallStatus(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kUnavailable) return status;
  return absl::InternalError(absl::StrCat(CodeName(status.code()), ": ", status.message()));
}

}  // namespace

ClientShard::ClientShard(ChannelCore& channel, EventLoop& loop)
    : channel_(channel),
      event_loop_(loop),
      loop_(loop.core()),
      executor_(&loop_),
      mailbox_(loop_.mailbox()),
      streams_(loop_.chunks(), blocks_),
      backoff_(channel.options().first_backoff(), channel.options().longest_backoff(),
               loop_.random()),
      retry_timer_(*this),
      calls_(kKeptCalls) {
  loop_.AddResident(*this);
}

ClientShard::~ClientShard() {
  LeaveLoop();
  Shutdown(absl::UnavailableError("the channel was destroyed"));
}

void ClientShard::Submit(ClientCall& call) {
  if (shut_down_) {
    call.Cancel(last_error_);
    return;
  }
  if (ready_ != nullptr && ready_->can_open() && waiting_.empty()) {
    open_.PushBack(call);
    call.Open(*ready_);
    return;
  }
  // To ask a server in this process costs nothing, so its last answer is no reason not to.
  const bool in_process = channel_.in_process_server() != nullptr;
  if (failing_ && !in_process && !call.wait_for_ready()) {
    call.Cancel(last_error_);
    return;
  }
  waiting_.PushBack(call);
  if (in_process && !call.wait_for_ready()) loop_.timers().Disarm(retry_timer_);
  ConnectIfNeeded();
}

std::string ClientShard::WhyNotSent() const {
  if (failing_) return std::string(last_error_.message());
  return ready_ == nullptr ? "no connection was made in time"
                           : "the server takes no more calls at once on this connection";
}

void ClientShard::SendWaiting() {
  while (!waiting_.empty() && ready_ != nullptr && ready_->can_open()) {
    ClientCall& call = *waiting_.PopFront();
    open_.PushBack(call);
    call.Open(*ready_);
  }
}

void ClientShard::ConnectIfNeeded() {
  if (ready_ != nullptr || attempting_ || retry_timer_.armed() || waiting_.empty()) return;
  // A server that ends each connection as soon as it is up must not be asked again without a pause.
  const TimePoint earliest = attempt_start_ + channel_.options().first_backoff();
  if (loop_.Now() < earliest && channel_.in_process_server() == nullptr) {
    loop_.timers().Arm(retry_timer_, earliest);
  } else {
    Connect();
  }
}

void ClientShard::Connect() {
  attempting_ = true;
  attempt_start_ = loop_.Now();
  if (channel_.in_process_server() != nullptr) {
    ConnectInProcess();
    return;
  }
  look_up_ = channel_.resolver().Resolve(
      loop_, channel_.target(), [this](Addresses addresses) { OnResolved(std::move(addresses)); });
}

TimePoint ClientShard::attempt_end() const {
  const Duration timeout = channel_.options().connect_timeout();
  return timeout < kNever - attempt_start_ ? attempt_start_ + timeout : kNever;
}

void ClientShard::ConnectInProcess() {
  InProcessConnection* connection = nullptr;
  {
    // Under the lock the server can't be destroyed.
    InProcessHost::Link& server = *channel_.in_process_server();
    std::lock_guard lock(server.mutex);
    InProcessEndpoint* endpoint =
        server.host == nullptr ? nullptr : server.host->PickEndpoint(&event_loop_);
    if (endpoint != nullptr) {
      connection = new InProcessConnection(channel_, loop_, *endpoint, *this);
    }
  }
  if (connection == nullptr) {
    OnAttemptFailed(absl::UnavailableError("the server in this process does not run"));
    return;
  }
  connecting_ = connection;
  connections_.PushBack(*connection);
}

void ClientShard::OnResolved(Addresses addresses) {
  const std::unique_ptr<DnsResolver::LookUp> done = std::move(look_up_);
  if (!addresses.ok()) {
    OnAttemptFailed(addresses.status());
    return;
  }
  connector_ = std::make_unique<Connector>(loop_);
  connector_->Start(*std::move(addresses), attempt_end(),
                    [this](absl::StatusOr<OwnedFd> socket, const SocketAddress& peer) {
                      OnConnected(std::move(socket), peer);
                    });
}

void ClientShard::OnConnected(absl::StatusOr<OwnedFd> socket, const SocketAddress& peer) {
  const std::unique_ptr<Connector> done = std::move(connector_);
  if (!socket.ok()) {
    OnAttemptFailed(socket.status());
    return;
  }
  auto transport = std::make_unique<SocketTransport>(loop_, *std::move(socket), peer.ToString());
  auto* connection =
      new Http2Connection(channel_, loop_, streams_, std::move(transport), attempt_end(), *this);
  connecting_ = connection;
  connections_.PushBack(*connection);
}

void ClientShard::OnAttemptFailed(const absl::Status& why) {
  attempting_ = false;
  failing_ = true;
  last_error_ = AsCallStatus(why);
  // checklist 50: calls that don't want to wait fail now.
  IntrusiveList<ClientCall> patient;
  while (ClientCall* call = waiting_.PopFront()) {
    if (call->wait_for_ready()) {
      patient.PushBack(*call);
    } else {
      call->Cancel(last_error_);
    }
  }
  waiting_.Splice(patient);
  if (channel_.in_process_server() == nullptr) {
    loop_.timers().Arm(retry_timer_, attempt_start_ + backoff_.Next());
  } else if (!waiting_.empty()) {
    loop_.timers().Arm(retry_timer_, attempt_start_ + kInProcessRetry);
  }
}

void ClientShard::OnUp(ClientConnection& connection) {
  attempting_ = false;
  failing_ = false;
  connecting_ = nullptr;
  ready_ = &connection;
  backoff_.Reset();
  loop_.timers().Disarm(retry_timer_);
  SendWaiting();
}

void ClientShard::OnGoingAway(ClientConnection& connection) {
  if (ready_ != &connection) return;
  ready_ = nullptr;
  ConnectIfNeeded();
}

void ClientShard::OnCapacity(ClientConnection& connection) {
  if (ready_ == &connection) SendWaiting();
}

void ClientShard::OnDown(ClientConnection& connection, const absl::Status& why) {
  const bool was_connecting = connecting_ == &connection;
  if (was_connecting) connecting_ = nullptr;
  if (ready_ == &connection) ready_ = nullptr;
  delete &connection;
  if (shut_down_) return;
  if (was_connecting) {
    OnAttemptFailed(why);
  } else {
    ConnectIfNeeded();
  }
}

void ClientShard::OnLoopEnd() {
  Shutdown(absl::UnavailableError("the channel's loop has ended; no calls can be made any more"));
}

std::size_t ClientShard::Trim(TimePoint now) {
  streams_.Trim();
  blocks_.Trim(now);
  calls_.Trim();
  return streams_.stats().idle + blocks_.stats().bytes_idle + calls_.idle() +
         channel_.TrimCalls(now);
}

// Without the calls, some of which belong to their users.
std::size_t ClientShard::HeapBytes() const {
  const BlockPool::Stats& blocks = blocks_.stats();
  return blocks.bytes_in_use + blocks.bytes_idle + streams_.stats().bytes;
}

void ClientShard::Shutdown(const absl::Status& why) {
  if (std::exchange(shut_down_, true)) return;
  last_error_ = why;
  look_up_.reset();
  connector_.reset();
  loop_.timers().Disarm(retry_timer_);
  while (ClientCall* call = waiting_.PopFront()) call->Cancel(why);
  while (ClientCall* call = open_.PopFront()) call->Cancel(why);
  ready_ = connecting_ = nullptr;
  while (ClientConnection* connection = connections_.PopFront()) delete connection;
  gone_.store(true, std::memory_order_release);
}

void ClientShard::ShutdownFromAnyThread(const absl::Status& why) {
  class Ender final : public Runnable {
   public:
    Ender(ClientShard& shard, const absl::Status& reason) : shard_(shard), reason_(reason) {}
    ~Ender() = default;
    void Run() override {
      std::lock_guard lock(mutex);
      shard_.Shutdown(reason_);
      ran = true;
      changed.notify_one();
    }

    std::mutex mutex;
    std::condition_variable changed;
    bool ran = false;

   private:
    ClientShard& shard_;
    const absl::Status& reason_;
  };
  Ender ender(*this, why);
  std::unique_lock lock(ender.mutex);
  if (!mailbox_->Post(ender)) return;  // the loop has ended, and told this shard
  // While the lock keeps the loop from running it, the loop is there.
  if (!loop_.OnThread()) {
    ender.changed.wait(lock, [&ender] { return ender.ran; });
    return;
  }
  mailbox_->Withdraw(ender);
  lock.unlock();
  Shutdown(why);
}

}  // namespace weft::internal
