#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"

#include "base/intrusive_list.h"
#include "http/stream.h"
#include "transport/connection.h"

namespace weft::internal {

class Shard;

// A client's connection: speaks HTTP/2 or HTTP/1.1, whichever the client begins with, and hands the
// requests to its shard. Owned by the shard; loop thread only.
class ServerConnection final : public ListHook<>, public StreamAcceptor, private Connection::Owner {
 public:
  ServerConnection(Shard& shard, std::unique_ptr<Transport> transport);

  void Start();
  void Drain() { connection_.Drain(); }
  void Close(const absl::Status& why) { connection_.Close(why); }

  HttpStreamEvents* OnRequest(HttpStream& stream, HttpHead& head, bool end) override;

 private:
  void OnConnectionClosed(Connection& connection, const absl::Status& why) override;
  std::unique_ptr<Codec> MakeCodec(HttpVersion version, Codec::Host& host);

  Shard& shard_;
  Connection connection_;
};

}  // namespace weft::internal
