#pragma once

#include <string>

#include "grpc/testing/test.weft.h"

namespace weft::testing {

// grpc.testing.TestService as gRPC's description of its interoperation tests has it, without
// compression. UnimplementedCall is left out on purpose.
class TestService final : public grpc::testing::TestService::Service {
 public:
  // `server_id` is what a call that asks for it is told.
  explicit TestService(std::string server_id) : server_id_(std::move(server_id)) {}

 private:
  using Input = grpc::testing::StreamingOutputCallRequest;
  using Output = grpc::testing::StreamingOutputCallResponse;
  using Stream = ServerReaderWriter<Input, Output>;

  Task<absl::Status> EmptyCall(ServerContext& context, const grpc::testing::Empty& request,
                               grpc::testing::Empty& reply) override;
  Task<absl::Status> UnaryCall(ServerContext& context, const grpc::testing::SimpleRequest& request,
                               grpc::testing::SimpleResponse& reply) override;
  Task<absl::Status> CacheableUnaryCall(ServerContext& context,
                                        const grpc::testing::SimpleRequest& request,
                                        grpc::testing::SimpleResponse& reply) override;
  Task<absl::Status> StreamingOutputCall(ServerContext& context, const Input& request,
                                         ServerWriter<Output>& writer) override;
  Task<absl::Status> StreamingInputCall(
      ServerContext& context, ServerReader<grpc::testing::StreamingInputCallRequest>& reader,
      grpc::testing::StreamingInputCallResponse& reply) override;
  Task<absl::Status> FullDuplexCall(ServerContext& context, Stream& stream) override;
  Task<absl::Status> HalfDuplexCall(ServerContext& context, Stream& stream) override;

  absl::Status Answer(const grpc::testing::SimpleRequest& request,
                      grpc::testing::SimpleResponse& reply) const;

  const std::string server_id_;
};

}  // namespace weft::testing
