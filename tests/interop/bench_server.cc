// bench.Echo on Weft, for bench/compare and bench/priority: weft_bench_server --port N [--loops N].
#include <cstdint>
#include <iostream>
#include <string>

#include "echo.weft.h"
#include "flags.h"
#include "weft/server.h"

namespace {

using bench::Payload;

// As large as the peers' servers allow.
constexpr std::size_t kMessageLimit = std::size_t{64} << 20;

class EchoService final : public bench::Echo::Service {
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

}  // namespace

int main(int argc, char** argv) {
  std::int64_t port = 20051, loops = 1;
  weft::testing::Flags flags;
  flags.Add("port", &port);
  flags.Add("loops", &loops);
  flags.Parse(argc, argv);

  EchoService echo;
  weft::Server server(weft::ServerOptions()
                          .set_loops(static_cast<int>(loops))
                          .set_receive_limit(kMessageLimit)
                          .set_send_limit(kMessageLimit));
  server.Register(echo);
  const absl::Status listening = server.Listen("127.0.0.1:" + std::to_string(port));
  if (!listening.ok()) {
    std::cerr << argv[0] << ": " << listening << "\n";
    return 1;
  }
  const absl::Status ended = server.Run();
  if (!ended.ok()) {
    std::cerr << argv[0] << ": " << ended << "\n";
    return 1;
  }
  return 0;
}
