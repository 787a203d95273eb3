#include "tests/fuzz/http1_check.h"

#include <algorithm>
#include <cstddef>

#include "tests/unit/http1/codec_harness.h"
#include "tests/unit/http1/transcript.h"

namespace weft::http1 {
namespace {

struct Served {
  std::string out;
  std::string problem;
};

Served Serve(std::string_view input, std::size_t piece) {
  CodecHarness harness;
  harness.on_request = Echo;
  Served served;
  while (!input.empty()) {
    const std::size_t n = std::min(piece, input.size());
    harness.Recv(input.substr(0, n));
    input.remove_prefix(n);
    served.out += harness.Pull(piece);
  }
  if (!harness.codec->RecvEof().ok()) served.problem = "RecvEof failed";
  served.out += harness.Pull(piece);
  if (!harness.codec->finished()) served.problem = "not finished after the end of the input";
  if (harness.codec->open_streams() != 0) served.problem = "a stream is left over";
  for (const auto& stream : harness.served) {
    if (!stream->closed) served.problem = "a stream was not told its end";
  }
  return served;
}

}  // namespace

std::string CheckHttp1Input(std::string_view input) {
  if (Whole(input) != ByteByByte(input)) return "the parser's events depend on the cuts";
  // A client that has begun its body gets no 100, so there the answers do depend on the cuts.
  const Served whole = Serve(input, input.size() + 1);
  const Served pieces = Serve(input, 1);
  if (!whole.problem.empty()) return "whole: " + whole.problem;
  if (!pieces.problem.empty()) return "byte by byte: " + pieces.problem;
  if (pieces.out.find("100 Continue") == std::string::npos && whole.out != pieces.out) {
    return "the answers depend on the cuts:\n" + whole.out + "\n----\n" + pieces.out;
  }
  return {};
}

}  // namespace weft::http1
