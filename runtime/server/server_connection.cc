#include "server/server_connection.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "http1/server_codec.h"
#include "http2/session.h"
#include "server/shard.h"

namespace weft::internal {
namespace {

ConnectionTimeouts Timeouts(const ServerOptions& options) {
  ConnectionTimeouts timeouts;
  timeouts.handshake = options.handshake_timeout();
  timeouts.head = options.header_timeout();
  timeouts.body = options.header_timeout();
  timeouts.idle = options.idle_timeout();
  return timeouts;
}

}  // namespace

ServerConnection::ServerConnection(Shard& shard, std::unique_ptr<Transport> transport)
    : shard_(shard),
      connection_(shard.environment().loop, std::move(transport),
                  Timeouts(shard.environment().options), *this) {}

void ServerConnection::Start() {
  connection_.StartSniffing(
      [this](HttpVersion version, Codec::Host& host) { return MakeCodec(version, host); });
}

std::unique_ptr<Codec> ServerConnection::MakeCodec(HttpVersion version, Codec::Host& host) {
  std::unique_ptr<Codec> codec = NewCodec(version, host);
  codec_ = codec.get();
  if (held_back) codec_->HoldCredit(true);
  return codec;
}

void ServerConnection::HoldCredit(bool hold) {
  if (codec_ != nullptr) codec_->HoldCredit(hold);
}

bool ServerConnection::LendCredit() { return codec_ != nullptr && codec_->LendCredit(); }

bool ServerConnection::credit_held() const { return codec_ != nullptr && codec_->credit_held(); }

std::size_t ServerConnection::unsent_bytes() {
  return connection_.unwritten().unmapped_size() + (codec_ != nullptr ? codec_->unsent_bytes() : 0);
}

// What waits for the socket has not moved.
std::optional<std::int64_t> ServerConnection::moved_bytes() const {
  if (codec_ == nullptr) return 0;
  return static_cast<std::int64_t>(codec_->body_bytes()) -
         static_cast<std::int64_t>(connection_.unwritten().size());
}

std::unique_ptr<Codec> ServerConnection::NewCodec(HttpVersion version, Codec::Host& host) {
  if (version == HttpVersion::kHttp11) {
    return std::make_unique<http1::ServerCodec>(host, *this, shard_.environment().chunks,
                                                shard_.dates(), http1::ServerCodec::Options());
  }
  http2::SessionOptions options;
  options.clock = &shard_.environment().loop.clock();
  options.max_concurrent_streams = static_cast<std::uint32_t>(
      std::min<std::size_t>(shard_.environment().options.max_concurrent_streams(),
                            std::numeric_limits<std::int32_t>::max()));
  options.scheduling.floor = shard_.environment().options.priority_floor();
  options.honor_peer_priority = shard_.environment().options.honor_client_priority();
  return std::make_unique<http2::ServerSession>(options, shard_.streams(), host, *this);
}

HttpStreamEvents* ServerConnection::OnRequest(HttpStream& stream, HttpHead& head, bool end) {
  return shard_.Dispatch(stream, head, end, *this);
}

void ServerConnection::OnConnectionClosed(Connection&, const absl::Status& why) {
  shard_.Forget(*this, why);  // destroys this
}

}  // namespace weft::internal
