#include "http1/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http1/limits.h"
#include "tests/unit/http1/transcript.h"

namespace weft::http1 {
namespace {

using namespace std::string_literals;

// Whole, byte by byte, and cut in two at every byte.
void ExpectTranscript(const std::string& input, const std::string& expected) {
  EXPECT_EQ(Whole(input), expected) << input;
  EXPECT_EQ(ByteByByte(input), expected) << input;
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    ASSERT_EQ(Transcript(input, {cut}), expected) << "cut at " << cut << " of\n" << input;
  }
}

TEST(RequestParserTest, ReadsWellFormedRequestsHoweverTheyAreCut) {
  struct Case {
    std::string input, expected;
  };
  const Case cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @a 1.1\n[]\n"},
      {"\r\nGET /x?y=1 HTTP/1.1\r\nhOST:a:80\r\nX-Y: \t v w \t\r\nEmpty:\r\n\r\n",
       "GET /x?y=1 @a:80 1.1\nx-y=v w\nempty=\n[]\n"},
      {"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
       "POST /p @a 1.1 body\ncontent-length=5\n[hello]\n"},
      {"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
       "POST /p @a 1.1\ncontent-length=0\n[]\n"},
      {"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
       "5\r\nhello\r\n00a;x=\"y\"\r\n0123456789\r\n0\r\n\r\n",
       "POST /p @a 1.1 body\n[hello0123456789]\n"},
      {"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
       "1 ;x\r\nA\r\n0\r\nX-Sum: 7\r\nContent-Length: 3\r\nHost: b\r\nConnection: "
       "x\r\nLast:\r\n\r\n",
       "POST /p @a 1.1 body\n[A]\n~x-sum=7\n~last=\n"},
      {"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: b\r\nConnection: Close, "
       "x\r\n\r\n",
       "GET /a @a 1.1\n[]\nGET /b @b 1.1 close\n[]\n"},
      {"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy\r\nGET /b HTTP/1.1\r\nHost: "
       "b\r\n\r\n",
       "PUT /a @a 1.1 body\ncontent-length=2\n[xy]\nGET /b @b 1.1\n[]\n"},
      {"GET / HTTP/1.0\r\n\r\n", "GET / @ 1.0 close\n[]\n"},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\nHost: h\r\n\r\n", "GET / @h 1.0\n[]\n"},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "GET / @ 1.0 close\n[]\n"},
      {"GET / HTTP/1.7\r\nHost: a\r\n\r\n", "GET / @a 1.1\n[]\n"},
      {"GET http://b:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET /p?q @b:81 1.1\n[]\n"},
      {"GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @b 1.1\n[]\n"},
      {"GET http://b?q=1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?q=1 @b 1.1\n[]\n"},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * @a 1.1\n[]\n"},
      {"OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * @b 1.1\n[]\n"},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / @ 1.1\n[]\n"},
      {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET / @[::1]:80 1.1\n[]\n"},
      {"GET / HTTP/1.1\r\nHost: a\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nTE: "
       "trailers\r\nX: \xc3\xa4\r\n\r\n",
       "GET / @a 1.1\nte=trailers\nx=\xc3\xa4\n[]\n"},
      {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
       "POST / @a 1.1 continue body\nexpect=100-Continue\ncontent-length=1\n[x]\n"},
      {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
       "POST / @a 1.1\nexpect=100-continue\ncontent-length=0\n[]\n"},
      {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
       "POST / @ 1.0 close body\nexpect=100-continue\ncontent-length=1\n[x]\n"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
       "POST / @a 1.1 body\ncontent-length=3\n...\n"},
      {"GET / HTTP/1.1\r\nHost: a\r\n", "...\n"},
      {"\r\n", ""},
  };
  for (const Case& c : cases) ExpectTranscript(c.input, c.expected);
}

TEST(RequestParserTest, LimitsHoldToTheByte) {
  const std::string rest = " HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::size_t room = kMaxRequestLine - "GET /"s.size() - " HTTP/1.1\r\n"s.size();
  EXPECT_EQ(Whole("GET /" + std::string(room, 'x') + rest),
            "GET /" + std::string(room, 'x') + " @a 1.1\n[]\n");
  const std::string long_line = "GET /" + std::string(room + 1, 'x') + rest;
  EXPECT_EQ(Whole(long_line), "!414 the request line is too long\n");
  EXPECT_EQ(ByteByByte(long_line), "!414 the request line is too long\n");
  EXPECT_EQ(Whole(std::string(kMaxRequestLine + 1, 'x')), "!414 the request line is too long\n")
      << "without waiting for its end";

  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const std::size_t value = kMaxHeadBytes - "Host: a\r\nX: \r\n\r\n"s.size();
  EXPECT_EQ(Whole(start + std::string(value, 'v') + "\r\n\r\n"),
            "GET / @a 1.1\nx=" + std::string(value, 'v') + "\n[]\n");
  const std::string large = start + std::string(value + 1, 'v') + "\r\n\r\n";
  EXPECT_EQ(Whole(large), "!431 the header fields are too large\n");
  EXPECT_EQ(ByteByByte(large), "!431 the header fields are too large\n");

  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < kMaxFields; ++i) many += "x:\r\n";
  EXPECT_EQ(Whole(many + "\r\n").substr(0, 15), "GET / @a 1.1\nx=");
  EXPECT_EQ(Whole(many + "x:\r\n\r\n"), "!431 there are too many header fields\n");
}

