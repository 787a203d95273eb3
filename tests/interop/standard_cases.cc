// gRPC's official test cases for clients, as its description of the interoperation tests has them.
#include <memory>
#include <string>
#include <vector>

#include "client_case.h"

namespace weft::testing {

using grpc::testing::Empty;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

namespace {

constexpr std::size_t kLargeRequest = 271828;
constexpr std::size_t kLargeResponse = 314159;
constexpr std::int32_t kRequestSizes[] = {27182, 8, 1828, 45904};
constexpr std::int32_t kResponseSizes[] = {31415, 9, 2653, 58979};

void EmptyUnary(ClientUnderTest& client) {
  auto context = NewContext();
  absl::StatusOr<Empty> reply = client.test.EmptyCall(*context, Empty()).Wait();
  ExpectOk(reply.status(), "EmptyCall");
}

void LargeUnary(ClientUnderTest& client) {
  auto context = NewContext();
  absl::StatusOr<SimpleResponse> reply =
      client.test.UnaryCall(*context, UnaryRequest(kLargeRequest, kLargeResponse)).Wait();
  ExpectOk(reply.status(), "UnaryCall");
  ExpectSize(reply->payload(), kLargeResponse, "UnaryCall");
}

void ClientStreaming(ClientUnderTest& client) {
  auto context = NewContext();
  auto stream = client.test.StreamingInputCall(*context);
  std::int32_t total = 0;
  for (std::int32_t size : kRequestSizes) {
    StreamingInputCallRequest request;
    request.mutable_payload()->mutable_body()->assign(static_cast<std::size_t>(size), '\0');
    ExpectOk(stream.Write(request).Wait(), "Write");
    total += size;
  }
  absl::StatusOr<StreamingInputCallResponse> reply = stream.Finish().Wait();
  ExpectOk(reply.status(), "StreamingInputCall");
  Expect(reply->aggregated_payload_size() == total, "the server counted all bytes");
}

void ServerStreaming(ClientUnderTest& client) {
  auto context = NewContext();
  StreamingOutputCallRequest request;
  for (std::int32_t size : kResponseSizes) request.add_response_parameters()->set_size(size);
  auto stream = client.test.StreamingOutputCall(*context, request);
  StreamingOutputCallResponse reply;
  for (std::int32_t size : kResponseSizes) {
    Expect(stream.Read(reply).Wait(), "as many replies as asked for");
    ExpectSize(reply.payload(), static_cast<std::size_t>(size), "a reply");
  }
  Expect(!stream.Read(reply).Wait(), "no more replies than asked for");
  ExpectOk(stream.Finish().Wait(), "StreamingOutputCall");
}

void PingPong(ClientUnderTest& client) {
  auto context = NewContext();
  auto stream = client.test.FullDuplexCall(*context);
  StreamingOutputCallResponse reply;
  for (std::size_t i = 0; i < std::size(kRequestSizes); ++i) {
    const StreamingOutputCallRequest request =
        OutputRequest({kResponseSizes[i]}, static_cast<std::size_t>(kRequestSizes[i]));
    ExpectOk(stream.Write(request).Wait(), "Write");
    Expect(stream.Read(reply).Wait(), "a reply to each request");
    ExpectSize(reply.payload(), static_cast<std::size_t>(kResponseSizes[i]), "a reply");
  }
  stream.WritesDone();
  Expect(!stream.Read(reply).Wait(), "no reply after the last request");
  ExpectOk(stream.Finish().Wait(), "FullDuplexCall");
}

void EmptyStream(ClientUnderTest& client) {
  auto context = NewContext();
  auto stream = client.test.FullDuplexCall(*context);
  stream.WritesDone();
  StreamingOutputCallResponse reply;
  Expect(!stream.Read(reply).Wait(), "no reply without a request");
  ExpectOk(stream.Finish().Wait(), "FullDuplexCall");
}

void TimeoutOnSleepingServer(ClientUnderTest& client) {
  ClientContext context;
  context.set_timeout(std::chrono::milliseconds(1));
  auto stream = client.test.FullDuplexCall(context);
  // The deadline may have passed before: what Write says does not matter.
  absl::Status written = stream.Write(OutputRequest({}, 27182)).Wait();
  written.IgnoreError();
  // Without a half-close, which would let the server end the call first.
  StreamingOutputCallResponse reply;
  Expect(!stream.Read(reply).Wait(), "no reply");
  ExpectCode(stream.Finish().Wait(), absl::StatusCode::kDeadlineExceeded, "FullDuplexCall");
}

void CancelAfterBegin(ClientUnderTest& client) {
  auto context = NewContext();
  auto stream = client.test.StreamingInputCall(*context);
  stream.Cancel();
  ExpectCode(stream.Finish().Wait().status(), absl::StatusCode::kCancelled, "StreamingInputCall");
}

void CancelAfterFirstResponse(ClientUnderTest& client) {
  auto context = NewContext();
  auto stream = client.test.FullDuplexCall(*context);
  ExpectOk(stream.Write(OutputRequest({31415}, 27182)).Wait(), "Write");
  StreamingOutputCallResponse reply;
  Expect(stream.Read(reply).Wait(), "a reply");
  stream.Cancel();
  ExpectCode(stream.Finish().Wait(), absl::StatusCode::kCancelled, "FullDuplexCall");
}

void ExpectUnknown(const absl::Status& status, const std::string& text, std::string_view what) {
  ExpectCode(status, absl::StatusCode::kUnknown, what);
  Expect(status.message() == text, std::string(what) + " ends with the text asked for");
}

void StatusCodeAndMessage(ClientUnderTest& client) {
  const std::string text = "test status message";
  SimpleRequest request;
  request.mutable_response_status()->set_code(static_cast<int>(absl::StatusCode::kUnknown));
  request.mutable_response_status()->set_message(text);
  auto context = NewContext();
  ExpectUnknown(client.test.UnaryCall(*context, request).Wait().status(), text, "UnaryCall");

  StreamingOutputCallRequest asked;
  *asked.mutable_response_status() = request.response_status();
  auto stream_context = NewContext();
  auto stream = client.test.FullDuplexCall(*stream_context);
  ExpectOk(stream.Write(asked).Wait(), "Write");
  ExpectUnknown(stream.Finish().Wait(), text, "FullDuplexCall");
}

void SpecialStatusMessage(ClientUnderTest& client) {
  const std::string text =
      "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n";
  SimpleRequest request;
  request.mutable_response_status()->set_code(static_cast<int>(absl::StatusCode::kUnknown));
  request.mutable_response_status()->set_message(text);
  auto context = NewContext();
  ExpectUnknown(client.test.UnaryCall(*context, request).Wait().status(), text, "UnaryCall");
}

constexpr std::string_view kInitialValue = "test_initial_metadata_value";
constexpr std::string_view kTrailingValue = "\xab\xab\xab";

std::unique_ptr<ClientContext> ContextWithMetadata() {
  auto context = NewContext();
  context->AddMetadata(kEchoInitial, kInitialValue);
  context->AddMetadata(kEchoTrailing, kTrailingValue);
  return context;
}

void ExpectMetadata(const ClientContext& context, const std::string& what) {
  Expect(context.initial_metadata().Get(kEchoInitial) == kInitialValue,
         what + ": the initial metadata came back");
  Expect(context.trailing_metadata().GetBinary(kEchoTrailing) ==
             std::vector<std::string>{std::string(kTrailingValue)},
         what + ": the trailing metadata came back");
}

void CustomMetadata(ClientUnderTest& client) {
  auto context = ContextWithMetadata();
  absl::StatusOr<SimpleResponse> reply =
      client.test.UnaryCall(*context, UnaryRequest(kLargeRequest, kLargeResponse)).Wait();
  ExpectOk(reply.status(), "UnaryCall");
  ExpectMetadata(*context, "UnaryCall");

  auto stream_context = ContextWithMetadata();
  auto stream = client.test.FullDuplexCall(*stream_context);
  ExpectOk(stream.Write(OutputRequest({314159}, kLargeRequest)).Wait(), "Write");
  StreamingOutputCallResponse message;
  Expect(stream.Read(message).Wait(), "a reply");
  stream.WritesDone();
  ExpectOk(stream.Finish().Wait(), "FullDuplexCall");
  ExpectMetadata(*stream_context, "FullDuplexCall");
}

void UnimplementedMethod(ClientUnderTest& client) {
  auto context = NewContext();
  ExpectCode(client.test.UnimplementedCall(*context, Empty()).Wait().status(),
             absl::StatusCode::kUnimplemented, "TestService.UnimplementedCall");
}

void UnimplementedService(ClientUnderTest& client) {
  auto context = NewContext();
  ExpectCode(client.unimplemented.UnimplementedCall(*context, Empty()).Wait().status(),
             absl::StatusCode::kUnimplemented, "UnimplementedService.UnimplementedCall");
}

// Not every server tells its id: then all that is seen is that a hundred calls succeed.
void PickFirstUnary(ClientUnderTest& client) {
  SimpleRequest request = UnaryRequest(1, 1);
  request.set_fill_server_id(true);
  std::string first;
  for (int i = 0; i < 100; ++i) {
    auto context = NewContext();
    absl::StatusOr<SimpleResponse> reply = client.test.UnaryCall(*context, request).Wait();
    ExpectOk(reply.status(), "UnaryCall");
    if (i == 0) first = reply->server_id();
    Expect(reply->server_id() == first, "every call goes to the same server");
  }
}

constexpr ClientCase kCases[] = {
    {"empty_unary", &EmptyUnary},
    {"large_unary", &LargeUnary},
    {"client_streaming", &ClientStreaming},
    {"server_streaming", &ServerStreaming},
    {"ping_pong", &PingPong},
    {"empty_stream", &EmptyStream},
    {"timeout_on_sleeping_server", &TimeoutOnSleepingServer},
    {"cancel_after_begin", &CancelAfterBegin},
    {"cancel_after_first_response", &CancelAfterFirstResponse},
    {"status_code_and_message", &StatusCodeAndMessage},
    {"special_status_message", &SpecialStatusMessage},
    {"custom_metadata", &CustomMetadata},
    {"unimplemented_method", &UnimplementedMethod},
    {"unimplemented_service", &UnimplementedService},
    {"pick_first_unary", &PickFirstUnary},
};

}  // namespace

std::span<const ClientCase> StandardCases() { return kCases; }

}  // namespace weft::testing
