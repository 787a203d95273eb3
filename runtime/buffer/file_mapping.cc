#include "buffer/file_mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "buffer/limits.h"

namespace weft::internal {
namespace {

absl::Status FileError(const std::string& path, const char* what, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("can't ", what, " file ", path));
}

// The open file and its whole mapping. Its regions hold it.
class WholeFile final : public BufferOwner {
 public:
  WholeFile(std::string path, int fd, std::uint64_t size)
      : BufferOwner(Kind::kExternal), path_(std::move(path)), fd_(fd), size_(size) {
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

  bool Reaches(std::uint64_t end) const {
    struct stat info;
    return ::fstat(fd_, &info) == 0 && static_cast<std::uint64_t>(info.st_size) >= end;
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

// What the slices of one region hold.
class MappedRegion final : public BufferOwner {
 public:
  MappedRegion(OwnerRef file, std::string_view bytes)
      : BufferOwner(Kind::kMapped), file_(std::move(file)), bytes_(bytes) {}

  const WholeFile& file() const { return FileOf(file_); }
  std::uint64_t OffsetOf(const char* at) const {
    return static_cast<std::uint64_t>(at - file().base());
  }

 private:
  ~MappedRegion() override {
    if (bytes_.size() < kMappedKeepLimit) return;
    // Whole pages around it. Those that a neighbour still needs come back by themselves.
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t before = reinterpret_cast<std::uintptr_t>(bytes_.data()) % page;
    // Advice only.
    (void)::madvise(const_cast<char*>(bytes_.data() - before), before + bytes_.size(),
                    MADV_DONTNEED);
  }
  void Release() noexcept override { delete this; }

  const OwnerRef file_;
  const std::string_view bytes_;
};

const MappedRegion& RegionOf(const Slice& slice) {
  return static_cast<const MappedRegion&>(*slice.owner());
}

}  // namespace

absl::StatusOr<FileMapping> FileMapping::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return FileError(path, "open", errno);
  return OfDescriptor(fd, path);
}

absl::StatusOr<FileMapping> FileMapping::OfDescriptor(int fd, std::string name) {
  struct stat info;
  if (::fstat(fd, &info) != 0) {
    const int error = errno;
    ::close(fd);
    return FileError(name, "look at", error);
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(fd);
    return absl::FailedPreconditionError(
        absl::StrCat("can't map ", name, ": it is not a regular file"));
  }
  return FileMapping(OwnerRef::Adopt(
      new WholeFile(std::move(name), fd, static_cast<std::uint64_t>(info.st_size))));
}

std::uint64_t FileMapping::size() const { return FileOf(owner_).size(); }

bool FileMapping::mapped() const { return size() == 0 || FileOf(owner_).base() != nullptr; }

Slice FileMapping::Region(std::uint64_t offset, std::size_t size) const {
  const WholeFile& file = FileOf(owner_);
  Check(offset <= file.size() && size <= file.size() - offset,
        "FileMapping::Region: beyond the end of the file");
  if (size == 0) return Slice();
  Check(file.base() != nullptr, "FileMapping::Region: the file could not be mapped, use ReadAt");
  const std::string_view bytes(file.base() + offset, size);
  return Slice(OwnerRef::Adopt(new MappedRegion(owner_, bytes)), bytes);
}

absl::Status FileMapping::ReadAt(std::uint64_t offset, std::span<char> to) const {
  return FileOf(owner_).ReadAt(offset, to);
}

absl::Status ReadMapped(const Slice& slice, std::size_t offset, std::span<char> to) {
  Check(slice.mapped() && offset <= slice.size() && to.size() <= slice.size() - offset,
        "ReadMapped: not a mapped slice, or beyond its end");
  const MappedRegion& region = RegionOf(slice);
  return region.file().ReadAt(region.OffsetOf(slice.data()) + offset, to);
}

bool IsIntact(const Slice& slice) {
  const MappedRegion& region = RegionOf(slice);
  return region.file().Reaches(region.OffsetOf(slice.data()) + slice.size());
}

bool IsReadable(const Slice& slice) {
  const int fd = ::memfd_create("weft", MFD_CLOEXEC);
  if (fd < 0) return true;
  std::string_view left = slice.view();
  bool refused = false;
  while (!left.empty()) {
    const ssize_t n = ::pwrite(fd, left.data(), left.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    refused = n < 0 && errno == EFAULT;
    if (n <= 0) break;
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  ::close(fd);
  return !refused;
}

}  // namespace weft::internal
