#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "grpc/testing/test.weft.h"
#include "weft/channel.h"
#include "weft/client_context.h"
#include "weft/kit/v1/kit.weft.h"

namespace weft::testing {

// What a test case works with: one channel to the server under test, and stubs on it.
class ClientUnderTest {
 public:
  explicit ClientUnderTest(const std::string& target)
      : channel(target), test(channel), unimplemented(channel), kit(channel) {}

  Channel channel;
  const grpc::testing::TestService::Stub test;
  const grpc::testing::UnimplementedService::Stub unimplemented;
  const kit::v1::Kit::Stub kit;
};

// A named case. Returning means that all came true; otherwise it ends the program through Expect.
struct ClientCase {
  std::string_view name;
  void (*run)(ClientUnderTest& client);
};

// gRPC's official cases, and those of grpcio_server_suite.py.
std::span<const ClientCase> StandardCases();
std::span<const ClientCase> OwnCases();

// Longer than any call of a case may take.
inline constexpr std::chrono::seconds kCallTimeout{30};

// A context for one call of a case.
std::unique_ptr<ClientContext> NewContext();

// Ends the program with code 1 and says what was expected.
[[noreturn]] void Fail(const std::string& text);
void Expect(bool truth, const std::string& text);
void ExpectOk(const absl::Status& status, std::string_view what);
void ExpectCode(const absl::Status& status, absl::StatusCode code, std::string_view what);
void ExpectSize(const grpc::testing::Payload& payload, std::size_t size, std::string_view what);

grpc::testing::SimpleRequest UnaryRequest(std::size_t request_size, std::size_t response_size);
grpc::testing::StreamingOutputCallRequest OutputRequest(
    std::initializer_list<std::int32_t> response_sizes, std::size_t request_size = 0);

inline constexpr std::string_view kEchoInitial = "x-grpc-test-echo-initial";
inline constexpr std::string_view kEchoTrailing = "x-grpc-test-echo-trailing-bin";

}  // namespace weft::testing
