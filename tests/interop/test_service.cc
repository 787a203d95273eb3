#include "test_service.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/sleep.h"

namespace weft::testing {

using grpc::testing::EchoStatus;
using grpc::testing::Empty;
using grpc::testing::ResponseParameters;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

namespace {

constexpr std::string_view kEchoInitial = "x-grpc-test-echo-initial";
constexpr std::string_view kEchoTrailing = "x-grpc-test-echo-trailing-bin";

void EchoMetadata(ServerContext& context) {
  const MetadataView sent = context.metadata();
  for (std::string_view value : sent.GetAll(kEchoInitial)) {
    context.AddInitialMetadata(kEchoInitial, value);
  }
  for (const std::string& value : sent.GetBinary(kEchoTrailing)) {
    context.AddTrailingMetadata(kEchoTrailing, value);
  }
}

absl::Status ToStatus(const EchoStatus& asked) {
  return absl::Status(static_cast<absl::StatusCode>(asked.code()), asked.message());
}

absl::Status CheckSize(std::int32_t size) {
  return size < 0 ? absl::InvalidArgumentError("the size asked for is negative") : absl::OkStatus();
}

// Sends the replies that one request asks for. `Writer` is any of the streams that write.
template <typename Writer>
Task<absl::Status> SendReplies(const StreamingOutputCallRequest& request, Writer& writer) {
  StreamingOutputCallResponse reply;
  for (const ResponseParameters& wanted : request.response_parameters()) {
    absl::Status valid = CheckSize(wanted.size());
    if (!valid.ok()) co_return valid;
    if (wanted.interval_us() > 0) {
      absl::Status slept = co_await Sleep(std::chrono::microseconds(wanted.interval_us()));
      if (!slept.ok()) co_return slept;
    }
    reply.mutable_payload()->mutable_body()->assign(static_cast<std::size_t>(wanted.size()), '\0');
    absl::Status written = co_await writer.Write(reply);
    if (!written.ok()) co_return written;
  }
  co_return request.has_response_status() ? ToStatus(request.response_status()) : absl::OkStatus();
}

}  // namespace

Task<absl::Status> TestService::EmptyCall(ServerContext&, const Empty&, Empty&) {
  co_return absl::OkStatus();
}

absl::Status TestService::Answer(const SimpleRequest& request, SimpleResponse& reply) const {
  if (request.has_response_status() && request.response_status().code() != 0) {
    return ToStatus(request.response_status());
  }
  absl::Status valid = CheckSize(request.response_size());
  if (!valid.ok()) return valid;
  reply.mutable_payload()->mutable_body()->assign(static_cast<std::size_t>(request.response_size()),
                                                  '\0');
  if (request.fill_server_id()) reply.set_server_id(server_id_);
  return absl::OkStatus();
}

Task<absl::Status> TestService::UnaryCall(ServerContext& context, const SimpleRequest& request,
                                          SimpleResponse& reply) {
  EchoMetadata(context);
  co_return Answer(request, reply);
}

Task<absl::Status> TestService::CacheableUnaryCall(ServerContext& context,
                                                   const SimpleRequest& request,
                                                   SimpleResponse& reply) {
  context.AddInitialMetadata("cache-control", "max-age=60, public");
  co_return Answer(request, reply);
}

Task<absl::Status> TestService::StreamingOutputCall(ServerContext&, const Input& request,
                                                    ServerWriter<Output>& writer) {
  return SendReplies(request, writer);
}

Task<absl::Status> TestService::StreamingInputCall(ServerContext&,
                                                   ServerReader<StreamingInputCallRequest>& reader,
                                                   StreamingInputCallResponse& reply) {
  StreamingInputCallRequest message;
  std::size_t size = 0;
  while (co_await reader.Read(message)) size += message.payload().body().size();
  reply.set_aggregated_payload_size(static_cast<std::int32_t>(size));
  co_return absl::OkStatus();
}

Task<absl::Status> TestService::FullDuplexCall(ServerContext& context, Stream& stream) {
  EchoMetadata(context);
  Input message;
  while (co_await stream.Read(message)) {
    absl::Status sent = co_await SendReplies(message, stream);
    if (!sent.ok()) co_return sent;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> TestService::HalfDuplexCall(ServerContext&, Stream& stream) {
  Input message;
  std::vector<Input> messages;
  while (co_await stream.Read(message)) messages.push_back(std::move(message));
  for (const Input& asked : messages) {
    absl::Status sent = co_await SendReplies(asked, stream);
    if (!sent.ok()) co_return sent;
  }
  co_return absl::OkStatus();
}

}  // namespace weft::testing
