#include "http1/encoder.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "buffer/limits.h"
#include "http1/date_cache.h"

namespace weft::http1 {
namespace {

using internal::BufList;
using internal::HeaderList;

std::string Text(const BufList& list) {
  std::string out(list.size(), '\0');
  EXPECT_TRUE(list.PeekFront(list.size(), out.data()));
  return out;
}

class EncoderTest : public testing::Test {
 protected:
  std::string Head(const ResponseHead& head, const HeaderList& fields) {
    BufList out;
    EncodeHead(pool_, head, fields, out);
    EXPECT_EQ(out.slice_count(), 1u);
    return Text(out);
  }

  internal::ChunkPool pool_;
};

TEST_F(EncoderTest, HeadsOfAllFramings) {
  HeaderList fields;
  fields.Add("content-type", "application/json");
  ResponseHead head;
  head.length = 12;
  head.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(Head(head, fields),
            "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 12\r\n"
            "content-type: application/json\r\n\r\n");
  head.date = {};
  head.status = 404;
  head.framing = BodyFraming::kChunked;
  EXPECT_EQ(Head(head, fields),
            "HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n"
            "content-type: application/json\r\n\r\n");
  head.framing = BodyFraming::kClose;
  head.close = true;
  EXPECT_EQ(Head(head, HeaderList()), "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
  head.framing = BodyFraming::kNone;
  head.close = false;
  head.keep_alive = true;
  head.status = 204;
  EXPECT_EQ(Head(head, HeaderList()), "HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n");
  head.status = 599;
  EXPECT_EQ(Head(head, HeaderList()), "HTTP/1.1 599 Unknown\r\nconnection: keep-alive\r\n\r\n");
}

TEST_F(EncoderTest, FramingFieldsOfTheApplicationAreLeftOut) {
  HeaderList fields;
  for (const char* name : {"content-length", "connection", "keep-alive", "proxy-connection",
                           "transfer-encoding", "upgrade"}) {
    fields.Add(name, "1");
  }
  fields.Add("x", "y");
  ResponseHead head;
  EXPECT_EQ(Head(head, fields), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: y\r\n\r\n");
}

TEST_F(EncoderTest, DateOfTheApplicationWins) {
  HeaderList fields;
  fields.Add("date", "mine");
  ResponseHead head;
  head.date = "ours";
  EXPECT_EQ(Head(head, fields), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\ndate: mine\r\n\r\n");
}

TEST_F(EncoderTest, LargestLengthFits) {
  ResponseHead head;
  head.length = UINT64_MAX;
  EXPECT_EQ(Head(head, HeaderList()),
            "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n");
}

TEST_F(EncoderTest, SmallBodyIsCopiedBehindItsHead) {
  BufList body, out;
  EncodeHead(pool_, ResponseHead(), HeaderList(), out);
  body.Append(pool_, "hello");
  EXPECT_TRUE(EncodeBody(pool_, body, 5, out));
  EXPECT_EQ(out.slice_count(), 1u);
  EXPECT_TRUE(body.empty());
  EXPECT_EQ(Text(out), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nhello");
}

TEST_F(EncoderTest, LargeChunkIsReferencedBetweenItsFrames) {
  const std::string large(internal::kInlineCopyLimit + 1, 'x');
  BufList body, out;
  body.AppendRef(internal::Slice::Static(large));
  EXPECT_TRUE(EncodeChunk(pool_, body, large.size(), out));
  EXPECT_EQ(Text(out), "101\r\n" + large + "\r\n");
  bool shared = false;
  for (std::size_t i = 0; i < out.slice_count(); ++i) shared |= out.slice(i).data() == large.data();
  EXPECT_TRUE(shared);
}

TEST_F(EncoderTest, ChunksAreCutWhereAsked) {
  BufList body, out;
  body.Append(pool_, "abcdef");
  EXPECT_TRUE(EncodeChunk(pool_, body, 2, out));
  EXPECT_TRUE(EncodeChunk(pool_, body, 4, out));
  EncodeLastChunk(pool_, HeaderList(), out);
  EXPECT_EQ(Text(out), "2\r\nab\r\n4\r\ncdef\r\n0\r\n\r\n");
}

TEST_F(EncoderTest, TrailersFollowTheLastChunk) {
  HeaderList trailers;
  trailers.Add("grpc-status", "0");
  trailers.Add("content-length", "5");
  trailers.Add("x", "");
  BufList out;
  EncodeLastChunk(pool_, trailers, out);
  EXPECT_EQ(Text(out), "0\r\ngrpc-status: 0\r\nx: \r\n\r\n");
}

TEST_F(EncoderTest, ContinueAndErrorAnswers) {
  BufList out;
  EncodeContinue(pool_, out);
  EXPECT_EQ(Text(out), "HTTP/1.1 100 Continue\r\n\r\n");
  out.Clear();
  EncodeError(pool_, 400, "no", "D", false, out);
  EXPECT_EQ(Text(out),
            "HTTP/1.1 400 Bad Request\r\ndate: D\r\nconnection: close\r\ncontent-length: 3\r\n"
            "content-type: text/plain; charset=utf-8\r\n\r\nno\n");
  out.Clear();
  EncodeError(pool_, 400, "no", "", true, out);
  EXPECT_EQ(Text(out),
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 3\r\n"
            "content-type: text/plain; charset=utf-8\r\n\r\n");
}

TEST_F(EncoderTest, FieldsThatWouldSplitTheHeadAreFound) {
  const auto check = [](std::string_view name, std::string_view value) {
    HeaderList fields;
    fields.Add(name, value);
    return CheckFields(fields);
  };
  EXPECT_TRUE(check("x-y", "a b").ok());
  EXPECT_TRUE(check("x", "").ok());
  for (const std::string_view value : {"a\r\nb: c", "a\nb", "a\rb", "a\x01", " a", "a "}) {
    EXPECT_EQ(check("x", value).code(), absl::StatusCode::kInvalidArgument) << value;
  }
  EXPECT_FALSE(check("x", std::string_view("\0", 1)).ok());
  for (const std::string_view name : {"", "X", "a b", "a:", ":path", "a\r\n"}) {
    EXPECT_FALSE(check(name, "v").ok()) << name;
  }
  EXPECT_EQ(check("a\nb", "v").message(),
            "response field \"(not a token)\" has a name or value that HTTP does not allow");
}

TEST(DateCacheTest, FormatsAsTheRfcDoesAndOnceASecond) {
  static std::int64_t now = 0;
  DateCache dates(+[] { return now; });
  const auto at = [&dates](std::int64_t seconds) {
    now = seconds;
    return std::string(dates.Now());
  };
  EXPECT_EQ(at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(at(1709210096), "Thu, 29 Feb 2024 12:34:56 GMT");
  EXPECT_EQ(at(4102444799), "Thu, 31 Dec 2099 23:59:59 GMT");
  EXPECT_EQ(at(4102444799), "Thu, 31 Dec 2099 23:59:59 GMT");
}

}  // namespace
}  // namespace weft::http1
