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
class FileMapping {
 public:
  // `path` as in open(2). An empty file is fine. Where the file system can't map, mapped() is
  // false.
  static absl::StatusOr<FileMapping> Open(const std::string& path);
  // The same of an open descriptor, which it takes over; `name` is for texts.
  static absl::StatusOr<FileMapping> OfDescriptor(int fd, std::string name);

  // As it was when the file was opened.
  std::uint64_t size() const;
  // False: Region is not to be used, but ReadAt.
  bool mapped() const;
  // `size` bytes from `offset` on, which need not be aligned; they must lie inside size(). When the
  // last slice of a large region goes, the process lets go of its pages (the page cache keeps
  // them), so that a long file can be sent in constant memory.
  Slice Region(std::uint64_t offset, std::size_t size) const;
  // Reads to.size() bytes from `offset` on without use of the mapping. OUT_OF_RANGE when the file
  // ends before.
  absl::Status ReadAt(std::uint64_t offset, std::span<char> to) const;

 private:
  explicit FileMapping(OwnerRef owner) : owner_(std::move(owner)) {}
  OwnerRef owner_;  // a WholeFile, of file_mapping.cc
};

// Reads to.size() bytes from `offset` of a mapped slice by way of its file.
absl::Status ReadMapped(const Slice& slice, std::size_t offset, std::span<char> to);

// Whether the file still has all bytes of a mapped slice. One system call.
bool IsIntact(const Slice& slice);

// Whether the kernel can read all bytes of a mapped slice, whatever their file says: has it copy
// them, so only for when it has refused to once. True when there is nowhere to copy them to.
bool IsReadable(const Slice& slice);

}  // namespace weft::internal
