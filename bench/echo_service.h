#pragma once

#include <cstddef>
#include <cstdint>

#include "echo.weft.h"

namespace bench {

// As large as the peers' servers allow.
inline constexpr std::size_t kMessageLimit = std::size_t{64} << 20;

// bench.Echo, as all servers of the comparison serve it.
class EchoService final : public Echo::Service {
  weft::Task<absl::Status> Unary(weft::ServerContext&, const Payload& request,
                                 Payload& reply) override {
    reply = request;
    co_return absl::OkStatus();
  }

  weft::Task<absl::Status> ServerStream(weft::ServerContext&, const Payload& request,
                                        weft::ServerWriter<Payload>& writer) override {
    for (std::int32_t left = request.id(); left > 0; --left) {
      absl::Status written = co_await writer.Write(request);
      if (!written.ok()) co_return written;
    }
    co_return absl::OkStatus();
  }

  weft::Task<absl::Status> ClientStream(weft::ServerContext&, weft::ServerReader<Payload>& reader,
                                        Payload& reply) override {
    Payload message;
    std::int32_t taken = 0;
    while (co_await reader.Read(message)) ++taken;
    reply.set_id(taken);
    co_return absl::OkStatus();
  }

  weft::Task<absl::Status> Bidi(weft::ServerContext&,
                                weft::ServerReaderWriter<Payload, Payload>& stream) override {
    Payload message;
    while (co_await stream.Read(message)) {
      absl::Status written = co_await stream.Write(message);
      if (!written.ok()) co_return written;
    }
    co_return absl::OkStatus();
  }
};

}  // namespace bench
