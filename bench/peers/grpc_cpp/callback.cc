// The services of echo.proto on gRPC C++'s callback API: grpc_cpp_callback PORT.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

#include "echo.grpc.pb.h"
#include "held_replies.h"

namespace {

using bench::Payload;

constexpr int kMessageLimit = 64 << 20;

class StreamReactor final : public grpc::ServerWriteReactor<Payload> {
 public:
  explicit StreamReactor(const Payload& request) : payload_(request), left_(request.id()) {
    Next();
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      Next();
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (left_-- > 0) {
      StartWrite(&payload_);
    } else {
      Finish(grpc::Status::OK);
    }
  }

  const Payload payload_;
  int left_;
};

class TakingReactor final : public grpc::ServerReadReactor<Payload> {
 public:
  explicit TakingReactor(Payload* reply) : reply_(reply) { StartRead(&payload_); }

  void OnReadDone(bool ok) override {
    if (ok) {
      ++taken_;
      StartRead(&payload_);
    } else {
      reply_->set_id(taken_);
      Finish(grpc::Status::OK);
    }
  }
  void OnDone() override { delete this; }

 private:
  Payload* const reply_;
  Payload payload_;
  int taken_ = 0;
};

class BidiReactor final : public grpc::ServerBidiReactor<Payload, Payload> {
 public:
  BidiReactor() { StartRead(&payload_); }

  void OnReadDone(bool ok) override {
    if (ok) {
      StartWrite(&payload_);
    } else {
      Finish(grpc::Status::OK);
    }
  }
  void OnWriteDone(bool ok) override {
    if (ok) {
      StartRead(&payload_);
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  Payload payload_;
};

class EchoService final : public bench::Echo::CallbackService {
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const Payload* request,
                                  Payload* reply) override {
    *reply = *request;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerWriteReactor<Payload>* ServerStream(grpc::CallbackServerContext*,
                                                  const Payload* request) override {
    return new StreamReactor(*request);
  }
  grpc::ServerReadReactor<Payload>* ClientStream(grpc::CallbackServerContext*,
                                                 Payload* reply) override {
    return new TakingReactor(reply);
  }
  grpc::ServerBidiReactor<Payload, Payload>* Bidi(grpc::CallbackServerContext*) override {
    return new BidiReactor;
  }
};

class StoreService final : public bench::Store::WithRawCallbackMethod_Fetch<bench::Store::Service> {
  grpc::ServerUnaryReactor* Fetch(grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer* request,
                                  grpc::ByteBuffer* reply) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(held_.Find(*request, reply));
    return reactor;
  }

  const HeldReplies held_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: grpc_cpp_callback PORT\n", stderr);
    return 2;
  }
  EchoService echo;
  StoreService store;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string("127.0.0.1:") + argv[1], grpc::InsecureServerCredentials());
  builder.SetMaxReceiveMessageSize(kMessageLimit);
  builder.SetMaxSendMessageSize(kMessageLimit);
  builder.RegisterService(&echo);
  builder.RegisterService(&store);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  server->Wait();
}
