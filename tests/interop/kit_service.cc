#include "kit_service.h"

#include <chrono>
#include <cstdint>
#include <iostream>

#include "absl/strings/cord.h"

#include "weft/sleep.h"

namespace weft::testing {

Task<absl::Status> KitService::Echo(ServerContext&, const Item& request, Item& reply) {
  reply = request;
  co_return absl::OkStatus();
}

Task<absl::Status> KitService::GetBook(ServerContext&, const Item& request, Item& reply) {
  reply = request;
  co_return absl::OkStatus();
}

Task<absl::Status> KitService::GetFile(ServerContext&, const Item& request, Item& reply) {
  reply = request;
  co_return absl::OkStatus();
}

Task<absl::Status> KitService::UpdateChild(ServerContext&, const Item& request, Item& reply) {
  reply = request;
  co_return absl::OkStatus();
}

Task<absl::Status> KitService::Archive(ServerContext&, const Item& request, Item& reply) {
  reply = request;
  co_return absl::OkStatus();
}

Task<absl::Status> KitService::Watch(ServerContext&, const Item& request,
                                     ServerWriter<Item>& writer) {
  Item item = request;
  for (std::int64_t index = 0; index < request.i32(); ++index) {
    item.set_i64(index);
    absl::Status written = co_await writer.Write(item);
    if (!written.ok()) co_return written;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> KitService::Fail(ServerContext&, const Item& request, Item&) {
  absl::Status status(static_cast<absl::StatusCode>(request.i32()), request.name());
  if (request.has_any()) {
    status.SetPayload(request.any().type_url(), absl::Cord(request.any().value()));
  }
  co_return status;
}

Task<absl::Status> KitService::Sleep(ServerContext&, const Item& request, Item& reply) {
  absl::Status slept = co_await weft::Sleep(std::chrono::milliseconds(request.i32()));
  if (!slept.ok()) {
    std::cout << "Sleep cut short" << std::endl;
    co_return slept;
  }
  reply = request;
  co_return absl::OkStatus();
}

Task<absl::Status> KitService::Pure(ServerContext&, const Item& request, Item& reply) {
  reply = request;
  co_return absl::OkStatus();
}

}  // namespace weft::testing
