#include "weft/mapped_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "stream_test.pb.h"
#include "tests/unit/buffer/buffer_texts.h"

namespace weft {
namespace {

class MappedFileTest : public ::testing::Test {
 protected:
  MappedFile Make(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    return MappedFile::Open(path_).value();
  }
  void TearDown() override { ::unlink(path_.c_str()); }

  const std::string path_ = ::testing::TempDir() + "/weft_public_mapped_" +
                            std::to_string(::getpid()) + "_" +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(MappedFileTest, RegionsAreTheFilesBytesAndOutliveIt) {
  const std::string bytes = testing::Bytes(300'000);
  Bytes tail;
  {
    const MappedFile file = Make(bytes);
    EXPECT_EQ(file.size(), bytes.size());
    EXPECT_EQ(file.Region(4095, 10)->ToString(), bytes.substr(4095, 10));
    tail = *file.Region(100'000, 200'000);
    // Its pages went when it did, but come back.
    EXPECT_EQ(file.Region(0, 200'000)->ToString(), bytes.substr(0, 200'000));
    EXPECT_EQ(*file.Region(0, 200'000)->begin(), bytes.substr(0, 200'000));
  }
  EXPECT_EQ(tail.ToString(), bytes.substr(100'000));
}

TEST_F(MappedFileTest, RegionBeyondTheEndIsOutOfRange) {
  const MappedFile file = Make("abc");
  EXPECT_EQ(file.Region(1, 3).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(file.Region(4, 0).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(file.Region(1, static_cast<std::size_t>(-1)).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(file.Region(static_cast<std::uint64_t>(-1), 2).status().message(),
            "2 bytes from offset 18446744073709551615 on are not inside a file of 3 bytes");
  EXPECT_TRUE(file.Region(3, 0)->empty());
}

TEST_F(MappedFileTest, WhatCannotBeOpenedOrMappedIsSaid) {
  EXPECT_EQ(MappedFile::Open("/no/such/file").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(MappedFile::Open("/").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(MappedFile::OfDescriptor(-1, "none").status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(MappedFileTest, DescriptorIsTakenOver) {
  Make("abc");
  const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(descriptor, 0);
  EXPECT_EQ(MappedFile::OfDescriptor(descriptor, "it")->Region(1, 2)->ToString(), "bc");
  EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);
}

TEST_F(MappedFileTest, ShrunkFileIsAnErrorForThoseWhoCopyOrParse) {
  const Bytes region = *Make(testing::Bytes(20'000)).Region(8192, 8192);
  ASSERT_EQ(::truncate(path_.c_str(), 4096), 0);
  std::string copy(8192, 'x');
  EXPECT_EQ(region.CopyTo(0, copy).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(copy, std::string(8192, '\0'));
  EXPECT_EQ(region.ToString(), copy);
  buffer_test::Holder message;
  EXPECT_FALSE(region.Parse(message).ok());
}

}  // namespace
}  // namespace weft
