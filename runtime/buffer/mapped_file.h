#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "buffer/slice.h"

namespace weft::internal {

// A regular file, open and mapped for reading, whose regions can be put into a BufList: the kernel
// copies them to the socket, user space never touches them. (When the file shrinks, the kernel's
// write fails with EFAULT where a read of our own would raise SIGBUS; design §10.) A small handle:
// the file stays open and mapped as long as the handle or a region of it lives, the regions on any
// thread. Const methods may overlap.
class MappedFile {
 public:
  // `path` as in open(2). An empty file is fine. Where the file system can't map, mapped() is
  // false.
  static absl::StatusOr<MappedFile> Open(const std::string& path);

  // As it was when the file was opened.
  std::uint64_t size() const;
  // False: Region is not to be used, but ReadAt.
  bool mapped() const;
  // `size` bytes from `offset` on, which need not be aligned; they must lie inside size(). No
  // system call.
  Slice Region(std::uint64_t offset, std::size_t size) const;
  // Reads to.size() bytes from `offset` on without use of the mapping. OUT_OF_RANGE when the file
  // ends before.
  absl::Status ReadAt(std::uint64_t offset, std::span<char> to) const;

 private:
  explicit MappedFile(OwnerRef owner) : owner_(std::move(owner)) {}
  OwnerRef owner_;  // a WholeFile, of mapped_file.cc
};

// Reads to.size() bytes from `offset` of a mapped slice by way of its file.
absl::Status ReadMapped(const Slice& slice, std::size_t offset, std::span<char> to);

}  // namespace weft::internal
