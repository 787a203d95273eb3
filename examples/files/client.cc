// Lists the files of a files_server, and downloads ranges of them.
//   files_client TARGET list [DIRECTORY]
//   files_client TARGET stat PATH
//   files_client TARGET get PATH FILE [OFFSET [LENGTH]]
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"

#include "files.weft.h"
#include "weft/block_on.h"
#include "weft/channel.h"
#include "weft/task.h"

using files::v1::FileChunk;
using files::v1::FileInfo;
using files::v1::Files;
using files::v1::ListReply;
using files::v1::ListRequest;
using files::v1::ReadRequest;
using files::v1::StatRequest;

namespace {

void Print(const FileInfo& info) {
  std::printf("%14llu  %s%s\n", static_cast<unsigned long long>(info.size()), info.path().c_str(),
              info.directory() ? "/" : "");
}

weft::Task<absl::Status> List(Files::Stub files, std::string directory) {
  ListRequest request;
  request.set_directory(directory);
  absl::StatusOr<ListReply> reply = co_await files.List(request);
  if (!reply.ok()) co_return reply.status();
  for (const FileInfo& info : reply->files()) Print(info);
  co_return absl::OkStatus();
}

weft::Task<absl::Status> Stat(Files::Stub files, std::string path) {
  StatRequest request;
  request.set_path(path);
  absl::StatusOr<FileInfo> reply = co_await files.Stat(request);
  if (!reply.ok()) co_return reply.status();
  Print(*reply);
  co_return absl::OkStatus();
}

weft::Task<absl::Status> Get(Files::Stub files, ReadRequest request, std::string file) {
  const auto start = std::chrono::steady_clock::now();
  const std::string to = std::move(file);
  std::ofstream out;  // from the first chunk on: a call that fails leaves the file as it was
  std::uint64_t bytes = 0;
  weft::ClientReader<FileChunk> reader = files.Read(request);
  FileChunk chunk;
  while (co_await reader.Read(chunk)) {
    if (!out.is_open()) out.open(to, std::ios::binary | std::ios::trunc);
    out.write(chunk.content().data(), static_cast<std::streamsize>(chunk.content().size()));
    bytes += chunk.content().size();
  }
  absl::Status status = co_await reader.Finish();
  if (!status.ok()) co_return status;
  if (!out.is_open()) out.open(to, std::ios::binary | std::ios::trunc);
  out.close();
  if (out.fail()) co_return absl::DataLossError("can't write " + to);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  const double mebibytes = static_cast<double>(bytes) / (1 << 20);
  std::printf("%s: %.1f MiB in %.2f s, %.0f MiB/s\n", request.path().c_str(), mebibytes,
              time.count(), mebibytes / time.count());
  co_return absl::OkStatus();
}

int Usage() {
  std::cerr << "usage: files_client TARGET list [DIRECTORY] | stat PATH | "
               "get PATH FILE [OFFSET [LENGTH]]\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() < 2) return Usage();
  weft::Channel channel(args[0]);
  Files::Stub files(channel);
  absl::Status status;
  if (args[1] == "list") {
    status = weft::BlockOn(List(files, args.size() > 2 ? args[2] : ""));
  } else if (args[1] == "stat" && args.size() == 3) {
    status = weft::BlockOn(Stat(files, args[2]));
  } else if (args[1] == "get" && args.size() >= 4) {
    ReadRequest request;
    request.set_path(args[2]);
    std::uint64_t number = 0;
    if (args.size() > 4) {
      if (!absl::SimpleAtoi(args[4], &number)) return Usage();
      request.set_offset(number);
    }
    if (args.size() > 5) {
      if (!absl::SimpleAtoi(args[5], &number)) return Usage();
      request.set_length(number);
    }
    status = weft::BlockOn(Get(files, request, args[3]));
  } else {
    return Usage();
  }
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
