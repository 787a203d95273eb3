// Random requests, well-formed and not quite, in random pieces: the parser must agree with a model
// that reads the whole input with regular expressions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <random>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "http1/limits.h"
#include "tests/unit/http1/transcript.h"

namespace weft::http1 {
namespace {

// What Transcript gives, with "!" for any error.
class Model {
 public:
  explicit Model(std::string input) : in_(std::move(input)) {}

  std::string Read() {
    while (Request()) {
    }
    return out_;
  }

 private:
  bool Fail() {
    out_ += "!\n";
    return false;
  }
  bool Unfinished() {
    out_ += "...\n";
    return false;
  }
  // Nothing: its end has not come. A line keeps its ending, so that a regular expression can judge
  // it.
  std::optional<std::string> Line() {
    const std::size_t lf = in_.find('\n', at_);
    if (lf == std::string::npos) return std::nullopt;
    std::string line = in_.substr(at_, lf + 1 - at_);
    at_ = lf + 1;
    return line;
  }
  static bool Matches(const std::string& text, const char* pattern, std::smatch& match,
                      bool ignore_case = false) {
    auto flags = std::regex::ECMAScript;
    if (ignore_case) flags |= std::regex::icase;
    return std::regex_match(text, match, std::regex(pattern, flags));
  }
  static std::string Lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
  }
  static bool FieldLine(const std::string& line, std::string& name, std::string& value) {
    std::smatch m;
    if (!Matches(line, "([-!#$%&'*+.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n]*?)[ \t]*\r\n", m))
      return false;
    name = Lower(m[1]);
    value = m[2];
    return std::all_of(value.begin(), value.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
  }

  bool Request() {
    std::optional<std::string> line = Line();
    if (line == "\r\n") line = Line();
    if (!line.has_value()) return at_ < in_.size() ? Unfinished() : false;
    std::smatch m;
    if (!Matches(*line, "([-!#$%&'*+.^_`|~0-9A-Za-z]+) ([!-\"$-~]+) HTTP/1\\.([0-9])\r\n", m))
      return Fail();
    const std::string method = m[1];
    std::string path = m[2], authority;
    const bool http10 = m[3] == "0";
    if (method == "CONNECT" || method.size() > kMaxMethod) return Fail();
    std::smatch absolute;
    const std::string target = path;
    if (Matches(target, "https?://([-A-Za-z0-9.]+(:[0-9]{1,4})?)([/?].*)?", absolute, true)) {
      authority = absolute[1];
      path = absolute[3];
      if (path.empty()) path = method == "OPTIONS" ? "*" : "/";
      if (path[0] == '?') path.insert(0, "/");
    } else if (path[0] != '/' && !(path == "*" && method == "OPTIONS")) {
      return Fail();
    }

    std::string fields, coding, name, value;
    std::vector<std::string> hosts, lengths;
    bool close = false, keep = false, expects = false, unknown = false;
    for (;;) {
      line = Line();
      if (!line.has_value()) return Unfinished();
      if (line == "\r\n") break;
      if (!FieldLine(*line, name, value)) return Fail();
      if (name == "host") {
        if (!hosts.empty()) return Fail();
        hosts.push_back(value);
      } else if (name == "transfer-encoding") {
        coding += "|" + Lower(value);
      } else if (name == "connection") {
        close = close || Lower(value) == "close";
        keep = keep || Lower(value) == "keep-alive";
      } else if (name == "expect") {
        expects = !http10;
        unknown = unknown || (Lower(value) != "100-continue" && !http10);
        fields.append("expect=").append(value).append("\n");
      } else if (name != "upgrade") {
        std::smatch digits;
        if (name == "content-length") {
          if (!lengths.empty() || !Matches(value, "[0-9]{1,18}", digits)) return Fail();
          lengths.push_back(value);
        }
        fields.append(name).append("=").append(value).append("\n");
      }
    }
    if (hosts.empty() && !http10) return Fail();
    if (!hosts.empty() && !hosts[0].empty()) {
      std::smatch host;
      if (!Matches(hosts[0], "[-A-Za-z0-9.]+(:[0-9]{1,4})?", host)) return Fail();
      if (authority.empty()) authority = hosts[0];
    }
    if (unknown) return Fail();
    if (!coding.empty() && (coding != "|chunked" || http10 || !lengths.empty())) return Fail();
    const std::size_t length = lengths.empty() ? 0 : std::stoul(lengths[0]);
    const bool body = !coding.empty() || length > 0;
    out_ += method + " " + path + " @" + authority + (http10 ? " 1.0" : " 1.1");
    out_ += close || (http10 && !keep) ? " close" : "";
    out_ += expects && body ? " continue" : "";
    out_ += (body ? " body\n" : "\n") + fields;
    if (!coding.empty()) return ChunkedBody();
    if (in_.size() - at_ < length) return Unfinished();
    out_ += "[" + in_.substr(at_, length) + "]\n";
    at_ += length;
    return true;
  }

  bool ChunkedBody() {
    std::string body, trailers, name, value;
    std::smatch m;
    for (;;) {
      std::optional<std::string> line = Line();
      if (!line.has_value()) return Unfinished();
      if (!Matches(*line, "([0-9A-Fa-f]{1,15})([ \t]*;[^\x01-\x08\n-\x1f\x7f]*)?\r\n", m))
        return Fail();
      const std::size_t size = std::stoul(m[1], nullptr, 16);
      if (size == 0) break;
      if (in_.size() - at_ < size) return Unfinished();
      body += in_.substr(at_, size);
      at_ += size;
      const std::string end = in_.substr(at_, 2);
      if (end != std::string("\r\n").substr(0, end.size())) return Fail();
      if (end.size() < 2) return Unfinished();
      at_ += 2;
    }
    for (;;) {
      const std::optional<std::string> line = Line();
      if (!line.has_value()) return Unfinished();
      if (line == "\r\n") break;
      if (!FieldLine(*line, name, value)) return Fail();
      if (name[0] != 'x') continue;  // the others here are forbidden
      trailers.append("~").append(name).append("=").append(value).append("\n");
    }
    out_ += "[" + body + "]\n" + trailers;
    return true;
  }

  const std::string in_;
  std::size_t at_ = 0;
  std::string out_;
};

class RequestMaker {
 public:
  explicit RequestMaker(std::uint64_t seed) : random_(seed) {}

