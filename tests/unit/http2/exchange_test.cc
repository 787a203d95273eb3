#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/support/http2_pair.h"

// Client session against server session, bytes pumped by hand: many exchanges of all shapes at
// once.
namespace weft::http2 {
namespace {

using internal::StreamClose;
using internal::StreamError;

// One call's two sides and what each is to say.
struct Call {
  Exchange client;
  Exchange* server = nullptr;
  std::string path, request, reply;
  std::size_t request_sent = 0, reply_sent = 0;
  bool request_ended = false, reply_headed = false, reply_ended = false;
  bool trailers_only = false;
  int reset_at = -1;  // step of the client's reset
  int steps = 0;
};

struct Shape {
  std::size_t budget;
  std::size_t piece;
  std::uint32_t window;
};

class ExchangeTest : public testing::TestWithParam<Shape> {};

TEST_P(ExchangeTest, RandomExchangesArriveWhole) {
  const Shape shape = GetParam();
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  SessionOptions options;
  options.windows.stream = shape.window;
  options.windows.connection = std::max<std::uint32_t>(shape.window, 65535);
  options.max_concurrent_streams = 50;
  options.reset_burst = 1'000'000;
  Pair pair(options, options);
  ASSERT_TRUE(pair.Pump().ok());

  const std::size_t total = shape.piece < 16 ? 500 : 10000;
  std::vector<std::unique_ptr<Call>> calls;
  std::size_t started = 0, complete = 0, reset = 0;
  while (complete + reset < total) {
    while (started < total && calls.size() < 40 && pair.client.can_open() && pick(3) != 0) {
      auto call = std::make_unique<Call>();
      const std::size_t largest = pick(20) == 0 ? 100'000 : 300;
      call->request.resize(pick(largest), static_cast<char>('a' + pick(26)));
      call->reply.resize(pick(largest), static_cast<char>('A' + pick(26)));
      call->trailers_only = pick(10) == 0;
      if (pick(10) == 0) call->reset_at = static_cast<int>(pick(6));
      call->path = "/call/" + std::to_string(started);
      auto& stream =
          pair.Open(call->client, call->path, Priority(static_cast<int>(pick(8)), pick(2) == 0));
      stream.head_to_send().Add("x-number", std::to_string(started));
      call->request_ended = call->request.empty() && pick(2) == 0;
      stream.SendHead(0, call->request_ended);
      calls.push_back(std::move(call));
      ++started;
    }
    const std::size_t known = pair.acceptor.exchanges.size();
    ASSERT_TRUE(
        pair.Move(pair.client, pair.server, shape.budget, shape.piece, pair.to_server).ok());
    ASSERT_TRUE(
        pair.Move(pair.server, pair.client, shape.budget, shape.piece, pair.to_client).ok());
    for (std::size_t i = known; i < pair.acceptor.exchanges.size(); ++i) {
      Exchange& served = *pair.acceptor.exchanges[i];
      for (auto& call : calls) {
        if (call->path == served.path && served.closes == 0) call->server = &served;
      }
    }
    for (auto& call : calls) {
      ++call->steps;
      if (auto* stream = call->client.stream) {
        if (call->reset_at == call->steps) {
          stream->Reset(StreamError::kCancel);
          continue;
        }
        if (!call->request_ended && pick(2) == 0 && !stream->above_high_mark()) {
          const std::size_t n =
              std::min(call->request.size() - call->request_sent, 1 + pick(20'000));
          pair.Append(*stream, std::string_view(call->request).substr(call->request_sent, n));
          call->request_sent += n;
          if (call->request_sent == call->request.size()) {
            call->request_ended = true;
            stream->SendEnd();
          }
        }
      }
      if (call->server == nullptr || call->server->stream == nullptr || call->reply_ended) continue;
      internal::HttpStream& stream = *call->server->stream;
      if (call->trailers_only) {
        stream.head_to_send().AddStatic("grpc-status", "5");
        stream.SendHead(200, true);
        call->reply_ended = true;
      } else if (!call->reply_headed) {
        call->reply_headed = true;
        stream.head_to_send().AddStatic("content-type", "application/grpc");
        stream.SendHead(200, false);
      } else if (call->reply_sent < call->reply.size()) {
        if (stream.above_high_mark()) continue;
        const std::size_t n = std::min(call->reply.size() - call->reply_sent, 1 + pick(20'000));
        pair.Append(stream, std::string_view(call->reply).substr(call->reply_sent, n));
        call->reply_sent += n;
      } else if (call->server->ended || pick(8) == 0) {  // now and then an early end
        stream.trailers_to_send().AddStatic("grpc-status", "0");
        stream.SendEnd();
        call->reply_ended = true;
      }
    }
    std::erase_if(calls, [&](const std::unique_ptr<Call>& call) {
      if (call->client.closes == 0) return false;
      EXPECT_EQ(call->client.closes, 1);
      if (call->client.close.cause == StreamClose::Cause::kLocalReset) {
        ++reset;
      } else {
        EXPECT_EQ(call->client.close.cause, StreamClose::Cause::kComplete);
        EXPECT_EQ(call->client.status, 200);
        if (!call->trailers_only) {
          EXPECT_EQ(call->client.body, call->reply);
          EXPECT_EQ(call->client.trailers, "grpc-status=0;");
          EXPECT_TRUE(call->request.starts_with(call->server->body));
          if (call->server->ended) {
            EXPECT_EQ(call->server->body, call->request);
          }
        }
        ++complete;
      }
      // The server's side of a call that the client is done with must not look at this any more.
      return true;
    });
    if (testing::Test::HasFailure()) return;
  }
  // Whatever the server has not ended yet was reset.
  ASSERT_TRUE(pair.Pump().ok());
  for (auto& served : pair.acceptor.exchanges) EXPECT_EQ(served->closes, 1);
  EXPECT_EQ(pair.client.open_streams(), 0u);
  EXPECT_EQ(pair.server.open_streams(), 0u);
  EXPECT_GT(complete, total / 2);
}

INSTANTIATE_TEST_SUITE_P(Shapes, ExchangeTest,
                         testing::Values(Shape{65536, std::string::npos, 1 << 20},
                                         Shape{4096, 4096, 65535}, Shape{1, 9, 1000},
                                         Shape{100, 1, 65535}),
                         [](const auto& shape) {
                           return "Budget" + std::to_string(shape.param.budget) + "Window" +
                                  std::to_string(shape.param.window);
                         });

}  // namespace
}  // namespace weft::http2
