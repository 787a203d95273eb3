// One unary call through the whole path but for the sockets.
//
// SessionsInMemory: a client's and a server's HTTP/2 session, a message serialized, framed, parsed,
// and the same way back; what one read brings is what one flush wrote. InProcess: a generated stub
// and service over the in-process channel, which has no HTTP/2.
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "benchmark/benchmark.h"

#include "base/check.h"
#include "buffer/block_pool.h"
#include "buffer/buf_list.h"
#include "buffer/chunk_pool.h"
#include "echo.weft.h"
#include "http2/session.h"
#include "protocol/grpc.h"
#include "rpc/message_assembler.h"
#include "rpc/outgoing_message.h"
#include "weft/channel.h"
#include "weft/event_loop.h"
#include "weft/server.h"
#include "weft/spawn.h"

namespace weft::internal {
namespace {

using ::bench::Echo;
using ::bench::Payload;

constexpr std::size_t kLimit = std::size_t{4} << 20;

Payload Request(std::int64_t size) {
  Payload request;
  request.set_body(std::string(static_cast<std::size_t>(size), 'x'));
  request.set_id(7);
  return request;
}

// Takes the one message of a body.
class Inbound {
 public:
  explicit Inbound(ChunkPool& pool) : pool_(pool) { Begin(); }

  void Begin() {
    taken_ = false;
    bytes_.Reset(Framing::kEnvelope, kLimit);
  }
  void Take(HttpStream& stream, Slice slice, Payload& message) {
    stream.ReturnCredit(slice.size());
    const std::string_view whole = taken_ ? std::string_view() : bytes_.TakeWhole(slice);
    absl::Status status;
    if (whole.data() != nullptr) {
      status = GrpcProtocol().ParseMessage(whole, message);
    } else {
      status = bytes_.Push(pool_, std::move(slice));
      if (!status.ok() || !bytes_.has_message()) return;
      status = GrpcProtocol().ParseMessage(bytes_.bytes(), bytes_.message_size(), message);
      if (status.ok()) status = bytes_.PopMessage();
    }
    Check(status.ok(), "the message could not be parsed");
    taken_ = true;
  }
  bool taken() const { return taken_; }

 private:
  ChunkPool& pool_;
  MessageAssembler bytes_;
  bool taken_ = false;
};

void Send(const Payload& message, ChunkPool& pool, HttpStream& stream) {
  BorrowedMessage outgoing(message);
  const absl::Status sent = AppendEnvelope(outgoing, kLimit, pool, stream.outbound());
  Check(sent.ok(), "the message could not be serialized");
  stream.BodyAppended();
}

// Both ends' pools, as of two loops.
struct Pools {
  ChunkPool chunks;
  BlockPool blocks;
  http2::StreamPool streams{chunks, blocks};
};

struct NoHost final : Codec::Host {
  void OutputReady() override {}
};

class Server final : public StreamAcceptor, private HttpStreamEvents {
 public:
  explicit Server(ChunkPool& pool) : pool_(pool), inbound_(pool) {}

  HttpStreamEvents* OnRequest(HttpStream& stream, HttpHead& head, bool) override {
    std::swap(head_, head);
    stream_ = &stream;
    inbound_.Begin();
    return this;
  }

 private:
  void OnHead(HttpHead&, bool) override {}
  void OnBody(Slice slice) override { inbound_.Take(*stream_, std::move(slice), message_); }
  void OnEnd(HeaderList&) override {
    GrpcProtocol().EncodeHead(MethodKind::kUnary, metadata_, metadata_, stream_->head_to_send());
    stream_->SendHead(200, false);
    Send(message_, pool_, *stream_);
    AddStatusFields(absl::OkStatus(), stream_->trailers_to_send());
    stream_->SendEnd();
  }
  void OnDrained() override {}
  void OnClosed(const StreamClose&) override { head_.Clear(); }

  ChunkPool& pool_;
  Inbound inbound_;
  HttpHead head_;
  HeaderList metadata_;
  HttpStream* stream_ = nullptr;
  Payload message_;
};

class Client final : public http2::ClientSessionEvents, public HttpStreamEvents {
 public:
  explicit Client(ChunkPool& pool) : pool_(pool), inbound_(pool) {}

