// The services of echo.proto on gRPC C++'s completion queues: grpc_cpp_async PORT. One queue, one
// thread.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

#include "echo.grpc.pb.h"
#include "held_replies.h"

namespace {

using bench::Payload;
using Service = bench::Echo::AsyncService;
using Store = bench::Store::WithRawMethod_Fetch<bench::Store::Service>;
using Queue = grpc::ServerCompletionQueue;

constexpr int kMessageLimit = 64 << 20;
constexpr int kUnaryCallsOffered = 200;
constexpr int kStreamsOffered = 20;
constexpr int kFlushEvery = 64;

// A call is its own tag and deletes itself after its last event.
class Call {
 public:
  virtual ~Call() = default;
  virtual void Proceed(bool ok) = 0;
};

class UnaryCall final : public Call {
 public:
  UnaryCall(Service* service, Queue* queue) : service_(service), queue_(queue), writer_(&context_) {
    service->RequestUnary(&context_, &payload_, &writer_, queue, queue, this);
  }
  void Proceed(bool ok) override {
    if (finished_ || !ok) {
      delete this;
      return;
    }
    new UnaryCall(service_, queue_);
    finished_ = true;
    writer_.Finish(payload_, grpc::Status::OK, this);
  }

 private:
  Service* service_;
  Queue* queue_;
  grpc::ServerContext context_;
  Payload payload_;
  grpc::ServerAsyncResponseWriter<Payload> writer_;
  bool finished_ = false;
};

class FetchCall final : public Call {
 public:
  FetchCall(Store* store, const HeldReplies* held, Queue* queue)
      : store_(store), held_(held), queue_(queue), writer_(&context_) {
    store->RequestFetch(&context_, &request_, &writer_, queue, queue, this);
  }
  void Proceed(bool ok) override {
    if (finished_ || !ok) {
      delete this;
      return;
    }
    new FetchCall(store_, held_, queue_);
    finished_ = true;
    grpc::ByteBuffer reply;
    const grpc::Status status = held_->Find(request_, &reply);
    if (status.ok()) {
      writer_.Finish(reply, status, this);
    } else {
      writer_.FinishWithError(status, this);
    }
  }

 private:
  Store* store_;
  const HeldReplies* held_;
  Queue* queue_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_;
  bool finished_ = false;
};

class StreamCall final : public Call {
 public:
  StreamCall(Service* service, Queue* queue)
      : service_(service), queue_(queue), writer_(&context_) {
    service->RequestServerStream(&context_, &payload_, &writer_, queue, queue, this);
  }
  void Proceed(bool ok) override {
    if (finished_ || !ok) {
      delete this;
      return;
    }
    if (!started_) {
      started_ = true;
      left_ = payload_.id();
      new StreamCall(service_, queue_);
    }
    if (left_ == 0) {
      finished_ = true;
      writer_.Finish(grpc::Status::OK, this);
      return;
    }
    // Without the hint gRPC makes a system call for each message, which costs six times as much.
    // The first message and each 64th go without it: a stream on which every write bears it never
    // gets anywhere.
    const bool first = left_ == payload_.id();
    --left_;
    grpc::WriteOptions options;
    if (!first && left_ % kFlushEvery != 0) options.set_buffer_hint();
    writer_.Write(payload_, options, this);
  }

 private:
  Service* service_;
  Queue* queue_;
  grpc::ServerContext context_;
  Payload payload_;
  grpc::ServerAsyncWriter<Payload> writer_;
  int left_ = 0;
  bool started_ = false;
  bool finished_ = false;
};

class BidiCall final : public Call {
 public:
  BidiCall(Service* service, Queue* queue) : service_(service), queue_(queue), stream_(&context_) {
    service->RequestBidi(&context_, &stream_, queue, queue, this);
  }
  void Proceed(bool ok) override {
    switch (state_) {
      case State::kOffered:
        if (!ok) break;
        new BidiCall(service_, queue_);
        state_ = State::kReading;
        stream_.Read(&payload_, this);
        return;
      case State::kReading:
        if (!ok) {
          state_ = State::kFinished;
          stream_.Finish(grpc::Status::OK, this);
          return;
        }
        state_ = State::kWriting;
        stream_.Write(payload_, this);
        return;
      case State::kWriting:
        if (!ok) {
          state_ = State::kFinished;
          stream_.Finish(grpc::Status::CANCELLED, this);
          return;
        }
        state_ = State::kReading;
        stream_.Read(&payload_, this);
        return;
      case State::kFinished:
        break;
    }
    delete this;
  }

 private:
  enum class State { kOffered, kReading, kWriting, kFinished };

  Service* service_;
  Queue* queue_;
  grpc::ServerContext context_;
  Payload payload_;
  grpc::ServerAsyncReaderWriter<Payload, Payload> stream_;
  State state_ = State::kOffered;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: grpc_cpp_async PORT\n", stderr);
    return 2;
  }
  Service service;
  Store store;
  const HeldReplies held;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string("127.0.0.1:") + argv[1], grpc::InsecureServerCredentials());
  builder.SetMaxReceiveMessageSize(kMessageLimit);
  builder.SetMaxSendMessageSize(kMessageLimit);
  builder.RegisterService(&service);
  builder.RegisterService(&store);
  std::unique_ptr<Queue> queue = builder.AddCompletionQueue();
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  for (int i = 0; i < kUnaryCallsOffered; ++i) {
    new UnaryCall(&service, queue.get());
    new FetchCall(&store, &held, queue.get());
  }
  for (int i = 0; i < kStreamsOffered; ++i) {
    new StreamCall(&service, queue.get());
    new BidiCall(&service, queue.get());
  }
  void* tag;
  bool ok;
  while (queue->Next(&tag, &ok)) static_cast<Call*>(tag)->Proceed(ok);
}
