#include "tests/support/test_service.h"

#include <chrono>
#include <string>
#include <thread>

#include "weft/event.h"
#include "weft/sleep.h"

namespace weft::testing {
namespace {

absl::Status Asked(const TestRequest& request) {
  return absl::Status(static_cast<absl::StatusCode>(request.code()), request.text());
}

void Fill(const TestRequest& request, TestReply& reply) {
  reply.set_text(request.text());
  if (request.size() > 0) {
    reply.set_payload(std::string(static_cast<std::size_t>(request.size()), 'x'));
  } else {
    reply.set_payload(request.payload());
  }
}

void EchoHeaders(ServerContext& context) {
  for (const auto& [key, value] : context.metadata().All()) context.AddTrailingMetadata(key, value);
}

// Until the call is cancelled, which ends every wait.
Task<void> UntilCancelled() {
  absl::Status over = co_await Sleep(std::chrono::hours(1));
  static_cast<void>(over);
}

}  // namespace

class TestServiceImpl::Count {
 public:
  Count(TestServiceImpl& service, ServerContext& context) : service_(service), context_(context) {
    ++service_.begun;
  }
  Count(const Count&) = delete;
  ~Count() {
    if (context_.cancelled()) ++service_.cancelled;
    ++service_.ended;
  }

 private:
  TestServiceImpl& service_;
  ServerContext& context_;
};

bool TestServiceImpl::WaitFor(const std::atomic<int>& counter, int value) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (counter.load() != value) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

Task<absl::Status> TestServiceImpl::Unary(ServerContext& context, const TestRequest& request,
                                          TestReply& reply) {
  const Count count(*this, context);
  if (request.wait()) {
    co_await UntilCancelled();
  }
  if (request.echo_headers()) EchoHeaders(context);
  if (request.code() != 0) co_return Asked(request);
  Fill(request, reply);
  co_return absl::OkStatus();
}

Task<absl::Status> TestServiceImpl::ServerStream(ServerContext& context, const TestRequest& request,
                                                 ServerWriter<TestReply>& writer) {
  const Count count(*this, context);
  TestReply reply;
  Fill(request, reply);
  for (int i = 0; i < request.count(); ++i) {
    reply.set_count(i);
    absl::Status written = co_await writer.Write(reply);
    if (!written.ok()) co_return written;
  }
  if (request.wait()) {
    co_await UntilCancelled();
  }
  if (request.code() != 0) co_return Asked(request);
  co_return absl::OkStatus();
}

Task<absl::Status> TestServiceImpl::ClientStream(ServerContext& context,
                                                 ServerReader<TestRequest>& reader,
                                                 TestReply& reply) {
  const Count count(*this, context);
  TestRequest request;
  int read = 0;
  while (co_await reader.Read(request)) {
    ++read;
    if (request.wait()) {
      co_await UntilCancelled();
    }
    if (request.code() != 0) co_return Asked(request);
  }
  reply.set_text(request.text());
  reply.set_count(read);
  co_return absl::OkStatus();
}

Task<absl::Status> TestServiceImpl::Bidi(ServerContext& context,
                                         ServerReaderWriter<TestRequest, TestReply>& stream) {
  const Count count(*this, context);
  TestRequest request;
  TestReply reply;
  int read = 0;
  while (co_await stream.Read(request)) {
    if (request.wait()) {
      co_await UntilCancelled();
    }
    if (request.code() != 0) co_return Asked(request);
    Fill(request, reply);
    reply.set_count(read++);
    absl::Status written = co_await stream.Write(reply);
    if (!written.ok()) co_return written;
  }
  co_return absl::OkStatus();
}

}  // namespace weft::testing
