// The server for tests from outside: grpc.testing.TestService and weft.kit.v1.Kit on one port, over
// gRPC and JSON. Prints "listening on ADDRESS:PORT" when it does; ends with 0 on SIGTERM.
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

#include "flags.h"
#include "kit_service.h"
#include "test_service.h"
#include "weft/server.h"

namespace {

constexpr std::int64_t kUnset = -1;

weft::Duration Seconds(std::int64_t seconds) { return std::chrono::seconds(seconds); }

}  // namespace

int main(int argc, char** argv) {
  std::int64_t port = 8080;
  std::int64_t loops = kUnset, max_connections = kUnset, max_streams = kUnset, max_message = kUnset;
  std::int64_t handshake_timeout = kUnset, header_timeout = kUnset, idle_timeout = kUnset;
  bool use_tls = false;
  weft::testing::Flags flags;
  flags.Add("port", &port);
  flags.Add("use_tls", &use_tls);
  flags.Add("loops", &loops);
  flags.Add("max-connections", &max_connections);
  flags.Add("max-concurrent-streams", &max_streams);
  flags.Add("max-message", &max_message);
  flags.Add("handshake-timeout", &handshake_timeout);
  flags.Add("header-timeout", &header_timeout);
  flags.Add("idle-timeout", &idle_timeout);
  flags.Parse(argc, argv);
  if (use_tls) {
    std::cerr << argv[0] << ": this build of Weft speaks no TLS\n";
    return 2;
  }

  weft::ServerOptions options;
  if (loops != kUnset) options.set_loops(static_cast<int>(loops));
  if (max_connections != kUnset) {
    options.set_max_connections(static_cast<std::size_t>(max_connections));
  }
  if (max_streams != kUnset) {
    options.set_max_concurrent_streams(static_cast<std::size_t>(max_streams));
  }
  if (max_message != kUnset) options.set_receive_limit(static_cast<std::size_t>(max_message));
  if (handshake_timeout != kUnset) options.set_handshake_timeout(Seconds(handshake_timeout));
  if (header_timeout != kUnset) options.set_header_timeout(Seconds(header_timeout));
  if (idle_timeout != kUnset) options.set_idle_timeout(Seconds(idle_timeout));

  weft::testing::TestService test("weft " + std::to_string(getpid()));
  weft::testing::KitService kit;
  weft::Server server(options);
  server.Register(test);
  server.Register(kit);
  const absl::Status listening = server.Listen("127.0.0.1:" + std::to_string(port));
  if (!listening.ok()) {
    std::cerr << argv[0] << ": " << listening << "\n";
    return 1;
  }
  std::cout << "listening on 127.0.0.1:" << server.port() << std::endl;
  const absl::Status ended = server.Run();
  if (!ended.ok()) {
    std::cerr << argv[0] << ": " << ended << "\n";
    return 1;
  }
  return 0;
}
