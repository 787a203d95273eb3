// Chunks, blocks and coroutine frames from their pools, beside malloc.
#include <array>
#include <coroutine>
#include <cstdlib>

#include "benchmark/benchmark.h"

#include "buffer/block_pool.h"
#include "buffer/chunk_pool.h"
#include "coro/frame_pool.h"
#include "weft/internal/task_root.h"
#include "weft/task.h"

namespace weft::internal {
namespace {

// Taken and given back as the chunks of a pass are: all taken, written to at the front, written
// out, and then let go in the same order.
constexpr std::size_t kBurst = 32;

void ChunksPooled(benchmark::State& state) {
  ChunkPool pool;
  const auto size = static_cast<std::size_t>(state.range(0));
  std::array<ChunkRef, kBurst> chunks;
  for (auto _ : state) {
    for (ChunkRef& chunk : chunks) {
      chunk = pool.Acquire(size);
      *chunk->data() = 1;
    }
    benchmark::ClobberMemory();
    for (ChunkRef& chunk : chunks) chunk = ChunkRef();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBurst));
}
BENCHMARK(ChunksPooled)->Name("chunks/on")->Arg(1024)->Arg(16 << 10)->Arg(64 << 10);

void ChunksMalloc(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::array<char*, kBurst> chunks;
  for (auto _ : state) {
    for (char*& chunk : chunks) {
      chunk = static_cast<char*>(std::malloc(size));
      *chunk = 1;
    }
    benchmark::ClobberMemory();
    for (char* chunk : chunks) std::free(chunk);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBurst));
}
BENCHMARK(ChunksMalloc)->Name("chunks/malloc")->Arg(1024)->Arg(16 << 10)->Arg(64 << 10);

// One locked count more: a slice that outlives the writer's reference.
void ChunkShared(benchmark::State& state) {
  ChunkPool pool;
  for (auto _ : state) {
    ChunkRef chunk = pool.Acquire(1024);
    OwnerRef shared = chunk.Share();
    benchmark::DoNotOptimize(shared.get());
  }
}
BENCHMARK(ChunkShared)->Name("one chunk, shared/on");

void ChunkFromDepot(benchmark::State& state) {
  ChunkPool pool;
  for (auto _ : state) {
    ChunkRef chunk = pool.AcquireFromAnyThread(1024);
    benchmark::DoNotOptimize(chunk->data());
  }
}
BENCHMARK(ChunkFromDepot)->Name("one chunk, any thread/on");

void ChunkMalloc(benchmark::State& state) {
  for (auto _ : state) {
    void* chunk = std::malloc(1024);
    benchmark::DoNotOptimize(chunk);
    std::free(chunk);
  }
}
BENCHMARK(ChunkMalloc)->Name("one chunk, shared/malloc");
BENCHMARK(ChunkMalloc)->Name("one chunk, any thread/malloc");

// What nghttp2 takes for one call: some blocks of these sizes, let go in another order.
constexpr std::array<std::size_t, 8> kBlocks = {224, 40, 72, 152, 96, 64, 40, 128};

template <typename Take, typename Give>
void TakeBlocks(benchmark::State& state, Take take, Give give) {
  std::array<void*, kBlocks.size()> blocks;
  for (auto _ : state) {
    for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = take(kBlocks[i]);
    benchmark::DoNotOptimize(blocks);
    for (void* block : blocks) give(block);
  }
}

void BlocksPooled(benchmark::State& state) {
  BlockPool pool;
  TakeBlocks(
      state, [&pool](std::size_t size) { return pool.Allocate(size); },
      [&pool](void* block) { pool.Free(block); });
}
BENCHMARK(BlocksPooled)->Name("nghttp2's blocks of a call/on");

void BlocksMalloc(benchmark::State& state) {
  TakeBlocks(
      state, [](std::size_t size) { return std::malloc(size); },
      [](void* block) { std::free(block); });
}
BENCHMARK(BlocksMalloc)->Name("nghttp2's blocks of a call/malloc");

Task<int> Inner(int value) { co_return value + 1; }

Task<int> Outer(int value) {
  const int once = co_await Inner(value);
  const int twice = co_await Inner(once);
  co_return twice;
}

struct Root final : TaskRoot<int> {
  void OnDone() override {}
  void OnStuck() override { std::abort(); }
};

// A handler that awaits two functions of its own.
void Frames(benchmark::State& state, FramePool::Mode mode) {
  FramePool pool(mode);
  ThreadContext context;
  context.frames = &pool;
  const ThreadContextScope scope(&context);
  Root root;
  for (auto _ : state) {
    root.Start(Outer(1), nullptr, "bench");
    benchmark::DoNotOptimize(root.Take());
  }
}
void FramesPooled(benchmark::State& state) { Frames(state, FramePool::Mode::kPooled); }
void FramesMalloc(benchmark::State& state) { Frames(state, FramePool::Mode::kHeap); }
BENCHMARK(FramesPooled)->Name("frames of three coroutines/on");
BENCHMARK(FramesMalloc)->Name("frames of three coroutines/malloc");

}  // namespace
}  // namespace weft::internal
