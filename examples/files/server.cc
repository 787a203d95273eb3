// Serves the files of a directory. What it reads of them goes from the kernel's page cache to the
// socket: this program never touches it.
//   files_server DIRECTORY [ADDRESS]
#include "weft/server.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "files.weft.h"
#include "weft/bytes.h"
#include "weft/mapped_file.h"

using files::v1::FileChunk;
using files::v1::FileInfo;
using files::v1::Files;
using files::v1::ListReply;
using files::v1::ListRequest;
using files::v1::ReadRequest;
using files::v1::StatRequest;

namespace {

namespace fs = std::filesystem;

// A file that is sent in pieces of this size needs no more of this program's memory than one of
// them.
constexpr std::uint64_t kPiece = 1 << 20;

class FileServer final : public Files::Service {
 public:
  explicit FileServer(const fs::path& root) : root_(fs::canonical(root)) {}

 private:
  weft::Task<absl::Status> List(weft::ServerContext&, const ListRequest& request,
                                ListReply& reply) override {
    const absl::StatusOr<fs::path> directory = Find(request.directory());
    if (!directory.ok()) co_return directory.status();
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(*directory, error)) {
      // Links that lead out are not there.
      const std::string path = entry.path().lexically_relative(root_).string();
      if (Find(path).ok()) Describe(entry.path(), *reply.add_files());
    }
    co_return error ? absl::InvalidArgumentError(absl::StrCat("can't list \"", request.directory(),
                                                              "\": ", error.message()))
                    : absl::OkStatus();
  }

  weft::Task<absl::Status> Stat(weft::ServerContext&, const StatRequest& request,
                                FileInfo& reply) override {
    const absl::StatusOr<fs::path> path = Find(request.path());
    if (!path.ok()) co_return path.status();
    Describe(*path, reply);
    co_return absl::OkStatus();
  }

  // [read]
  weft::Task<absl::Status> Read(weft::ServerContext&, const ReadRequest& request,
                                weft::ServerWriter<FileChunk>& writer) override {
    const absl::StatusOr<fs::path> path = Find(request.path());
    if (!path.ok()) co_return path.status();
    const absl::StatusOr<weft::MappedFile> file = weft::MappedFile::Open(*path);
    if (!file.ok()) co_return CannotRead(request, file.status());
    std::uint64_t at = request.offset();
    if (at > file->size()) co_return absl::OutOfRangeError("the file ends before the offset");
    std::uint64_t left = file->size() - at;
    if (request.length() != 0) left = std::min(left, request.length());
    while (left > 0) {
      const std::uint64_t size = std::min(left, kPiece);
      absl::StatusOr<weft::Bytes> region = file->Region(at, size);
      if (!region.ok()) co_return CannotRead(request, region.status());
      // A FileChunk as it is serialized: the field's tag and length, then the region itself.
      weft::Bytes chunk = weft::Bytes::Field(FileChunk::kContentFieldNumber, *std::move(region));
      absl::Status written = co_await writer.WriteSerialized(chunk);
      if (!written.ok()) co_return written;  // the client is gone
      at += size;
      left -= size;
    }
    co_return absl::OkStatus();
  }
  // [/read]

  // What a client may know of it, which is not where the files lie here.
  static absl::Status CannotRead(const ReadRequest& request, const absl::Status& why) {
    std::cerr << why << "\n";
    return absl::Status(why.code(), absl::StrCat("can't read \"", request.path(), "\""));
  }

  // The file or directory that a client means. Each step of the way, with links followed, must be
  // inside: otherwise the answers would tell what is outside.
  absl::StatusOr<fs::path> Find(const std::string& relative) const {
    if (relative.find('\0') != std::string::npos || fs::path(relative).is_absolute()) {
      return absl::InvalidArgumentError("paths are relative to the directory that is served");
    }
    fs::path path = root_;
    for (const fs::path& step : fs::path(relative)) {
      std::error_code error;
      path = fs::canonical(path / step, error);
      // One answer for both: whether something is there outside is nobody's business.
      if (error || !Inside(path)) {
        return absl::NotFoundError(absl::StrCat("no file \"", relative, "\""));
      }
    }
    return path;
  }

  bool Inside(const fs::path& path) const {
    return std::mismatch(root_.begin(), root_.end(), path.begin(), path.end()).first == root_.end();
  }

  void Describe(const fs::path& path, FileInfo& info) const {
    std::error_code error;
    info.set_path(path.lexically_relative(root_).string());
    info.set_directory(fs::is_directory(path, error));
    const std::uintmax_t size = fs::file_size(path, error);
    if (!error) info.set_size(size);
  }

  const fs::path root_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: files_server DIRECTORY [ADDRESS]\n";
    return 2;
  }
  std::error_code error;
  if (!fs::is_directory(argv[1], error)) {
    std::cerr << argv[1] << " is not a directory\n";
    return 2;
  }
  FileServer files(argv[1]);
  weft::Server server;
  server.Register(files);
  absl::Status status = server.Listen(argc > 2 ? argv[2] : "localhost:8080");
  if (status.ok()) {
    std::cout << "listening on port " << server.port() << std::endl;
    status = server.Run();
  }
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
