// Requests that two readers could read in two ways, or that hide something. Each must be refused,
// with its status, in whatever pieces it comes; nothing behind it may be read.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/http1/transcript.h"

namespace weft::http1 {
namespace {

using namespace std::string_literals;

struct Trick {
  std::string name;
  std::string bytes;
  int status;
};

std::string Get(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields +
         "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
}

std::string Line(const std::string& line) { return line + "\r\nHost: a\r\n\r\n"; }

std::string Chunked(const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}

std::vector<Trick> Tricks() {
  std::vector<Trick> tricks = {
      {"CL.TE", Get("Content-Length: 6\r\nTransfer-Encoding: chunked"), 400},
      {"TE.CL", Get("Transfer-Encoding: chunked\r\nContent-Length: 6"), 400},
      {"CL.0 with TE identity", Get("Content-Length: 6\r\nTransfer-Encoding: identity"), 400},
      {"two lengths", Get("Content-Length: 5\r\nContent-Length: 6"), 400},
      {"the same length twice", Get("Content-Length: 5\r\nContent-Length: 5"), 400},
      {"a list of lengths", Get("Content-Length: 5, 6"), 400},
      {"a list of one length", Get("Content-Length: 5, 5"), 400},
      {"signed length", Get("Content-Length: +5"), 400},
      {"negative length", Get("Content-Length: -5"), 400},
      {"hexadecimal length", Get("Content-Length: 0x5"), 400},
      {"length with underscore", Get("Content-Length: 1_0"), 400},
      {"length with a space inside", Get("Content-Length: 1 0"), 400},
      {"empty length", Get("Content-Length:"), 400},
      {"length with text", Get("Content-Length: 5abc"), 400},
      {"length above 64 bits", Get("Content-Length: 18446744073709551621"), 400},
      {"length above 63 bits", Get("Content-Length: 9223372036854775808"), 400},
      {"length of many zeros", Get("Content-Length: " + std::string(300, '0') + "5"), 400},
      {"TE twice", Get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
      {"TE chunked then identity", Get("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
       400},
      {"TE chunked, identity", Get("Transfer-Encoding: chunked, identity"), 400},
      {"TE chunked, chunked", Get("Transfer-Encoding: chunked, chunked"), 400},
      {"TE gzip before chunked", Get("Transfer-Encoding: gzip, chunked"), 501},
      {"TE on two lines", Get("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"), 501},
      {"TE not ending in chunked", Get("Transfer-Encoding: chunked, gzip"), 400},
      {"TE xchunked", Get("Transfer-Encoding: xchunked"), 400},
      {"TE with parameter", Get("Transfer-Encoding: chunked;q=1"), 400},
      {"TE quoted", Get("Transfer-Encoding: \"chunked\""), 400},
      {"TE with vertical tab", Get("Transfer-Encoding: \vchunked"), 400},
      {"TE with form feed", Get("Transfer-Encoding: chunked\f"), 400},
      {"TE with no-break space",
       Get("Transfer-Encoding:\xa0"
           "chunked"),
       400},
      {"TE with empty elements", Get("Transfer-Encoding: ,chunked"), 400},
      {"TE empty", Get("Transfer-Encoding:"), 400},
      {"TE with space before colon", Get("Transfer-Encoding : chunked"), 400},
      {"TE with tab before colon", Get("Transfer-Encoding\t: chunked"), 400},
      {"TE folded", Get("Transfer-Encoding:\r\n chunked"), 400},
      {"TE folded with tab", Get("Transfer-Encoding:\r\n\tchunked"), 400},
      {"TE behind a line that starts with a space", Get(" Transfer-Encoding: chunked"), 400},
      {"TE hidden by bare LF", Get("X: y\nTransfer-Encoding: chunked"), 400},
      {"TE hidden by bare CR", Get("X: y\rTransfer-Encoding: chunked"), 400},
      {"TE behind NUL", Get("X: y\0Transfer-Encoding: chunked"s), 400},
      {"NUL in a name", Get("Transfer-Encoding\0: chunked"s), 400},
      {"control character in a value",
       Get("X: a\x01"
           "b"),
       400},
      {"DEL in a value",
       Get("X: a\x7f"
           "b"),
       400},
      {"empty name", Get(": chunked"), 400},
      {"no colon", Get("Transfer-Encoding chunked"), 400},
      {"name with a slash", Get("a/b: c"), 400},
      {"name with a byte above 127", Get("\xe4: c"), 400},
      {"bracketed name", Get("[x]: c"), 400},
      {"CR CR LF", Get("X: y\r"), 400},
      {"end of head by bare LF", "GET / HTTP/1.1\r\nHost: a\r\n\nGET /smuggled", 400},
      {"end of head by LF LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"end of head by CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", 400},
      {"TE in HTTP/1.0",
       "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", Get("Host: b"), 400},
      {"the same host twice", Get("Host: a"), 400},
      {"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"no host with absolute form", "GET http://a/ HTTP/1.1\r\n\r\n", 400},
      {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
      {"host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"host with bad port", "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400},
      {"host with space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"other expectation", Get("Expect: 200-ok"), 417},
      {"expectation with more", Get("Expect: 100-continue, x"), 417},

      {"two spaces behind the method", Line("GET  / HTTP/1.1"), 400},
      {"two spaces behind the target", Line("GET /  HTTP/1.1"), 400},
      {"tab in the request line", Line("GET\t/ HTTP/1.1"), 400},
      {"space behind the version", Line("GET / HTTP/1.1 "), 400},
      {"space before the method", Line(" GET / HTTP/1.1"), 400},
      {"space in the target", Line("GET /a b HTTP/1.1"), 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"method alone", "GET\r\n\r\n", 400},
      {"no version", Line("GET / "), 400},
      {"lower case version", Line("GET / http/1.1"), 400},
      {"short version", Line("GET / HTTP/1"), 400},
      {"long version", Line("GET / HTTP/1.10"), 400},
      {"version with plus", Line("GET / HTTP/+1.1"), 400},
      {"version 2", Line("GET / HTTP/2.0"), 505},
      {"version 0.9 spelled out", Line("GET / HTTP/0.9"), 505},
      {"two blank lines", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"blank line by LF", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"method with colon", Line("GE:T / HTTP/1.1"), 400},
      {"method too long", Line(std::string(33, 'M') + " / HTTP/1.1"), 501},
      {"CONNECT", Line("CONNECT a:443 HTTP/1.1"), 501},
      {"empty target", Line("GET  HTTP/1.1"), 400},
      {"asterisk for GET", Line("GET * HTTP/1.1"), 400},
      {"authority form for GET", Line("GET a:80 HTTP/1.1"), 400},
      {"relative target", Line("GET path HTTP/1.1"), 400},
      {"fragment", Line("GET /a#b HTTP/1.1"), 400},
      {"NUL in target", Line("GET /a\0b HTTP/1.1"s), 400},
      {"DEL in target", Line("GET /a\x7f HTTP/1.1"), 400},
      {"raw UTF-8 in target", Line("GET /\xc3\xa4 HTTP/1.1"), 400},
      {"CR in target", Line("GET /a\rb HTTP/1.1"), 400},
      {"foreign scheme", Line("GET ftp://a/ HTTP/1.1"), 400},
      {"no authority", Line("GET http:///a HTTP/1.1"), 400},
      {"user in target", Line("GET http://u@a/ HTTP/1.1"), 400},
      {"TLS hello", "\x16\x03\x01\x02" + std::string(64, '\x01') + "\n", 400},

      {"no chunk size", Chunked("\r\nhello\r\n"), 400},
      {"chunk size with sign", Chunked("+5\r\nhello\r\n0\r\n\r\n"), 400},
      {"negative chunk size", Chunked("-5\r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk size with 0x", Chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk size with space before", Chunked(" 5\r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk size with space behind", Chunked("5 \r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk size with tab behind", Chunked("5\t\r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk size with text", Chunked("5g\r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk size of 64 bits", Chunked("ffffffffffffffff\r\nhello"), 400},
      {"chunk size above 64 bits", Chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk size of many zeros", Chunked("0000000000000005\r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk size ended by LF", Chunked("5\nhello\r\n0\r\n\r\n"), 400},
      {"chunk size ended by CR", Chunked("5\rhello\r\n0\r\n\r\n"), 400},
      {"chunk extension ended by LF", Chunked("5;a\nhello\r\n0\r\n\r\n"), 400},
      {"chunk extension with CR", Chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk extension with NUL", Chunked("5;a\0b\r\nhello\r\n0\r\n\r\n"s), 400},
      {"quoted chunk extension over lines", Chunked("5;a=\"\nb\"\r\nhello\r\n0\r\n\r\n"), 400},
      {"comma for a chunk extension", Chunked("5,a\r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk longer than it says", Chunked("5\r\nhello!\r\n0\r\n\r\n"), 400},
      {"chunk shorter than it says", Chunked("7\r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk ended by LF", Chunked("5\r\nhello\n0\r\n\r\n"), 400},
      {"chunk ended by CR alone", Chunked("5\r\nhello\r0\r\n\r\n"), 400},
      {"chunk ended by two other bytes", Chunked("5\r\nhelloXX0\r\n\r\n"), 400},
      {"last chunk ended by LF", Chunked("0\n\r\n"), 400},
      {"trailers ended by LF", Chunked("0\r\n\n"), 400},
      {"trailers ended by CR",
       Chunked("0\r\n\rX"
               "\n"),
       400},
      {"folded trailer", Chunked("0\r\nx: y\r\n z\r\n\r\n"), 400},
      {"trailer with space before colon", Chunked("0\r\nx : y\r\n\r\n"), 400},
      {"trailer with NUL", Chunked("0\r\nx: \0\r\n\r\n"s), 400},
      {"request for a trailer", Chunked("0\r\nGET /smuggled HTTP/1.1\r\n\r\n"), 400},
  };
  return tricks;
}

TEST(SmugglingTest, EveryTrickIsRefusedHoweverItIsCut) {
  for (const Trick& trick : Tricks()) {
    const std::string whole = Whole(trick.bytes);
    const std::size_t error = whole.find('!');
    ASSERT_NE(error, std::string::npos) << trick.name << "\n" << whole;
    EXPECT_EQ(whole.substr(error + 1, 3), std::to_string(trick.status)) << trick.name << "\n"
                                                                        << whole;
    EXPECT_EQ(whole.find("smuggled"), std::string::npos) << trick.name << "\n" << whole;
    EXPECT_EQ(ByteByByte(trick.bytes), whole) << trick.name;
    for (std::size_t cut = 1; cut < trick.bytes.size(); ++cut) {
      ASSERT_EQ(Transcript(trick.bytes, {cut}), whole) << trick.name << " cut at " << cut;
    }
  }
}

}  // namespace
}  // namespace weft::http1
