// Replays the fuzzer's corpus.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/fuzz/http1_check.h"

namespace weft::http1 {
namespace {

TEST(Http1CorpusTest, EveryInputHoldsWhateverItsCuts) {
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WEFT_HTTP1_CORPUS)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string input((std::istreambuf_iterator<char>(file)),
                            std::istreambuf_iterator<char>());
    EXPECT_EQ(CheckHttp1Input(input), "") << entry.path();
    ++inputs;
  }
  EXPECT_GE(inputs, 20) << WEFT_HTTP1_CORPUS;
}

}  // namespace
}  // namespace weft::http1
