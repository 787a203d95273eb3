#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "test_service.weft.h"
#include "tests/support/raw_server.h"
#include "weft/channel.h"
#include "weft/client_context.h"

namespace weft::testing {

inline std::string Text(const absl::Status& status) { return std::string(status.message()); }

// A channel to a server that the test plays itself.
class GrpcClientFixture {
 public:
  GrpcClientFixture() : GrpcClientFixture(ChannelOptions()) {}
  explicit GrpcClientFixture(const ChannelOptions& options)
      : channel_(std::make_unique<Channel>(server_.target(), options)), stub_(*channel_) {}

  RawPeer AcceptAndGreet() {
    RawPeer peer = server_.Accept();
    peer.Greet();
    return peer;
  }

  static TestRequest Request(std::string_view text) {
    TestRequest request;
    request.set_text(std::string(text));
    return request;
  }
  static std::string Message(std::string_view text) {
    TestReply reply;
    reply.set_text(std::string(text));
    return Envelope(reply.SerializeAsString());
  }
  static Headers Head(std::uint32_t stream) {
    return Headers(stream).Status(200).Field("content-type", "application/grpc");
  }
  // The trailers of a call that ended with `code`.
  static Headers Trailers(std::uint32_t stream, std::string_view code = "0") {
    return Headers(stream).Field("grpc-status", code).End();
  }
  static std::string Reply(std::uint32_t stream, std::string_view text) {
    return Head(stream).Render() + Data(stream, Message(text)).Render() + Trailers(stream).Render();
  }
  // What a unary call comes to when the server sends `bytes` in answer to it.
  absl::StatusOr<TestReply> Answer(const std::string& bytes,
                                   std::size_t piece = static_cast<std::size_t>(-1),
                                   ClientContext* context = nullptr) {
    UnaryCall<TestReply> call =
        context == nullptr ? stub_.Unary(Request("?")) : stub_.Unary(*context, Request("?"));
    RawPeer peer = AcceptAndGreet();
    peer.ReadUntil("END_STREAM");
    peer.Send(bytes, piece);
    absl::StatusOr<TestReply> reply = std::move(call).Wait();
    log_ = peer.log();
    return reply;
  }

 protected:
  RawServer server_;
  std::unique_ptr<Channel> channel_;
  TestService::Stub stub_;
  std::string log_;
};

}  // namespace weft::testing
