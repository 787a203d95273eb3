#include "weft/mapped_file.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "buffer/bytes_parts.h"
#include "buffer/file_mapping.h"

namespace weft {

using internal::FileMapping;

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  absl::StatusOr<FileMapping> file = FileMapping::Open(path);
  if (!file.ok()) return file.status();
  return MappedFile(std::make_shared<const FileMapping>(*std::move(file)));
}

absl::StatusOr<MappedFile> MappedFile::OfDescriptor(int descriptor, std::string name) {
  absl::StatusOr<FileMapping> file = FileMapping::OfDescriptor(descriptor, std::move(name));
  if (!file.ok()) return file.status();
  return MappedFile(std::make_shared<const FileMapping>(*std::move(file)));
}

std::uint64_t MappedFile::size() const { return file_->size(); }

absl::StatusOr<Bytes> MappedFile::Region(std::uint64_t offset, std::size_t count) const {
  if (offset > size() || count > size() - offset) {
    return absl::OutOfRangeError(absl::StrCat(count, " bytes from offset ", offset,
                                              " on are not inside a file of ", size(), " bytes"));
  }
  if (file_->mapped()) return internal::BytesParts::Of(file_->Region(offset, count));
  std::string read(count, '\0');
  if (absl::Status status = file_->ReadAt(offset, read); !status.ok()) return status;
  return Bytes(std::move(read));
}

}  // namespace weft
