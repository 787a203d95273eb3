#include "buffer/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/check.h"

namespace weft::internal {
namespace {

absl::Status FileError(const std::string& path, const char* what, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("can't ", what, " file ", path));
}

// The open file and its whole mapping: one owner for all regions, aligned by nature.
class WholeFile final : public BufferOwner {
 public:
  WholeFile(std::string path, int fd, std::uint64_t size)
      : BufferOwner(Kind::kMapped), path_(std::move(path)), fd_(fd), size_(size) {
    if (size_ == 0) return;
    void* const at = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd_, 0);
    if (at != MAP_FAILED) base_ = static_cast<const char*>(at);
  }

  const char* base() const { return base_; }
  std::uint64_t size() const { return size_; }

  absl::Status ReadAt(std::uint64_t offset, std::span<char> to) const {
    while (!to.empty()) {
      const ssize_t n = ::pread(fd_, to.data(), to.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FileError(path_, "read", errno);
      if (n == 0) {
        return absl::OutOfRangeError(absl::StrCat("file ", path_, " ends at or before offset ",
                                                  offset, "; it had ", size_,
                                                  " bytes when it was opened"));
      }
      offset += static_cast<std::uint64_t>(n);
      to = to.subspan(static_cast<std::size_t>(n));
    }
    return absl::OkStatus();
  }

 private:
  ~WholeFile() override {
    if (base_ != nullptr) ::munmap(const_cast<char*>(base_), size_);
    ::close(fd_);
  }
  void Release() noexcept override { delete this; }

  const std::string path_;
  const int fd_;
  const std::uint64_t size_;
  const char* base_ = nullptr;
};

const WholeFile& FileOf(const OwnerRef& owner) {
  return static_cast<const WholeFile&>(*owner.get());
}

}  // namespace

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return FileError(path, "open", errno);
  struct stat info;
  if (::fstat(fd, &info) != 0) {
    const int error = errno;
    ::close(fd);
    return FileError(path, "look at", error);
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(fd);
    return absl::FailedPreconditionError(
        absl::StrCat("can't map ", path, ": it is not a regular file"));
  }
  return MappedFile(
      OwnerRef::Adopt(new WholeFile(path, fd, static_cast<std::uint64_t>(info.st_size))));
}

std::uint64_t MappedFile::size() const { return FileOf(owner_).size(); }

bool MappedFile::mapped() const { return size() == 0 || FileOf(owner_).base() != nullptr; }

Slice MappedFile::Region(std::uint64_t offset, std::size_t size) const {
  const WholeFile& file = FileOf(owner_);
  Check(offset <= file.size() && size <= file.size() - offset,
        "MappedFile::Region: beyond the end of the file");
  if (size == 0) return Slice();
  Check(file.base() != nullptr, "MappedFile::Region: the file could not be mapped, use ReadAt");
  return Slice(owner_, std::string_view(file.base() + offset, size));
}

absl::Status MappedFile::ReadAt(std::uint64_t offset, std::span<char> to) const {
  return FileOf(owner_).ReadAt(offset, to);
}

absl::Status ReadMapped(const Slice& slice, std::size_t offset, std::span<char> to) {
  Check(slice.mapped() && offset <= slice.size() && to.size() <= slice.size() - offset,
        "ReadMapped: not a mapped slice, or beyond its end");
  const auto& file = static_cast<const WholeFile&>(*slice.owner());
  return file.ReadAt(static_cast<std::uint64_t>(slice.data() - file.base()) + offset, to);
}

}  // namespace weft::internal