  std::size_t Below(std::size_t n) { return random_() % n; }
  bool Rarely() { return Below(60) == 0; }
  std::string Pick(std::initializer_list<std::string_view> usual,
                   std::initializer_list<std::string_view> rare) {
    const auto& from = Rarely() ? rare : usual;
    return std::string(*(from.begin() + Below(from.size())));
  }
  std::string End() { return Pick({"\r\n"}, {"\n", "\r", "\r\r\n", "\r\n ", "", " \r\n"}); }
  std::string Field() {
    return Pick(
        {"X-One: 1", "X-Two:two", "x-three: \t3 \t", "X-Empty:", "Accept: */*", "Upgrade: h2c",
         "Connection: keep-alive", "Connection: Close", "Expect: 100-Continue", "X-U: \xc3\xa4"},
        {"X : y", ": y", "X", " X: y", "X: \x01", "X\x80: y", "Host: b", "Host: c/d",
         "Content-Length: 1", "Content-Length: +1", "Transfer-Encoding: chunked",
         "Transfer-Encoding: gzip", "Expect: x", "X: a\rb"});
  }

  std::string Request() {
    std::string out = Pick({"", "", "\r\n"}, {"\r\n\r\n", "\n", " "});
    out += Pick({"GET", "POST", "OPTIONS", "x-Any"}, {"", "G(T", "CONNECT", "G T"});
    out += Pick({" "}, {"  ", "\t", ""});
    out += Pick({"/", "/a/b?c=d", "/%41", "http://b:8/p", "HTTPS://b", "http://b?q", "/[\"<"},
                {"*", "a", "b:80", "/a#b", "/\x7f", "", "ftp://b/", "http:///x"});
    out += Pick({" "}, {"  ", "\t", ""});
    out += Pick({"HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2"},
                {"HTTP/2.0", "http/1.1", "HTTP/1.1 ", "HTTP/1", ""});
    out += End();
    out +=
        Pick({"Host: a", "host:a:80", "HOST: a.b"}, {"X: no-host", "Host:", "Host: a b"}) + End();
    for (std::size_t i = Below(4); i > 0; --i) out += Field() + End();
    std::string body;
    const std::size_t kind = Below(3);
    if (kind == 1) {
      body = std::string(Below(30), 'b');
      const std::size_t off = Rarely() ? 1 : 0;
      out += "Content-Length: " + std::to_string(body.size() + off) + End();
    } else if (kind == 2) {
      out += "Transfer-Encoding: chunked" + End();
      for (std::size_t i = Below(4); i > 0; --i) body += Chunk(1 + Below(40));
      body += Pick({"0", "000", "0;x"}, {"", "0x0", "-0", "0 "}) + End();
      for (std::size_t i = Below(3); i > 0; --i) {
        body +=
            Pick({"X-Sum: 1", "Content-Length: 7", "Host: t"}, {"X", "X : y", "X: \x02"}) + End();
      }
      body += End();
    }
    return out + End() + body;
  }
  std::string Chunk(std::size_t size) {
    static constexpr char kDigits[] = "0123456789abcdef";
    const std::size_t said = Rarely() ? size + 1 : size;
    std::string out = Pick({"", "0", "00"}, {" ", "+", "0x"});
    if (said >= 16) out += kDigits[said / 16];
    out += kDigits[said % 16];
    out += Pick({"", "", ";a=b", " ;a"}, {" ", ";a\x01", ",a"}) + End();
    return out + std::string(size, 'c') + End();
  }

 private:
  std::mt19937_64 random_;
};

std::string WithoutReasons(const std::string& transcript) {
  const std::size_t error = transcript.rfind('!');
  // A '!' elsewhere is not at the start of the last line.
  if (error == std::string::npos || (error > 0 && transcript[error - 1] != '\n')) return transcript;
  return transcript.substr(0, error) + "!\n";
}

TEST(RandomRequestsTest, ParserAgreesWithTheModel) {
  const char* given = std::getenv("WEFT_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("WEFT_TEST_SEED=" + std::to_string(seed));
  RequestMaker maker(seed);
  int refused = 0;
  constexpr int kRounds = 600;
  for (int round = 0; round < kRounds; ++round) {
    std::string input;
    for (std::size_t i = 1 + maker.Below(3); i > 0; --i) input += maker.Request();
    if (maker.Below(10) == 0) input.resize(maker.Below(input.size() + 1));
    std::string expected = Model(input).Read();
    std::vector<std::size_t> cuts;
    for (std::size_t i = maker.Below(6); i > 0; --i) cuts.push_back(maker.Below(input.size() + 1));
    std::sort(cuts.begin(), cuts.end());
    const std::string got = WithoutReasons(Transcript(input, cuts));
    ASSERT_EQ(got, expected) << "round " << round << ", input:\n" << testing::PrintToString(input);
    refused += got.ends_with("!\n") ? 1 : 0;
  }
  EXPECT_GT(refused, kRounds / 20);
  EXPECT_LT(refused, kRounds * 9 / 10);
}

}  // namespace
}  // namespace weft::http1
