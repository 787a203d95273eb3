#include "io/dns.h"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "coro/executor.h"
#include "io/errno_text.h"
#include "io/loop_core.h"
#include "io/signals_blocked.h"

namespace weft::internal {

Addresses LookUpName(const std::string& host, std::uint16_t port) {
  std::vector<SocketAddress> addresses = LocalhostAddresses(host, port);
  if (!addresses.empty()) return addresses;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot resolve \"", host,
                     "\": ", error == EAI_SYSTEM ? ErrnoText(errno) : ::gai_strerror(error)));
  }
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    addresses.emplace_back(entry->ai_addr, entry->ai_addrlen);
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) {
    return absl::UnavailableError(absl::StrCat("cannot resolve \"", host, "\": it has no address"));
  }
  return addresses;
}

// Shared by the look-up's handle, the thread that works on it, and the loop's queue. The callback
// is touched on the loop's thread only.
struct DnsResolver::Request final : public Runnable {
  void Run() override {
    const std::shared_ptr<Request> self = std::move(queued_self);
    if (done) std::exchange(done, nullptr)(std::move(result));
  }

  std::string host;
  std::uint16_t port = 0;
  std::shared_ptr<LoopMailbox> mailbox;
  Callback done;  // null when cancelled or called
  Addresses result;
  std::shared_ptr<Request> queued_self;  // while in the loop's queue
};

struct DnsResolver::Shared {
  // The body of the thread. Holds the state, which may outlive the resolver.
  static void Work(const std::shared_ptr<Shared>& shared) {
    std::unique_lock lock(shared->mutex);
    while (!shared->ended && !shared->queue.empty()) {
      std::shared_ptr<Request> request = std::move(shared->queue.front());
      shared->queue.pop_front();
      lock.unlock();
      request->result = shared->look_up(request->host, request->port);
      Hand(std::move(request));
      lock.lock();
    }
    shared->running = false;
  }

  // Brings the result to the loop.
  static void Hand(std::shared_ptr<Request> request) {
    Request& node = *request;
    const std::shared_ptr<LoopMailbox> mailbox = node.mailbox;
    node.queued_self = std::move(request);
    if (!mailbox->Post(node)) node.queued_self.reset();
  }

  explicit Shared(LookUpFn fn) : look_up(std::move(fn)) {}

  LookUpFn look_up;  // the thread's
  std::mutex mutex;
  std::deque<std::shared_ptr<Request>> queue;
  bool running = false;  // the thread, as far as it will look at the queue once more
  bool ended = false;
  std::thread thread;
};

DnsResolver::DnsResolver(LookUpFn look_up)
    : shared_(std::make_shared<Shared>(std::move(look_up))) {}

DnsResolver::~DnsResolver() {
  std::thread thread;
  bool running;
  {
    std::lock_guard lock(shared_->mutex);
    shared_->ended = true;
    shared_->queue.clear();
    running = shared_->running;
    thread = std::move(shared_->thread);
  }
  if (!thread.joinable()) return;
  if (running) {
    thread.detach();  // in the system's hands; all that it touches is its own
  } else {
    thread.join();
  }
}

std::unique_ptr<DnsResolver::LookUp> DnsResolver::Resolve(LoopCore& loop, const Target& target,
                                                          Callback done) {
  auto request = std::make_shared<Request>();
  request->mailbox = loop.mailbox();
  request->done = std::move(done);
  auto handle = std::make_unique<LookUp>(request);
  if (target.kind() == Target::Kind::kAddresses) {
    request->result = target.addresses();
    request->queued_self = request;
    loop.Schedule(*request);
    return handle;
  }
  request->host = target.host();
  request->port = target.port();
  request->result = absl::UnknownError("");
  std::lock_guard lock(shared_->mutex);
  shared_->queue.push_back(request);
  if (shared_->running) return handle;
  if (shared_->thread.joinable())
    shared_->thread.join();  // it has let go of the queue and just ends
  const SignalsBlocked blocked;
  try {
    shared_->thread = std::thread(&Shared::Work, shared_);
    shared_->running = true;
  } catch (const std::system_error&) {
    shared_->queue.pop_back();
    request->result = absl::UnavailableError(
        absl::StrCat("cannot resolve \"", request->host, "\": no thread can be started"));
    Shared::Hand(std::move(request));
  }
  return handle;
}

DnsResolver::LookUp::~LookUp() {
  request_->done = nullptr;
  if (request_->mailbox->Withdraw(*request_)) request_->queued_self.reset();
}

}  // namespace weft::internal
