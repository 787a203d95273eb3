// Layer: buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "weft/bytes.h"

namespace weft {

namespace internal {
class FileMapping;
}

// A regular file whose regions are sent without being read: the kernel copies them from its page
// cache to the socket. When the file becomes shorter while it is sent, the call that sends it ends
// with INTERNAL for its receiver; bytes that are overwritten meanwhile arrive as they are then.
//
// The texts of its errors name the path: they are for logs, not for those who call from outside.
//
// A cheap value; safe to use from any thread. The file stays open as long as it or a region of it
// lives.
class MappedFile final {
 public:
  // NOT_FOUND and the like when it can't be opened, FAILED_PRECONDITION when it is no regular file.
  static absl::StatusOr<MappedFile> Open(const std::string& path);
  // Of an open descriptor, which it takes over, also when it fails. `name` is for messages.
  static absl::StatusOr<MappedFile> OfDescriptor(int descriptor, std::string name);

  // In bytes, as it was when the file was opened.
  std::uint64_t size() const;
  // `count` bytes from `offset` on. OUT_OF_RANGE when they don't lie inside. Where the file system
  // can't map files they are read into memory, so ask for pieces of a megabyte or so, each
  // when the one before was sent.
  absl::StatusOr<Bytes> Region(std::uint64_t offset, std::size_t count) const;

 private:
  explicit MappedFile(std::shared_ptr<const internal::FileMapping> file) : file_(std::move(file)) {}
  std::shared_ptr<const internal::FileMapping> file_;
};

}  // namespace weft
