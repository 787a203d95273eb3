#include "buffer/file_mapping.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "buffer/buf_list.h"
#include "tests/unit/buffer/buffer_texts.h"

namespace weft::internal {
namespace {

using testing::Bytes;

class FileMappingTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    return path_;
  }
  void TearDown() override { ::unlink(path_.c_str()); }

  const std::string path_ = ::testing::TempDir() + "/weft_mapped_" + std::to_string(::getpid()) +
                            "_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(FileMappingTest, RegionsAtAnyOffsetHaveTheFilesBytes) {
  const std::string bytes = Bytes(10'000);
  const FileMapping file = FileMapping::Open(Write(bytes)).value();
  EXPECT_EQ(file.size(), bytes.size());
  ASSERT_TRUE(file.mapped());
  for (const std::size_t offset : std::vector<std::size_t>{0, 1, 4095, 4096, 4097, 9999}) {
    const Slice region = file.Region(offset, bytes.size() - offset);
    EXPECT_TRUE(region.mapped());
    EXPECT_EQ(region.view(), bytes.substr(offset));
  }
}

TEST_F(FileMappingTest, RegionOutlivesTheFileObjectAndTheName) {
  const std::string bytes = Bytes(5000);
  Slice region = FileMapping::Open(Write(bytes)).value().Region(100, 4000);
  ::unlink(path_.c_str());
  EXPECT_EQ(region.view(), bytes.substr(100, 4000));
}

TEST_F(FileMappingTest, EmptyFileHasAnEmptyRegion) {
  const FileMapping file = FileMapping::Open(Write("")).value();
  EXPECT_EQ(file.size(), 0u);
  EXPECT_TRUE(file.mapped());
  EXPECT_TRUE(file.Region(0, 0).empty());
  EXPECT_TRUE(file.ReadAt(0, {}).ok());
}

TEST_F(FileMappingTest, MissingFileIsNotFoundAndNamed) {
  const absl::Status status = FileMapping::Open("/no/such/file").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find("can't open file /no/such/file"), std::string::npos) << status;
  EXPECT_NE(status.message().find("No such file"), std::string::npos) << status;
}

TEST_F(FileMappingTest, OnlyRegularFilesAreTaken) {
  EXPECT_EQ(FileMapping::Open("/").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(FileMapping::Open("/dev/null").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(FileMappingTest, ReadAtGetsExactlyWhatWasAsked) {
  const std::string bytes = Bytes(5000);
  const FileMapping file = FileMapping::Open(Write(bytes)).value();
  std::string part(1000, '\0');
  ASSERT_TRUE(file.ReadAt(3000, part).ok());
  EXPECT_EQ(part, bytes.substr(3000, 1000));
  const absl::Status beyond = file.ReadAt(4500, part);
  EXPECT_EQ(beyond.code(), absl::StatusCode::kOutOfRange);
  EXPECT_NE(beyond.message().find(path_), std::string::npos);
}

TEST_F(FileMappingTest, ListIsPeekedThroughTheFile) {
  const std::string bytes = Bytes(5000);
  const FileMapping file = FileMapping::Open(Write(bytes)).value();
  BufList list;
  list.AppendRef(Slice::Static("head"));
  list.AppendRef(file.Region(10, 4990));
  list.Consume(8);
  std::string front(100, '\0');
  ASSERT_TRUE(list.PeekFront(100, front.data()));
  EXPECT_EQ(front, bytes.substr(14, 100));
}

TEST_F(FileMappingTest, ShrunkFileIsZerosForUserSpaceAndEfaultForTheKernel) {
  const std::string bytes = Bytes(20'000);
  const FileMapping file = FileMapping::Open(Write(bytes)).value();
  BufList list;
  list.AppendRef(file.Region(8192, 8192));
  ASSERT_EQ(::truncate(path_.c_str(), 4096), 0);

  std::string front(100, 'x');
  EXPECT_FALSE(list.PeekFront(100, front.data()));
  EXPECT_EQ(front, std::string(100, '\0'));

  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_NONBLOCK), 0);
  std::vector<iovec> iov(1);
  list.FillIov(iov);
  EXPECT_EQ(::writev(pipe[1], iov.data(), 1), -1);
  EXPECT_EQ(errno, EFAULT);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(FileMappingTest, IntactUntilTheFileEndsBeforeTheSlice) {
  const FileMapping file = FileMapping::Open(Write(Bytes(20'000))).value();
  const Slice region = file.Region(100, 9'900);
  EXPECT_TRUE(IsIntact(region));
  ASSERT_EQ(::truncate(path_.c_str(), 10'000), 0);
  EXPECT_TRUE(IsIntact(region));
  ASSERT_EQ(::truncate(path_.c_str(), 9'999), 0);
  EXPECT_FALSE(IsIntact(region));
  EXPECT_TRUE(IsIntact(region.Sub(0, 9'899)));
}

TEST_F(FileMappingTest, ReadableWhileTheKernelCanCopyAllOfIt) {
  const FileMapping file = FileMapping::Open(Write(Bytes(20'000))).value();
  const Slice region = file.Region(100, 19'900);
  EXPECT_TRUE(IsReadable(region));
  ASSERT_EQ(::truncate(path_.c_str(), 4096), 0);
  EXPECT_FALSE(IsReadable(region));
  EXPECT_TRUE(IsReadable(region.Sub(0, 3'000)));
}

TEST_F(FileMappingTest, RegionBeyondTheEndIsRefused) {
  const FileMapping file = FileMapping::Open(Write("abc")).value();
  EXPECT_DEATH(file.Region(1, 3), "beyond the end");
  EXPECT_DEATH(file.Region(4, 0), "beyond the end");
}

}  // namespace
}  // namespace weft::internal
