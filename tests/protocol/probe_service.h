#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "test_service.weft.h"
#include "tests/support/wire_client.h"

namespace weft::testing {

// A service whose handlers each test writes itself. A handler that is not set answers
// UNIMPLEMENTED, as if it were not overridden. Loop thread only.
class Probe final : public TestService::Service {
 public:
  using Status = Task<absl::Status>;
  Status (*unary)(Probe&, ServerContext&, const TestRequest&, TestReply&) = nullptr;
  Status (*server_stream)(Probe&, ServerContext&, const TestRequest&,
                          ServerWriter<TestReply>&) = nullptr;
  Status (*client_stream)(Probe&, ServerContext&, ServerReader<TestRequest>&, TestReply&) = nullptr;
  Status (*bidi)(Probe&, ServerContext&, ServerReaderWriter<TestRequest, TestReply>&) = nullptr;

  Status Unary(ServerContext& context, const TestRequest& request, TestReply& reply) override {
    if (unary == nullptr) return Service::Unary(context, request, reply);
    return unary(*this, context, request, reply);
  }
  Status ServerStream(ServerContext& context, const TestRequest& request,
                      ServerWriter<TestReply>& writer) override {
    if (server_stream == nullptr) return Service::ServerStream(context, request, writer);
    return server_stream(*this, context, request, writer);
  }
  Status ClientStream(ServerContext& context, ServerReader<TestRequest>& reader,
                      TestReply& reply) override {
    if (client_stream == nullptr) return Service::ClientStream(context, reader, reply);
    return client_stream(*this, context, reader, reply);
  }
  Status Bidi(ServerContext& context, ServerReaderWriter<TestRequest, TestReply>& stream) override {
    if (bidi == nullptr) return Service::Bidi(context, stream);
    return bidi(*this, context, stream);
  }

  void Note(std::string_view what) { notes.emplace_back(what); }
  // What handlers wrote down, in order.
  std::vector<std::string> notes;
};

inline constexpr std::string_view kUnary = "/weft.testing.TestService/Unary";
inline constexpr std::string_view kServerStream = "/weft.testing.TestService/ServerStream";
inline constexpr std::string_view kClientStream = "/weft.testing.TestService/ClientStream";
inline constexpr std::string_view kBidi = "/weft.testing.TestService/Bidi";

// A handler of Bidi: sends each message's text back.
inline Task<absl::Status> EchoTexts(Probe&, ServerContext&,
                                    ServerReaderWriter<TestRequest, TestReply>& stream) {
  TestRequest request;
  TestReply reply;
  while (co_await stream.Read(request)) {
    reply.set_text(request.text());
    absl::Status written = co_await stream.Write(reply);
    if (!written.ok()) co_return written;
  }
  co_return absl::OkStatus();
}

inline std::string Ask(std::string_view text) {
  TestRequest request;
  request.set_text(std::string(text));
  return Envelope(request.SerializeAsString());
}

inline Headers Call(std::uint32_t stream, std::string_view path) {
  return Headers(stream)
      .Request("POST", path)
      .Field("content-type", "application/grpc")
      .Field("te", "trailers");
}

// The texts of the replies.
inline std::vector<std::string> Texts(const WireStream& stream) {
  std::vector<std::string> texts;
  for (const std::string& message : stream.messages()) {
    TestReply reply;
    texts.push_back(reply.ParseFromString(message) ? reply.text() : "<" + message + ">");
  }
  return texts;
}

}  // namespace weft::testing
