#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "io/address.h"

namespace weft::internal {

class LoopCore;

// What a look-up gives: at least one address, in the system's order of preference, or UNAVAILABLE.
using Addresses = absl::StatusOr<std::vector<SocketAddress>>;

// Asks the system (getaddrinfo: hosts file, DNS, and what else is configured). Blocks.
Addresses LookUpName(const std::string& host, std::uint16_t port);

// Looks names up without blocking a loop. Names need a thread, which the resolver starts when there
// is one to look up and which ends when there is none; addresses need none. Owned by a channel; any
// thread. The destructor doesn't wait for the network: a look-up that hangs in the system keeps its
// thread until it returns, and is then forgotten.
class DnsResolver final {
 public:
  using LookUpFn = absl::AnyInvocable<Addresses(const std::string& host, std::uint16_t port)>;
  using Callback = absl::AnyInvocable<void(Addresses)>;

  // One look-up. Destroying it cancels: the callback is not called any more. Loop thread only.
  class LookUp;

  explicit DnsResolver(LookUpFn look_up = LookUpName);
  DnsResolver(const DnsResolver&) = delete;
  DnsResolver& operator=(const DnsResolver&) = delete;
  ~DnsResolver();

  // Calls `done` on `loop`, whose thread this is, in this pass or later, never inside of this call.
  // `done` may destroy the look-up. When the loop or the resolver ends first, it is never called.
  std::unique_ptr<LookUp> Resolve(LoopCore& loop, const Target& target, Callback done);

 private:
  struct Request;
  struct Shared;

  const std::shared_ptr<Shared> shared_;
};

class DnsResolver::LookUp final {
 public:
  explicit LookUp(std::shared_ptr<Request> request) : request_(std::move(request)) {}
  LookUp(const LookUp&) = delete;
  LookUp& operator=(const LookUp&) = delete;
  ~LookUp();

 private:
  const std::shared_ptr<Request> request_;
};

}  // namespace weft::internal
