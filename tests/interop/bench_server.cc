// bench.Echo and bench.Store on Weft, for bench/compare, bench/priority and the memory programs:
// weft_bench_server --port N [--loops N] [--memory_budget BYTES].
#include <cstdint>
#include <iostream>
#include <string>

#include "bench/echo_service.h"
#include "bench/store_service.h"
#include "flags.h"
#include "weft/server.h"

int main(int argc, char** argv) {
  std::int64_t port = 20051, loops = 1, memory_budget = 0;
  weft::testing::Flags flags;
  flags.Add("port", &port);
  flags.Add("loops", &loops);
  flags.Add("memory_budget", &memory_budget);
  flags.Parse(argc, argv);

  bench::EchoService echo;
  weft::RawService store;
  bench::AddFetch(store);
  weft::Server server(weft::ServerOptions()
                          .set_loops(static_cast<int>(loops))
                          .set_receive_limit(bench::kMessageLimit)
                          .set_send_limit(bench::kMessageLimit)
                          .set_memory_budget(static_cast<std::size_t>(memory_budget)));
  server.Register(echo);
  server.Register(store);
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
