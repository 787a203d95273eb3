#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"

#include "base/intrusive_list.h"
#include "http/stream.h"
#include "server/memory_watch.h"
#include "transport/connection.h"

namespace weft::internal {

class Shard;

// A client's connection: speaks HTTP/2 or HTTP/1.1, whichever the client begins with, and hands the
// requests to its shard. Owned by the shard; loop thread only.
class ServerConnection final : public ListHook<>,
                               public StreamAcceptor,
                               public MemoryTenant,
                               private Connection::Owner {
 public:
  ServerConnection(Shard& shard, std::unique_ptr<Transport> transport);

  void Start();
  void Drain() { connection_.Drain(); }
  void Close(const absl::Status& why) { connection_.Close(why); }

  HttpStreamEvents* OnRequest(HttpStream& stream, HttpHead& head, bool end) override;
  std::string_view peer() const override { return connection_.peer(); }
  void HoldCredit(bool hold) override;
  bool LendCredit() override;
  bool credit_held() const override;
  std::size_t unsent_bytes() override;
  std::optional<std::int64_t> moved_bytes() const override;
  void CutOff(const absl::Status& why) override { connection_.Abort(why); }

 private:
  void OnConnectionClosed(Connection& connection, const absl::Status& why) override;
  std::unique_ptr<Codec> MakeCodec(HttpVersion version, Codec::Host& host);
  std::unique_ptr<Codec> NewCodec(HttpVersion version, Codec::Host& host);

  Shard& shard_;
  Codec* codec_ = nullptr;  // the connection's, once its protocol is known
  Connection connection_;
};

}  // namespace weft::internal