TEST(RequestParserTest, TrailerAndChunkLimitsHold) {
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string head = "POST / @a 1.1 body\n";
  std::string fields;
  for (std::size_t i = 0; i < kMaxTrailerFields; ++i) fields += "x:\r\n";
  EXPECT_EQ(Whole(start + "0\r\n" + fields + "\r\n").substr(0, head.size() + 3), head + "[]\n");
  EXPECT_EQ(Whole(start + "0\r\n" + fields + "x:\r\n\r\n"),
            head + "!431 there are too many trailer fields\n");
  const std::string large = start + "0\r\nx: " + std::string(kMaxTrailerBytes, 'v') + "\r\n\r\n";
  EXPECT_EQ(Whole(large), head + "!431 the trailer fields are too large\n");
  EXPECT_EQ(ByteByByte(large), Whole(large));

  const std::string extension(kMaxChunkLine - 4, 'e');  // with size, ';' and CRLF to the limit
  EXPECT_EQ(Whole(start + "0;" + extension + "\r\n\r\n"), head + "[]\n");
  EXPECT_EQ(Whole(start + "0;" + extension + "e\r\n\r\n"),
            head + "!400 a chunk's size line is too long\n");
  std::string chunks = start;
  for (std::size_t i = 0; i <= kMaxChunkExtensions / (extension.size() + 1); ++i) {
    chunks += "1;" + extension + "\r\nx\r\n";
  }
  EXPECT_EQ(Whole(chunks), head + "!400 the chunk extensions are too large\n");
}

TEST(RequestParserTest, BodyPartsArePiecesOfTheInput) {
  const std::string input =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n";
  internal::Slice piece = internal::Slice::Static(input);
  RequestParser parser;
  std::vector<internal::Slice> parts;
  RequestParser::Event event;
  while ((event = parser.Next(piece)) != RequestParser::Event::kEnd) {
    ASSERT_NE(event, RequestParser::Event::kError);
    if (event == RequestParser::Event::kBody) parts.push_back(parser.TakeBody());
  }
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].data(), input.data() + input.find("abcd"));
  EXPECT_EQ(parts[0].size(), 4u);
  EXPECT_EQ(parts[1].data(), input.data() + input.find("ef"));
}

TEST(RequestParserTest, RemainingBodyIsKnownUnlessChunked) {
  const std::string input = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc";
  internal::Slice piece = internal::Slice::Static(input);
  RequestParser parser;
  EXPECT_FALSE(parser.in_head());
  EXPECT_EQ(parser.Next(piece), RequestParser::Event::kHead);
  EXPECT_TRUE(parser.in_body());
  EXPECT_EQ(parser.remaining_body(), 10u);
  EXPECT_EQ(parser.Next(piece), RequestParser::Event::kBody);
  EXPECT_EQ(parser.remaining_body(), 7u);

  const std::string chunked =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n";
  RequestParser other;
  internal::Slice more = internal::Slice::Static(chunked);
  EXPECT_EQ(other.Next(more), RequestParser::Event::kHead);
  EXPECT_EQ(other.remaining_body(), std::nullopt);
}

TEST(RequestParserTest, HeadMayBeSwappedAway) {
  const std::string input =
      "GET /one HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\nGET /two HTTP/1.1\r\nHost: b\r\nX: 2\r\n\r\n";
  internal::Slice piece = internal::Slice::Static(input);
  RequestParser parser;
  internal::HttpHead taken;
  ASSERT_EQ(parser.Next(piece), RequestParser::Event::kHead);
  std::swap(taken, parser.head());
  ASSERT_EQ(parser.Next(piece), RequestParser::Event::kEnd);
  parser.Reset();
  ASSERT_EQ(parser.Next(piece), RequestParser::Event::kHead);
  EXPECT_EQ(parser.head().path, "/two");
  EXPECT_EQ(parser.head().fields.Find("x"), "2");
  EXPECT_EQ(taken.path, "/one");
  EXPECT_EQ(taken.method, "GET");
  EXPECT_EQ(taken.authority, "a");
  EXPECT_EQ(taken.fields.Find("x"), "1");
}

TEST(RequestParserTest, AnErrorStays) {
  internal::Slice bad = internal::Slice::Static("?? ??\n");
  RequestParser parser;
  EXPECT_EQ(parser.Next(bad), RequestParser::Event::kError);
  internal::Slice good = internal::Slice::Static("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(parser.Next(good), RequestParser::Event::kError);
}

}  // namespace
}  // namespace weft::http1
