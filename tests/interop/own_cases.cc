// The cases of grpcio_server_suite.py; reference_client.py has the same in Python.
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"

#include "client_case.h"
#include "weft/block_on.h"
#include "weft/when_all.h"

namespace weft::testing {

using grpc::testing::Empty;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;
using kit::v1::Item;

namespace {

constexpr std::size_t kLimit = std::size_t{4} << 20;
constexpr std::size_t kSizes[] = {0, 1, std::size_t{1} << 16, (std::size_t{39} << 20) / 10};
constexpr int kMany = 10'000;
constexpr int kCallsAtOnce = 100;
constexpr std::int32_t kMinute = 60'000;
constexpr std::string_view kAwkwardText = "100% \t\r\n \u00fc \u4e2d \U0001f600 end";

void EmptyUnary(ClientUnderTest& client) {
  auto context = NewContext();
  ExpectOk(client.test.EmptyCall(*context, Empty()).Wait().status(), "EmptyCall");
}

std::string Noise(std::size_t size) {
  std::string noise(size, '\0');
  for (std::size_t i = 0; i < size; ++i) noise[i] = static_cast<char>(7 * i + (i >> 8));
  return noise;
}

Item SleepRequest(std::int32_t milliseconds, std::int64_t number = 0) {
  Item item;
  item.set_i32(milliseconds);
  item.set_i64(number);
  return item;
}

void MessageSizes(ClientUnderTest& client) {
  for (std::size_t size : kSizes) {
    Item item;
    item.set_data(Noise(size));
    auto context = NewContext();
    absl::StatusOr<Item> echo = client.kit.Echo(*context, item).Wait();
    ExpectOk(echo.status(), "Echo");
    Expect(echo->data() == item.data(), "an echo of " + std::to_string(size) + " bytes is equal");

    auto unary_context = NewContext();
    absl::StatusOr<SimpleResponse> reply =
        client.test.UnaryCall(*unary_context, UnaryRequest(size, size)).Wait();
    ExpectOk(reply.status(), "UnaryCall");
    ExpectSize(reply->payload(), size, "UnaryCall");
  }
  EmptyUnary(client);
}

void MessageOverLimit(ClientUnderTest& client) {
  Item item;
  item.set_data(std::string(kLimit - 4, '\0'));
  Expect(item.ByteSizeLong() == kLimit + 1, "the message is one byte over the limit");
  auto context = NewContext();
  ExpectCode(client.kit.Echo(*context, item).Wait().status(), absl::StatusCode::kResourceExhausted,
             "Echo");
  auto unary_context = NewContext();
  ExpectCode(client.test.UnaryCall(*unary_context, UnaryRequest(0, kLimit + 1)).Wait().status(),
             absl::StatusCode::kResourceExhausted, "UnaryCall");
  EmptyUnary(client);
}

using DuplexStream = ClientReaderWriter<StreamingOutputCallRequest, StreamingOutputCallResponse>;

std::int32_t SizeOfMessage(int index) { return index % 50; }

Task<absl::Status> WriteMany(DuplexStream& stream) {
  StreamingOutputCallRequest request;
  request.add_response_parameters();
  for (int i = 0; i < kMany; ++i) {
    request.mutable_response_parameters(0)->set_size(SizeOfMessage(i));
    absl::Status written = co_await stream.Write(request);
    if (!written.ok()) co_return written;
  }
  stream.WritesDone();
  co_return absl::OkStatus();
}

Task<int> ReadMany(DuplexStream& stream) {
  StreamingOutputCallResponse reply;
  int count = 0;
  while (co_await stream.Read(reply)) {
    ExpectSize(reply.payload(), static_cast<std::size_t>(SizeOfMessage(count)), "a reply");
    ++count;
  }
  co_return count;
}

// Writes and reads overlap, on one thread.
Task<absl::Status> ExchangeMany(DuplexStream& stream) {
  std::tuple<absl::Status, int> both = co_await WhenAll(WriteMany(stream), ReadMany(stream));
  ExpectOk(std::get<0>(both), "Write");
  Expect(std::get<1>(both) == kMany, "a reply to each message of the two-way stream");
  absl::Status finished = co_await stream.Finish();
  co_return finished;
}

void LongStreams(ClientUnderTest& client) {
  auto watch_context = NewContext();
  auto watch = client.kit.Watch(*watch_context, SleepRequest(kMany));
  Item item;
  std::int64_t next = 0;
  while (watch.Read(item).Wait()) Expect(item.i64() == next++, "messages come in order");
  ExpectOk(watch.Finish().Wait(), "Watch");
  Expect(next == kMany, "every message of the server stream comes");

  auto input_context = NewContext();
  auto input = client.test.StreamingInputCall(*input_context);
  StreamingInputCallRequest request;
  request.mutable_payload()->mutable_body()->assign(32, '\0');
  for (int i = 0; i < kMany; ++i) ExpectOk(input.Write(request).Wait(), "Write");
  absl::StatusOr<StreamingInputCallResponse> reply = input.Finish().Wait();
  ExpectOk(reply.status(), "StreamingInputCall");
  Expect(reply->aggregated_payload_size() == 32 * kMany, "the server counted all bytes");

  auto duplex_context = NewContext();
  auto duplex = client.test.FullDuplexCall(*duplex_context);
  ExpectOk(BlockOn(ExchangeMany(duplex)), "FullDuplexCall");
}

const std::vector<std::string>& Texts() {
  static const auto* const texts = new std::vector<std::string>{"one", "two", "a,b", "one"};
  return *texts;
}

const std::vector<std::string>& Blobs() {
  static const auto* const blobs = [] {
    std::string all_bytes(256, '\0');
    for (std::size_t i = 0; i < all_bytes.size(); ++i) all_bytes[i] = static_cast<char>(i);
    return new std::vector<std::string>{std::string(1, '\0'), all_bytes, "weft"};
  }();
  return *blobs;
}

std::unique_ptr<ClientContext> ContextWithMetadata() {
  auto context = NewContext();
  for (const std::string& text : Texts()) context->AddMetadata(kEchoInitial, text);
  for (const std::string& blob : Blobs()) context->AddMetadata(kEchoTrailing, blob);
  return context;
}

void ExpectMetadata(const ClientContext& context, const std::string& what) {
  const std::vector<std::string_view> initial = context.initial_metadata().GetAll(kEchoInitial);
  Expect(std::vector<std::string>(initial.begin(), initial.end()) == Texts(),
         what + ": all initial metadata came back in order");
  Expect(context.trailing_metadata().GetBinary(kEchoTrailing) == Blobs(),
         what + ": all trailing metadata came back in order");
}

void Metadata(ClientUnderTest& client) {
  auto context = ContextWithMetadata();
  ExpectOk(client.test.UnaryCall(*context, SimpleRequest()).Wait().status(), "UnaryCall");
  ExpectMetadata(*context, "UnaryCall");

  auto stream_context = ContextWithMetadata();
  auto stream = client.test.FullDuplexCall(*stream_context);
  ExpectOk(stream.Write(OutputRequest({1})).Wait(), "Write");
  StreamingOutputCallResponse reply;
  Expect(stream.Read(reply).Wait(), "a reply");
  stream.WritesDone();
  ExpectOk(stream.Finish().Wait(), "FullDuplexCall");
  ExpectMetadata(*stream_context, "FullDuplexCall");
}

void ErrorStatuses(ClientUnderTest& client) {
  for (int code = 1; code <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++code) {
    SimpleRequest request;
    request.mutable_response_status()->set_code(code);
    request.mutable_response_status()->set_message(std::string(kAwkwardText));
    auto context = NewContext();
    const absl::Status status = client.test.UnaryCall(*context, request).Wait().status();
    ExpectCode(status, static_cast<absl::StatusCode>(code), "UnaryCall");
    Expect(std::string(status.message()) == kAwkwardText,
           "the text of code " + std::to_string(code) + " came");
  }
  StreamingOutputCallRequest asked = OutputRequest({1, 2});
  asked.mutable_response_status()->set_code(static_cast<int>(absl::StatusCode::kDataLoss));
  auto context = NewContext();
  auto stream = client.test.FullDuplexCall(*context);
  ExpectOk(stream.Write(asked).Wait(), "Write");
  StreamingOutputCallResponse reply;
  Expect(stream.Read(reply).Wait(), "the first message before the error");
  Expect(stream.Read(reply).Wait(), "the second message before the error");
  Expect(!stream.Read(reply).Wait(), "no third message");
  ExpectCode(stream.Finish().Wait(), absl::StatusCode::kDataLoss, "FullDuplexCall");
}

void StatusDetails(ClientUnderTest& client) {
  Item item;
  item.set_i32(static_cast<std::int32_t>(absl::StatusCode::kFailedPrecondition));
  item.set_name("not now");
  item.mutable_any()->set_type_url("type.googleapis.com/google.protobuf.StringValue");
  item.mutable_any()->set_value("\x0a\x0athe detail");
  auto context = NewContext();
  const absl::Status status = client.kit.Fail(*context, item).Wait().status();
  ExpectCode(status, absl::StatusCode::kFailedPrecondition, "Fail");
  Expect(status.message() == "not now", "the status text came");
  const absl::optional<absl::Cord> detail = status.GetPayload(item.any().type_url());
  Expect(detail.has_value() && *detail == item.any().value(), "the detail came");
}

void Deadline(ClientUnderTest& client) {
  ClientContext context;
  context.set_timeout(std::chrono::milliseconds(300));
  ExpectCode(client.kit.Sleep(context, SleepRequest(kMinute)).Wait().status(),
             absl::StatusCode::kDeadlineExceeded, "Sleep");
}

void Cancellation(ClientUnderTest& client) {
  auto context = NewContext();
  auto call = client.kit.Sleep(*context, SleepRequest(kMinute));
  // A second call on this connection that is answered shows that the first has arrived.
  auto second_context = NewContext();
  ExpectOk(client.kit.Sleep(*second_context, SleepRequest(100)).Wait().status(), "Sleep");
  context->Cancel();
  ExpectCode(call.Wait().status(), absl::StatusCode::kCancelled, "Sleep");
  EmptyUnary(client);
}

void ConcurrentCalls(ClientUnderTest& client) {
  std::vector<std::unique_ptr<ClientContext>> contexts;
  std::vector<UnaryCall<Item>> calls;
  for (int i = 0; i < kCallsAtOnce; ++i) {
    contexts.push_back(NewContext());
    calls.push_back(client.kit.Sleep(*contexts.back(), SleepRequest(500, i)));
  }
  for (int i = 0; i < kCallsAtOnce; ++i) {
    absl::StatusOr<Item> reply = calls[static_cast<std::size_t>(i)].Wait();
    ExpectOk(reply.status(), "Sleep");
    Expect(reply->i64() == i, "each call gets its own reply");
  }
}

void WaitForReadyRestart(ClientUnderTest& client) {
  EmptyUnary(client);
  std::cout << "ready" << std::endl;
  std::string line;
  Expect(static_cast<bool>(std::getline(std::cin, line)), "a line that says the server is gone");
  auto failing = NewContext();
  ExpectCode(client.test.EmptyCall(*failing, Empty()).Wait().status(),
             absl::StatusCode::kUnavailable, "EmptyCall without a server");
  auto patient = NewContext();
  patient->set_wait_for_ready(true);
  auto call = client.test.EmptyCall(*patient, Empty());
  std::cout << "waiting" << std::endl;
  ExpectOk(call.Wait().status(), "EmptyCall that waits for ready");
}

void ConnectionLost(ClientUnderTest& client) {
  std::cout << "calling" << std::endl;
  auto context = NewContext();
  ExpectCode(client.kit.Sleep(*context, SleepRequest(kMinute)).Wait().status(),
             absl::StatusCode::kUnavailable, "Sleep");
}

constexpr ClientCase kCases[] = {
    {"message_sizes", &MessageSizes},
    {"message_over_limit", &MessageOverLimit},
    {"long_streams", &LongStreams},
    {"metadata", &Metadata},
    {"error_statuses", &ErrorStatuses},
    {"status_details", &StatusDetails},
    {"deadline", &Deadline},
    {"cancellation", &Cancellation},
    {"concurrent_calls", &ConcurrentCalls},
    {"wait_for_ready_restart", &WaitForReadyRestart},
    {"connection_lost", &ConnectionLost},
};

}  // namespace

std::span<const ClientCase> OwnCases() { return kCases; }

}  // namespace weft::testing
