// Messages that are cleared and used again, beside new ones and arenas; objects of calls from their
// pools, beside new; and the first chunk of a reply.
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "benchmark/benchmark.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/arena.h"

#include "base/object_pool.h"
#include "buffer/proto_stream.h"
#include "client/client_call.h"
#include "http2/stream.h"
#include "order.pb.h"
#include "server/message_slot.h"

namespace weft::internal {
namespace {

using ::bench::Order;

std::string SerializedOrder(std::int64_t items) {
  Order order;
  order.set_id("order-2026-11-0004711");
  order.set_placed_at(1'764'000'000);
  order.mutable_customer()->set_name("Ada Lovelace");
  order.mutable_customer()->set_email("ada.lovelace@analytical.example");
  order.mutable_customer()->mutable_address()->set_street("12 St James's Square, 2nd floor");
  order.mutable_customer()->mutable_address()->set_city("London");
  order.mutable_customer()->mutable_address()->set_country("GB");
  for (std::int64_t i = 0; i < items; ++i) {
    ::bench::Item& item = *order.add_items();
    item.set_title("Brass gear with 64 teeth, hardened, module 1.5");
    item.set_code("GEAR-64-H");
    item.set_count(static_cast<std::int32_t>(i + 1));
    item.set_price(12.5);
  }
  order.set_note("Please ring twice.");
  return order.SerializeAsString();
}

// A request parsed and a reply that is its copy, as a handler makes it; then both let go.
void MessagesCleared(benchmark::State& state) {
  const std::string bytes = SerializedOrder(state.range(0));
  const auto stash = std::make_shared<MessageStash>(
      []() -> const google::protobuf::MessageLite& { return Order::default_instance(); },
      std::make_shared<MessageStash::Total>(0));
  MessageSlot request(stash.get()), reply(stash.get());
  for (auto _ : state) {
    auto& from = static_cast<Order&>(*request.Fill().message());
    auto& to = static_cast<Order&>(*reply.Fill().message());
    benchmark::DoNotOptimize(ParseFrom(bytes, from).ok());
    to = from;
    benchmark::DoNotOptimize(to);
    request.Recycle(bytes.size());
    reply.Recycle(bytes.size());
  }
}
BENCHMARK(MessagesCleared)->Name("request and reply/on")->Arg(0)->Arg(3)->Arg(100);

void MessagesNew(benchmark::State& state) {
  const std::string bytes = SerializedOrder(state.range(0));
  for (auto _ : state) {
    const auto from = std::make_unique<Order>();
    const auto to = std::make_unique<Order>();
    benchmark::DoNotOptimize(ParseFrom(bytes, *from).ok());
    *to = *from;
    benchmark::DoNotOptimize(*to);
  }
}
BENCHMARK(MessagesNew)->Name("request and reply/new")->Arg(0)->Arg(3)->Arg(100);

// An arena that is reset after each call and has its first block already, its best form.
void MessagesOnArena(benchmark::State& state) {
  const std::string bytes = SerializedOrder(state.range(0));
  std::array<char, 16 << 10> block;
  google::protobuf::ArenaOptions options;
  options.initial_block = block.data();
  options.initial_block_size = block.size();
  google::protobuf::Arena arena(options);
  for (auto _ : state) {
    auto* const from = google::protobuf::Arena::CreateMessage<Order>(&arena);
    auto* const to = google::protobuf::Arena::CreateMessage<Order>(&arena);
    benchmark::DoNotOptimize(ParseFrom(bytes, *from).ok());
    *to = *from;
    benchmark::DoNotOptimize(*to);
    arena.Reset();
  }
}
BENCHMARK(MessagesOnArena)->Name("request and reply/arena")->Arg(0)->Arg(3)->Arg(100);

void CallPooled(benchmark::State& state) {
  ObjectPool<ClientCall> pool(kKeptCalls);
  for (auto _ : state) {
    std::unique_ptr<ClientCall> call = pool.Acquire();
    benchmark::DoNotOptimize(call);
    pool.Release(std::move(call));
  }
}
BENCHMARK(CallPooled)->Name("client call/on");

void CallNew(benchmark::State& state) {
  for (auto _ : state) {
    auto call = std::make_unique<ClientCall>();
    benchmark::DoNotOptimize(call);
  }
}
BENCHMARK(CallNew)->Name("client call/new");

// The lists of an HTTP/2 stream as one call fills them.
void Fill(http2::Stream& stream, ChunkPool& chunks) {
  for (int i = 0; i < 8; ++i) stream.head.fields.Add("x-some-field", "and what it says");
  stream.head_to_send().AddStatic("content-type", "application/grpc");
  stream.trailers_to_send().Add("grpc-status", "0");
  stream.outbound().Append(chunks, "the bytes of a small reply");
  benchmark::DoNotOptimize(stream);
}

void StreamPooled(benchmark::State& state) {
  ChunkPool chunks;
  ObjectPool<http2::Stream> pool(kKeptCalls);
  for (auto _ : state) {
    std::unique_ptr<http2::Stream> stream = pool.Acquire();
    Fill(*stream, chunks);
    stream->Clear();
    pool.Release(std::move(stream));
  }
}
BENCHMARK(StreamPooled)->Name("stream with its lists/on");

void StreamNew(benchmark::State& state) {
  ChunkPool chunks;
  for (auto _ : state) {
    const auto stream = std::make_unique<http2::Stream>();
    Fill(*stream, chunks);
  }
}
BENCHMARK(StreamNew)->Name("stream with its lists/new");

google::protobuf::Any Reply(benchmark::State& state) {
  google::protobuf::Any reply;
  reply.set_type_url("type");
  reply.set_value(std::string(static_cast<std::size_t>(state.range(0)), 'x'));
  return reply;
}

constexpr std::string_view kPrefix("\0\0\0\0\0", 5);

// The size of a message is known before its first byte is written, so the first chunk fits it; the
// bytes beside are what a reply that waits holds of the pool.
template <typename Serialize>
void IntoFirstChunk(benchmark::State& state, Serialize serialize) {
  ChunkPool pool;
  BufList list;
  const google::protobuf::Any reply = Reply(state);
  for (auto _ : state) {
    serialize(reply, reply.ByteSizeLong(), list, pool);
    list.Clear();
  }
  serialize(reply, reply.ByteSizeLong(), list, pool);
  state.counters["held"] = static_cast<double>(pool.stats().bytes_in_use);
}

void FirstChunkThatFits(benchmark::State& state) {
  IntoFirstChunk(state, [](const auto& reply, std::size_t size, BufList& list, ChunkPool& pool) {
    benchmark::DoNotOptimize(SerializeInto(reply, size, list, pool, kPrefix).ok());
  });
}
BENCHMARK(FirstChunkThatFits)->Name("first chunk/on")->Arg(32)->Arg(1500)->Arg(12'000)->Arg(60'000);

void FirstChunkOf16KiB(benchmark::State& state) {
  IntoFirstChunk(state, [](const auto& reply, std::size_t size, BufList& list, ChunkPool& pool) {
    benchmark::DoNotOptimize(list.ReserveSome(pool, 16 * kKiB).data());
    benchmark::DoNotOptimize(SerializeInto(reply, size, list, pool, kPrefix).ok());
  });
}
BENCHMARK(FirstChunkOf16KiB)
    ->Name("first chunk/always 16 KiB")
    ->Arg(32)
    ->Arg(1500)
    ->Arg(12'000)
    ->Arg(60'000);

// Begins with the smallest and takes larger ones as it goes.
void FirstChunkOf1KiB(benchmark::State& state) {
  IntoFirstChunk(state, [](const auto& reply, std::size_t, BufList& list, ChunkPool& pool) {
    list.Append(pool, kPrefix);
    BufListWriter writer(list, pool, 0);
    benchmark::DoNotOptimize(reply.SerializeToZeroCopyStream(&writer));
  });
}
BENCHMARK(FirstChunkOf1KiB)
    ->Name("first chunk/always 1 KiB")
    ->Arg(32)
    ->Arg(1500)
    ->Arg(12'000)
    ->Arg(60'000);

}  // namespace
}  // namespace weft::internal
