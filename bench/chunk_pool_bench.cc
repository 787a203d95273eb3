// Pooled memory against malloc: chunks and small blocks, on the owner's thread and across threads.
#include <array>
#include <cstdlib>

#include "benchmark/benchmark.h"

#include "buffer/block_pool.h"
#include "buffer/chunk_pool.h"

namespace weft::internal {
namespace {

void ChunkAcquireRelease(benchmark::State& state) {
  ChunkPool pool;
  for (auto _ : state) {
    ChunkRef chunk = pool.Acquire(static_cast<std::size_t>(state.range(0)));
    benchmark::DoNotOptimize(chunk->data());
  }
}
BENCHMARK(ChunkAcquireRelease)->Arg(1024)->Arg(65536);

// The same with a slice that outlives the writer's reference: one locked count.
void ChunkAcquireShareRelease(benchmark::State& state) {
  ChunkPool pool;
  for (auto _ : state) {
    ChunkRef chunk = pool.Acquire(1024);
    OwnerRef shared = chunk.Share();
    benchmark::DoNotOptimize(shared.get());
  }
}
BENCHMARK(ChunkAcquireShareRelease);

void ChunkBurst(benchmark::State& state) {
  ChunkPool pool;
  std::array<ChunkRef, 100> chunks;
  for (auto _ : state) {
    for (ChunkRef& chunk : chunks) chunk = pool.Acquire(1024);
    for (ChunkRef& chunk : chunks) chunk = ChunkRef();
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(ChunkBurst);

void ChunkFromDepot(benchmark::State& state) {
  ChunkPool pool;
  for (auto _ : state) {
    ChunkRef chunk = pool.AcquireFromAnyThread(1024);
    benchmark::DoNotOptimize(chunk->data());
  }
}
BENCHMARK(ChunkFromDepot);

void MallocFree(benchmark::State& state) {
  for (auto _ : state) {
    void* block = std::malloc(static_cast<std::size_t>(state.range(0)));
    benchmark::DoNotOptimize(block);
    std::free(block);
  }
}
BENCHMARK(MallocFree)->Arg(152)->Arg(1024)->Arg(65536);

void MallocBurst(benchmark::State& state) {
  std::array<void*, 100> blocks;
  for (auto _ : state) {
    for (void*& block : blocks) block = std::malloc(1024);
    benchmark::ClobberMemory();
    for (void* block : blocks) std::free(block);
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(MallocBurst);

void BlockAllocateFree(benchmark::State& state) {
  BlockPool pool;
  for (auto _ : state) {
    void* block = pool.Allocate(static_cast<std::size_t>(state.range(0)));
    benchmark::DoNotOptimize(block);
    pool.Free(block);
  }
}
BENCHMARK(BlockAllocateFree)->Arg(152)->Arg(1024);

}  // namespace
}  // namespace weft::internal

BENCHMARK_MAIN();
