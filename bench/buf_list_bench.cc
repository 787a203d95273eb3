// What the verbs of BufList cost, and where copying stops paying (kInlineCopyLimit,
// kInboundCopyLimit).
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "benchmark/benchmark.h"

#include "buffer/buf_list.h"
#include "buffer/buf_list_ops.h"
#include "buffer/external_buffer.h"

namespace weft::internal {
namespace {

// Sixteen appends to an emptied list, as the frames of a pass.
constexpr int kItems = 16;

void AppendCopy(benchmark::State& state) {
  ChunkPool pool;
  BufList list;
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    for (int i = 0; i < kItems; ++i) list.Append(pool, bytes);
    list.Clear();
  }
  state.SetItemsProcessed(state.iterations() * kItems);
}
BENCHMARK(AppendCopy)->Arg(9)->Arg(64)->Arg(256)->Arg(1024)->Arg(4096);

void AppendReference(benchmark::State& state) {
  ChunkPool pool;
  BufList list;
  ChunkRef chunk = pool.Acquire(kLargestChunk);
  const Slice slice(chunk.Share(), {chunk->data(), static_cast<std::size_t>(state.range(0))});
  for (auto _ : state) {
    for (int i = 0; i < kItems; ++i) list.AppendRef(slice);
    list.Clear();
  }
  state.SetItemsProcessed(state.iterations() * kItems);
}
BENCHMARK(AppendReference)->Arg(256);

void ReserveAndCommit(benchmark::State& state) {
  ChunkPool pool;
  BufList list;
  for (auto _ : state) {
    for (int i = 0; i < kItems; ++i) {
      char* const at = list.Reserve(pool, 37);
      std::memset(at, i, 37);
      list.Commit(37);
    }
    list.Clear();
  }
  state.SetItemsProcessed(state.iterations() * kItems);
}
BENCHMARK(ReserveAndCommit);

// A stream's life: one small message in, moved out whole, gone.
void OneMessageThrough(benchmark::State& state) {
  ChunkPool pool;
  BufList stream;
  BufList output;
  for (auto _ : state) {
    std::memset(stream.Reserve(pool, 37), 1, 37);
    stream.Commit(37);
    stream.SplitFront(37, output);
    output.Consume(37);
  }
}
BENCHMARK(OneMessageThrough);

void SplitIntoFrames(benchmark::State& state) {
  ChunkPool pool;
  const std::string body(256 * kKiB, 'x');
  BufList source;
  source.Append(pool, body);
  BufList stream;
  BufList output;
  for (auto _ : state) {
    for (std::size_t i = 0; i < source.slice_count(); ++i) stream.AppendRef(source.slice(i));
    while (!stream.empty()) {
      output.Append(pool, "123456789");
      stream.SplitFront(std::min<std::size_t>(stream.size(), 16'384), output);
    }
    output.Clear();
  }
  state.SetItemsProcessed(state.iterations() * 16);
}
BENCHMARK(SplitIntoFrames);

void FillIov(benchmark::State& state) {
  ChunkPool pool;
  BufList list;
  for (int i = 0; i < 64; ++i) list.AppendRef(SliceOfString(std::string(300, 'x')));
  std::array<iovec, kMaxIov> iov;
  for (auto _ : state) {
    benchmark::DoNotOptimize(list.FillIov(iov));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(FillIov);

// Frames of a payload of n bytes each: copied behind their header, or referenced. With the walk
// that the kernel does, as far as user space can tell: one entry or two.
void FramesCopied(benchmark::State& state) {
  ChunkPool pool;
  BufList out;
  ChunkRef chunk = pool.Acquire(kLargestChunk);
  const auto n = static_cast<std::size_t>(state.range(0));
  std::array<iovec, kMaxIov> iov;
  for (auto _ : state) {
    for (int i = 0; i < kItems; ++i) {
      const Slice payload(chunk.Share(), {chunk->data(), n});
      out.Append(pool, "123456789");
      out.Append(pool, payload.view());
    }
    benchmark::DoNotOptimize(out.FillIov(iov));
    out.Clear();
  }
  state.SetItemsProcessed(state.iterations() * kItems);
}
BENCHMARK(FramesCopied)->Arg(64)->Arg(256)->Arg(512)->Arg(1024)->Arg(2048);

void FramesReferenced(benchmark::State& state) {
  ChunkPool pool;
  BufList out;
  ChunkRef chunk = pool.Acquire(kLargestChunk);
  const auto n = static_cast<std::size_t>(state.range(0));
  std::array<iovec, kMaxIov> iov;
  for (auto _ : state) {
    for (int i = 0; i < kItems; ++i) {
      out.Append(pool, "123456789");
      out.AppendRef(Slice(chunk.Share(), {chunk->data(), n}));
    }
    benchmark::DoNotOptimize(out.FillIov(iov));
    out.Clear();
  }
  state.SetItemsProcessed(state.iterations() * kItems);
}
BENCHMARK(FramesReferenced)->Arg(64)->Arg(256)->Arg(512)->Arg(1024)->Arg(2048);

}  // namespace
}  // namespace weft::internal

BENCHMARK_MAIN();
