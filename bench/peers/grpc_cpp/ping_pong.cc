// gRPC C++'s client as bench/ping_pong measures it: grpc_cpp_ping_pong FORM PORT CALLS. Forms:
// blocking makes one unary call after the other; many keeps ten on each of ten connections in
// flight, from one completion queue and one thread; download and upload are blocking streams.
#include "ping_pong.h"

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "echo.grpc.pb.h"

namespace {

using bench::Echo;
using bench::Payload;
using ping_pong::Fail;
using ping_pong::Load;
using ping_pong::Meter;

Payload Request(int id) {
  Payload request;
  request.set_body(std::string(ping_pong::kBodySize, 'x'));
  request.set_id(id);
  request.set_name("bench");
  return request;
}

// A connection of its own: gRPC shares one among channels that are alike.
std::unique_ptr<Echo::Stub> Connect(const Load& load) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return Echo::NewStub(grpc::CreateCustomChannel("127.0.0.1:" + load.port,
                                                 grpc::InsecureChannelCredentials(), arguments));
}

void MakeBlockingCalls(const Load& load) {
  const std::unique_ptr<Echo::Stub> echo = Connect(load);
  const Payload request = Request(7);
  Payload reply;
  Meter meter(load.calls);
  for (long i = -load.calls / 10; i < load.calls; ++i) {
    if (i == 0) meter.Begin();
    grpc::ClientContext context;
    if (!echo->Unary(&context, request, &reply).ok()) Fail("a call failed");
    if (i >= 0) meter.Note();
  }
  meter.Print(load.calls);
}

// A call in flight, and its tag.
struct Call {
  Echo::Stub* echo;
  Payload reply;
  grpc::Status status;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Payload>> reader;

  void Start(const Payload& request, grpc::CompletionQueue& queue) {
    context = std::make_unique<grpc::ClientContext>();
    reader = echo->AsyncUnary(context.get(), request, &queue);
    reader->Finish(&reply, &status, this);
  }
};

void MakeManyCalls(const Load& load) {
  std::vector<std::unique_ptr<Echo::Stub>> stubs;
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < ping_pong::kConnections; ++i) {
    stubs.push_back(Connect(load));
    for (int j = 0; j < ping_pong::kInFlight; ++j) {
      calls.push_back(std::make_unique<Call>());
      calls.back()->echo = stubs.back().get();
    }
  }
  grpc::CompletionQueue queue;
  const Payload request = Request(7);
  Meter meter(0);
  long left = load.calls + load.calls / 10;
  long going = 0;
  const auto start = [&](Call& call) {
    if (left-- == load.calls) meter.Begin();
    call.Start(request, queue);
  };
  for (const std::unique_ptr<Call>& call : calls) {
    start(*call);
    ++going;
  }
  while (going > 0) {
    void* tag = nullptr;
    bool ok = false;
    if (!queue.Next(&tag, &ok)) Fail("the queue ended");
    auto* const call = static_cast<Call*>(tag);
    if (!call->status.ok()) Fail("a call failed");
    if (left > 0) {
      start(*call);
    } else {
      --going;
    }
  }
  meter.Print(load.calls);
}

void MakeStreams(const Load& load) {
  const std::unique_ptr<Echo::Stub> echo = Connect(load);
  const bool upload = load.form == "upload";
  const Payload request = Request(upload ? 7 : ping_pong::kMessages);
  const long streams = std::max(load.calls / ping_pong::kMessages, 1L);
  Payload message;
  Meter meter(0);
  for (long i = -1; i < streams; ++i) {
    if (i == 0) meter.Begin();
    grpc::ClientContext context;
    long taken = 0;
    if (upload) {
      const auto stream = echo->ClientStream(&context, &message);
      for (int left = ping_pong::kMessages; left > 0; --left) {
        // What it says itself to use for many small messages; the last one goes out at once.
        grpc::WriteOptions options;
        if (left % 64 != 1) options.set_buffer_hint();
        if (!stream->Write(request, options)) Fail("a message was not written");
      }
      stream->WritesDone();
      if (!stream->Finish().ok()) Fail("a stream failed");
      taken = message.id();
    } else {
      const auto stream = echo->ServerStream(&context, request);
      while (stream->Read(&message)) ++taken;
      if (!stream->Finish().ok()) Fail("a stream failed");
    }
    if (taken != ping_pong::kMessages) Fail("messages are missing");
  }
  meter.Print(streams * ping_pong::kMessages);
}

}  // namespace

int main(int argc, char** argv) {
  const Load load = ping_pong::Parse(argc, argv);
  if (load.form == "blocking") {
    MakeBlockingCalls(load);
  } else if (load.form == "many") {
    MakeManyCalls(load);
  } else if (load.form == "download" || load.form == "upload") {
    MakeStreams(load);
  } else {
    Fail("forms: blocking, many, download, upload");
  }
  return 0;
}
