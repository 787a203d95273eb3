// gRPC's interoperation test client on Weft, with the flags of gRPC's own: it runs one test case
// against a server and ends with 0 if all that the case expects came true.
#include <cstdint>
#include <iostream>
#include <span>
#include <string>

#include "client_case.h"
#include "flags.h"

namespace {

using weft::testing::ClientCase;

const ClientCase* Find(std::span<const ClientCase> cases, std::string_view name) {
  for (const ClientCase& known : cases) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

void PrintNames(std::span<const ClientCase> cases) {
  for (const ClientCase& known : cases) std::cerr << " " << known.name;
}

}  // namespace

int main(int argc, char** argv) {
  std::string host = "localhost", test_case, ca_file, host_override;
  std::int64_t port = 8080;
  bool use_tls = false, use_test_ca = false;
  weft::testing::Flags flags;
  flags.Add("server_host", &host);
  flags.Add("server_port", &port);
  flags.Add("test_case", &test_case);
  flags.Add("use_tls", &use_tls);
  flags.Add("use_test_ca", &use_test_ca);
  flags.Add("ca_file", &ca_file);
  flags.Add("server_host_override", &host_override);
  flags.Parse(argc, argv);
  if (use_tls) {
    std::cerr << argv[0] << ": this build of Weft speaks no TLS\n";
    return 2;
  }
  const ClientCase* found = Find(weft::testing::StandardCases(), test_case);
  if (found == nullptr) found = Find(weft::testing::OwnCases(), test_case);
  if (found == nullptr) {
    std::cerr << argv[0] << ": no test case \"" << test_case << "\"; there are";
    PrintNames(weft::testing::StandardCases());
    PrintNames(weft::testing::OwnCases());
    std::cerr << "\n";
    return 2;
  }
  weft::testing::ClientUnderTest client("dns:///" + host + ":" + std::to_string(port));
  found->run(client);
  return 0;
}