  void Call(http2::ClientSession& session, const Payload& request) {
    inbound_.Begin();
    done_ = false;
    stream_ = &session.OpenStream(
        *this, http2::RequestTarget("POST", "http", "bench.local", "/bench.Echo/Unary"));
    stream_->head_to_send().AddStatic("content-type", "application/grpc");
    stream_->head_to_send().AddStatic("te", "trailers");
    stream_->SendHead(0, false);
    Send(request, pool_, *stream_);
    stream_->SendEnd();
  }
  bool done() const { return done_ && inbound_.taken(); }

  void OnHead(HttpHead&, bool) override {}
  void OnBody(Slice slice) override { inbound_.Take(*stream_, std::move(slice), reply_); }
  void OnEnd(HeaderList& trailers) override { done_ = trailers.Find("grpc-status") == "0"; }
  void OnDrained() override {}
  void OnClosed(const StreamClose&) override { stream_ = nullptr; }
  void OnGoAway(std::uint32_t, std::int32_t, std::string_view) override {}
  void OnCapacity() override {}
  void OnSettings() override {}

 private:
  ChunkPool& pool_;
  Inbound inbound_;
  HttpStream* stream_ = nullptr;
  Payload reply_;
  bool done_ = false;
};

// As a flush and a read: what one end has to say in one piece, in memory of the other's.
void Move(http2::Session& from, http2::Session& to, ChunkPool& pool) {
  BufList out;
  while (from.wants_write()) {
    Check(from.Pull(out, kFlushQuantum).ok(), "the session could not be pulled");
    BufList read;
    char* const bytes = read.Reserve(pool, out.size());
    Check(out.PeekFront(out.size(), bytes), "what was pulled can't be read");
    read.Commit(out.size());
    out.Clear();
    for (std::size_t i = 0; i < read.slice_count(); ++i) {
      Check(to.Recv(read.slice(i)).ok(), "the session refused what the other one sent");
    }
  }
}

void SessionsInMemory(benchmark::State& state) {
  Pools client_pools, server_pools;
  NoHost host;
  Server acceptor(server_pools.chunks);
  Client caller(client_pools.chunks);
  http2::ServerSession server(http2::SessionOptions(), server_pools.streams, host, acceptor);
  http2::ClientSession client(http2::SessionOptions(), client_pools.streams, host, caller);
  const Payload request = Request(state.range(0));
  for (auto _ : state) {
    caller.Call(client, request);
    while (client.wants_write() || server.wants_write()) {
      Move(client, server, server_pools.chunks);
      Move(server, client, client_pools.chunks);
    }
    Check(caller.done(), "the call was not answered");
  }
}
BENCHMARK(SessionsInMemory)->Arg(32)->Arg(1024)->Arg(16'000);

class EchoService final : public Echo::Service {
  Task<absl::Status> Unary(ServerContext&, const Payload& request, Payload& reply) override {
    reply = request;
    co_return absl::OkStatus();
  }
};

struct Reply {
  Payload message;
  bool here = false;
};

Task<void> CallOnce(Echo::Stub& stub, const Payload& request, Reply& reply) {
  const absl::Status status = co_await stub.Unary(request, &reply.message);
  Check(status.ok(), "the call failed");
  reply.here = true;
}

void InProcess(benchmark::State& state) {
  EventLoop loop;
  EchoService echo;
  weft::Server server(ServerOptions().add_loop(loop));
  server.Register(echo);
  Check(server.Start().ok(), "the server could not be started");
  {
    Channel channel(server, ChannelOptions().add_loop(loop));
    Echo::Stub stub(channel);
    const Payload request = Request(state.range(0));
    Reply reply;
    for (auto _ : state) {
      reply.here = false;
      Check(Spawn(loop, CallOnce(stub, request, reply)), "the loop takes no more tasks");
      while (!reply.here) loop.RunOnce(std::chrono::seconds(1));
    }
  }
}
BENCHMARK(InProcess)->Arg(32)->Arg(1024)->Arg(16'000);

}  // namespace
}  // namespace weft::internal

BENCHMARK_MAIN();
