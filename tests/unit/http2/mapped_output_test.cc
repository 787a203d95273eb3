#include "http2/mapped_output.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "buffer/file_mapping.h"

namespace weft::http2 {
namespace {

using internal::FileMapping;
using internal::Slice;
using Told = std::vector<std::pair<std::int32_t, bool>>;

class MappedOutputTest : public ::testing::Test {
 protected:
  MappedOutputTest() {
    std::ofstream(path_, std::ios::binary) << std::string(11'000, 'f');
    file_ = FileMapping::Open(path_).value();
    region_ = file_->Region(0, 10'000);
  }
  ~MappedOutputTest() override { ::unlink(path_.c_str()); }

  Told Written(std::uint64_t position) {
    Told told;
    output_.Written(
        position, [&told](std::int32_t stream, bool intact) { told.emplace_back(stream, intact); });
    return told;
  }

  const std::string path_ =
      ::testing::TempDir() + "/weft_mapped_output_" + std::to_string(::getpid());
  std::optional<FileMapping> file_;
  Slice region_;
  MappedOutput output_;
};

TEST_F(MappedOutputTest, PositionLeadsToTheStream) {
  output_.Add(1009, 5, region_.Sub(0, 1000));
  output_.Add(2018, 7, region_.Sub(0, 1000));
  EXPECT_EQ(output_.StreamAt(8), 0);
  EXPECT_EQ(output_.StreamAt(9), 5);
  EXPECT_EQ(output_.StreamAt(1008), 5);
  EXPECT_EQ(output_.StreamAt(1009), 0);
  EXPECT_EQ(output_.StreamAt(1018), 7);
  EXPECT_EQ(output_.StreamAt(2018), 0);
}

// They may be of different files, which happen to be mapped side by side.
TEST_F(MappedOutputTest, NeighboursOfDifferentRegionsAreToldEachByItself) {
  const Slice next = file_->Region(10'000, 1000);
  output_.Add(10'009, 5, region_);
  output_.Add(11'018, 5, next);
  EXPECT_EQ(Written(11'018), (Told{{5, true}, {5, true}}));
}

TEST_F(MappedOutputTest, FramesOfOneRegionAreToldOnceWhenTheLastIsWritten) {
  output_.Add(1009, 5, region_.Sub(0, 1000));
  output_.Add(2018, 5, region_.Sub(1000, 1000));
  output_.Add(3027, 7, region_.Sub(2000, 1000));
  EXPECT_EQ(Written(2017), Told());
  EXPECT_EQ(Written(2018), (Told{{5, true}}));
  EXPECT_FALSE(output_.empty());
  EXPECT_EQ(Written(9999), (Told{{7, true}}));
  EXPECT_TRUE(output_.empty());
}

TEST_F(MappedOutputTest, ShorterFileIsToldOfThePartsThatItHasLost) {
  output_.Add(1000, 1, region_.Sub(0, 1000));
  output_.Add(2000, 3, region_.Sub(9'000, 1000));
  ASSERT_EQ(::truncate(path_.c_str(), 9'999), 0);
  EXPECT_EQ(Written(2000), (Told{{1, true}, {3, false}}));
}

}  // namespace
}  // namespace weft::http2
