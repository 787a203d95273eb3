#include "http2/session.h"

#include <utility>

#include "base/check.h"
#include "http2/core.h"

namespace weft::http2 {

using internal::Check;

Session::Session(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Session::~Session() = default;

absl::Status Session::Recv(internal::Slice bytes) { return core_->Recv(bytes); }
absl::Status Session::RecvEof() { return core_->RecvEof(); }
absl::Status Session::Pull(internal::BufList& out, std::size_t budget) {
  return core_->Pull(out, budget);
}
void Session::WritersRan() { core_->WritersRan(); }
bool Session::wants_write() const { return core_->wants_write(); }
bool Session::wants_read() const { return core_->wants_read(); }
bool Session::finished() const { return core_->finished(); }
void Session::Abort(const absl::Status& why) { core_->Abort(why); }
void Session::Drain() { core_->Drain(); }
std::size_t Session::open_streams() const { return core_->open_streams(); }
bool Session::OutputLost(std::size_t from_end) { return core_->OutputLost(from_end); }
void Session::Ping(std::uint64_t opaque) { core_->Ping(opaque); }
void Session::GoAway(std::uint32_t error, std::string_view debug) { core_->GoAway(error, debug); }
void Session::HoldCredit(bool hold) { core_->HoldConnectionCredit(hold); }
bool Session::LendCredit() { return core_->LendConnectionCredit(); }
bool Session::credit_held() const { return core_->credit_held(); }
std::uint64_t Session::body_bytes() const { return core_->body_bytes(); }
std::size_t Session::unsent_bytes() { return core_->unsent_bytes(); }
std::uint64_t Session::call_frames_sent() const { return core_->call_frames_sent(); }

ServerSession::ServerSession(const SessionOptions& options, StreamPool& pool,
                             internal::Codec::Host& host, internal::StreamAcceptor& acceptor,
                             SessionEvents* events)
    : Session(std::make_unique<Core>(options, pool, host, &acceptor, events, nullptr)) {}

ClientSession::ClientSession(const SessionOptions& options, StreamPool& pool,
                             internal::Codec::Host& host, ClientSessionEvents& events)
    : Session(std::make_unique<Core>(options, pool, host, nullptr, &events, &events)) {}

bool ClientSession::can_open() const { return core_->can_open(); }

internal::HttpStream& ClientSession::OpenStream(internal::HttpStreamEvents& events,
                                                const RequestTarget& target,
                                                std::optional<Priority> priority) {
  Check(can_open(), "ClientSession::OpenStream without can_open()");
  return core_->OpenStream(events, target, priority);
}

}  // namespace weft::http2
