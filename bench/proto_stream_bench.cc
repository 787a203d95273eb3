// Messages into chunks and out of slices, and where aliasing begins to pay (kAliasThreshold). The
// messages are protobuf's own, so that nothing has to be generated.
#include <string>

#include "benchmark/benchmark.h"
#include "google/protobuf/any.pb.h"

#include "buffer/external_buffer.h"
#include "buffer/message_owner.h"
#include "buffer/proto_stream.h"

namespace weft::internal {
namespace {

using google::protobuf::Any;

constexpr std::string_view kPrefix("\0\0\0\0\0", 5);

Any Message(std::size_t size) {
  Any message;
  message.set_type_url("type");
  message.set_value(std::string(size, 'x'));
  return message;
}

// The floor: into a buffer that is there.
void SerializeToArray(benchmark::State& state) {
  const Any message = Message(static_cast<std::size_t>(state.range(0)));
  std::string bytes(message.ByteSizeLong(), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(message.ByteSizeLong());
    message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(bytes.data()));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(SerializeToArray)->Arg(32)->Arg(1024)->Arg(16'000);

void SerializeToString(benchmark::State& state) {
  const Any message = Message(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(message.SerializeAsString());
}
BENCHMARK(SerializeToString)->Arg(32)->Arg(1024)->Arg(16'000);

void SerializeIntoChunks(benchmark::State& state) {
  ChunkPool pool;
  BufList list;
  const Any message = Message(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        SerializeInto(message, message.ByteSizeLong(), list, pool, kPrefix).ok());
    list.Clear();
  }
}
BENCHMARK(SerializeIntoChunks)
    ->Arg(32)
    ->Arg(1024)
    ->Arg(4096)
    ->Arg(8192)
    ->Arg(16'000)
    ->Arg(65'536)
    ->Arg(1 << 20);

struct Owned {
  Any message;
  MessageOwner owner{this, [](void*) {}};
};

void SerializeByAliasing(benchmark::State& state) {
  ChunkPool pool;
  BufList list;
  Owned owned{Message(static_cast<std::size_t>(state.range(0)))};
  for (auto _ : state) {
    benchmark::DoNotOptimize(SerializeAliasing(owned.message, owned.message.ByteSizeLong(),
                                               OwnerRef::Adopt(&owned.owner), list, pool, kPrefix)
                                 .ok());
    list.Clear();
  }
}
BENCHMARK(SerializeByAliasing)
    ->Arg(32)
    ->Arg(4096)
    ->Arg(8192)
    ->Arg(16'000)
    ->Arg(65'536)
    ->Arg(1 << 20);

void ParseContiguous(benchmark::State& state) {
  BufList list;
  const std::string bytes = Message(static_cast<std::size_t>(state.range(0))).SerializeAsString();
  list.AppendRef(SliceOfString(bytes));
  Any message;
  for (auto _ : state) benchmark::DoNotOptimize(ParseFrom(list, bytes.size(), message).ok());
}
BENCHMARK(ParseContiguous)->Arg(32)->Arg(1024)->Arg(16'000)->Arg(1 << 20);

// Cut where DATA frames and read chunks cut.
void ParseFromSlices(benchmark::State& state) {
  BufList list;
  const std::string bytes = Message(static_cast<std::size_t>(state.range(0))).SerializeAsString();
  const auto piece = static_cast<std::size_t>(state.range(1));
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    list.AppendRef(SliceOfString(bytes.substr(at, piece)));
  }
  Any message;
  for (auto _ : state) benchmark::DoNotOptimize(ParseFrom(list, bytes.size(), message).ok());
}
BENCHMARK(ParseFromSlices)->Args({32, 20})->Args({16'000, 8192})->Args({1 << 20, 16'384});

}  // namespace
}  // namespace weft::internal

BENCHMARK_MAIN();
