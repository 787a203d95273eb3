#pragma once

#include <atomic>

#include "test_service.weft.h"

namespace weft::testing {

// What tests of servers and clients talk to; each request says what its handler is to do.
class TestServiceImpl : public TestService::Service {
 public:
  Task<absl::Status> Unary(ServerContext& context, const TestRequest& request,
                           TestReply& reply) override;
  Task<absl::Status> ServerStream(ServerContext& context, const TestRequest& request,
                                  ServerWriter<TestReply>& writer) override;
  Task<absl::Status> ClientStream(ServerContext& context, ServerReader<TestRequest>& reader,
                                  TestReply& reply) override;
  Task<absl::Status> Bidi(ServerContext& context,
                          ServerReaderWriter<TestRequest, TestReply>& stream) override;

  // Handlers that were begun, those that have returned, and those whose call was cancelled by then.
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  std::atomic<int> cancelled{0};

  // Blocks until `counter` is `value`; false when it takes longer than ten seconds.
  static bool WaitFor(const std::atomic<int>& counter, int value);

 private:
  class Count;
};

}  // namespace weft::testing
