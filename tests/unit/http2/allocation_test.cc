#include <gtest/gtest.h>

#include <cstddef>

#include "http2/stream.h"
#include "tests/support/http2_pair.h"

// What calls in a steady state take from malloc, by the pools' own counts.
namespace weft::http2 {
namespace {

// Both sides of a call without a recording string.
struct Caller final : internal::HttpStreamEvents {
  void OnHead(internal::HttpHead&, bool) override {}
  void OnBody(internal::Slice slice) override { bytes += slice.size(); }
  void OnEnd(internal::HeaderList&) override {
    if (serving) Reply();
  }
  void OnDrained() override {}
  void OnClosed(const internal::StreamClose& close) override {
    complete += close.cause == internal::StreamClose::Cause::kComplete ? 1 : 0;
  }
  void Reply() {
    stream->head_to_send().AddStatic("content-type", "application/grpc");
    stream->SendHead(200, false);
    stream->outbound().Append(*chunks, "the reply of a call");
    stream->BodyAppended();
    stream->trailers_to_send().AddStatic("grpc-status", "0");
    stream->SendEnd();
  }
  bool serving = false;
  internal::HttpStream* stream = nullptr;
  internal::ChunkPool* chunks = nullptr;
  std::size_t bytes = 0;
  int complete = 0;
};

struct OneCaller final : internal::StreamAcceptor {
  internal::HttpStreamEvents* OnRequest(internal::HttpStream& stream, internal::HttpHead&,
                                        bool) override {
    caller.stream = &stream;
    return &caller;
  }
  Caller caller;
};

TEST(AllocationTest, SteadyUnaryCallsTakeNoNewBlockChunkOrStream) {
  Pools pools;
  RecordingHost host;
  OneCaller acceptor;
  acceptor.caller.serving = true;
  acceptor.caller.chunks = &pools.chunks;
  RecordingClientEvents events;
  ServerSession server(SessionOptions(), pools.streams, host, acceptor);
  ClientSession client(SessionOptions(), pools.streams, host, events);
  Caller caller;
  const auto move = [&](Session& from, Session& to) {
    internal::BufList out;
    ASSERT_TRUE(from.Pull(out, std::size_t{64} * 1024).ok());
    for (std::size_t i = 0; i < out.slice_count(); ++i) ASSERT_TRUE(to.Recv(out.slice(i)).ok());
  };
  const auto call = [&] {
    internal::HttpStream& stream =
        client.OpenStream(caller, RequestTarget("POST", "http", "test.local", "/a.B/C"), {});
    stream.head_to_send().AddStatic("content-type", "application/grpc");
    stream.head_to_send().Add("grpc-timeout", "100m");
    stream.SendHead(0, false);
    stream.outbound().Append(pools.chunks, "the request of a call");
    stream.BodyAppended();
    stream.SendEnd();
    move(client, server);
    move(server, client);
  };
  for (int i = 0; i < 200; ++i) call();
  const auto blocks_before = pools.blocks.stats().misses;
  const auto chunks_before = pools.chunks.stats().misses;
  const auto streams_before = pools.streams.stats().made;
  for (int i = 0; i < 1000; ++i) call();
  EXPECT_EQ(pools.blocks.stats().misses, blocks_before);
  EXPECT_EQ(pools.chunks.stats().misses, chunks_before);
  EXPECT_EQ(pools.streams.stats().made, streams_before);
  EXPECT_EQ(caller.complete, 1200);
}

TEST(AllocationTest, TrimFreesTheStreamsThatWereNotNeededSinceTheLast) {
  Pair pair;
  Exchange calls[10];
  for (Exchange& call : calls) {
    pair.Open(call).SendHead(0, true);
  }
  for (Exchange& call : calls) call.stream->Reset(internal::StreamError::kCancel);
  ASSERT_TRUE(pair.Pump().ok());
  const std::size_t idle = pair.pools.streams.stats().idle;
  EXPECT_GE(idle, 10u);
  pair.pools.streams.Trim();  // all were in use since the start
  EXPECT_EQ(pair.pools.streams.stats().idle, idle);

  Exchange again;
  pair.Open(again).SendHead(0, true);
  ASSERT_TRUE(pair.Pump().ok());
  again.stream->Reset(internal::StreamError::kCancel);
  ASSERT_TRUE(pair.Pump().ok());
  EXPECT_EQ(pair.pools.streams.stats().idle, idle);
  pair.pools.streams.Trim();  // one call needs one on either side
  EXPECT_EQ(pair.pools.streams.stats().idle, 2u);
  EXPECT_EQ(pair.pools.streams.stats().bytes, 2 * sizeof(Stream));
  pair.pools.streams.Trim();
  EXPECT_EQ(pair.pools.streams.stats().idle, 0u);
  EXPECT_EQ(pair.pools.streams.stats().bytes, 0u);
}

}  // namespace
}  // namespace weft::http2
