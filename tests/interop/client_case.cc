#include "client_case.h"

#include <cstdlib>
#include <iostream>

namespace weft::testing {

std::unique_ptr<ClientContext> NewContext() {
  auto context = std::make_unique<ClientContext>();
  context->set_timeout(kCallTimeout);
  return context;
}

void Fail(const std::string& text) {
  std::cerr << "failed: " << text << std::endl;
  // Not exit: destructors of static objects must not wait for calls that hang.
  std::_Exit(1);
}

void Expect(bool truth, const std::string& text) {
  if (!truth) Fail(text);
}

void ExpectOk(const absl::Status& status, std::string_view what) {
  if (!status.ok()) Fail(std::string(what) + ": " + status.ToString());
}

void ExpectCode(const absl::Status& status, absl::StatusCode code, std::string_view what) {
  if (status.code() != code) {
    Fail(std::string(what) + ": " + status.ToString() + ", want " + absl::StatusCodeToString(code));
  }
}

void ExpectSize(const grpc::testing::Payload& payload, std::size_t size, std::string_view what) {
  if (payload.body() != std::string(size, '\0')) {
    Fail(std::string(what) + ": " + std::to_string(payload.body().size()) + " bytes, want " +
         std::to_string(size) + " zeros");
  }
}

grpc::testing::SimpleRequest UnaryRequest(std::size_t request_size, std::size_t response_size) {
  grpc::testing::SimpleRequest request;
  request.set_response_size(static_cast<std::int32_t>(response_size));
  request.mutable_payload()->mutable_body()->assign(request_size, '\0');
  return request;
}

grpc::testing::StreamingOutputCallRequest OutputRequest(
    std::initializer_list<std::int32_t> response_sizes, std::size_t request_size) {
  grpc::testing::StreamingOutputCallRequest request;
  for (std::int32_t size : response_sizes) request.add_response_parameters()->set_size(size);
  request.mutable_payload()->mutable_body()->assign(request_size, '\0');
  return request;
}

}  // namespace weft::testing
