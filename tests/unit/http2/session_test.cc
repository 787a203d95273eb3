#include "http2/session.h"

#include <gtest/gtest.h>

#include "tests/support/http2_pair.h"

namespace weft::http2 {
namespace {

using internal::StreamClose;
using internal::StreamError;

TEST(SessionTest, UnaryExchangeCarriesHeadsBodiesAndTrailers) {
  Pair pair;
  Exchange call;
  auto& request = pair.Open(call);
  request.head_to_send().Add("te", "trailers");
  request.SendHead(0, false);
  pair.Append(request, "hello");
  request.SendEnd();
  ASSERT_TRUE(pair.Pump().ok());
  ASSERT_EQ(pair.acceptor.exchanges.size(), 1u);
  Exchange& served = pair.acceptor.last();
  EXPECT_EQ(served.method, "POST");
  EXPECT_EQ(served.path, "/pkg.Service/Method");
  EXPECT_EQ(served.scheme, "http");
  EXPECT_EQ(served.authority, "test.local");
  EXPECT_EQ(served.fields, "te=trailers;");
  EXPECT_EQ(served.body, "hello");
  EXPECT_TRUE(served.ended);

  auto& reply = *served.stream;
  reply.head_to_send().AddStatic("content-type", "application/grpc");
  reply.SendHead(200, false);
  pair.Append(reply, "world");
  reply.trailers_to_send().AddStatic("grpc-status", "0");
  reply.SendEnd();
  EXPECT_EQ(served.closes, 0);
  ASSERT_TRUE(pair.Pump().ok());
  EXPECT_EQ(call.status, 200);
  EXPECT_EQ(call.fields, "content-type=application/grpc;");
  EXPECT_EQ(call.body, "world");
  EXPECT_EQ(call.trailers, "grpc-status=0;");
  EXPECT_EQ(call.closes, 1);
  EXPECT_EQ(call.close.cause, StreamClose::Cause::kComplete);
  EXPECT_EQ(served.closes, 1);
  EXPECT_EQ(served.close.cause, StreamClose::Cause::kComplete);
  EXPECT_EQ(pair.client.open_streams(), 0u);
  EXPECT_EQ(pair.server.open_streams(), 0u);
}

}  // namespace
}  // namespace weft::http2
