#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "echo.weft.h"
#include "weft/bytes.h"
#include "weft/raw_service.h"

namespace bench {

// Adds bench.Store's method to a service: it holds the replies in their serialized form, and they
// are sent from there. They are made here and stay as they are, so loops share them.
inline void AddFetch(weft::RawService& store) {
  struct Held {
    std::int32_t size;
    weft::Bytes reply;
  };
  std::vector<Held> held;
  for (const std::int32_t size : {16 << 10, 64 << 10, 1 << 20}) {
    Payload payload;
    payload.set_body(std::string(static_cast<std::size_t>(size), 'w'));
    held.push_back({size, weft::Bytes(payload.SerializeAsString())});
  }
  store.AddUnary(
      "/bench.Store/Fetch",
      [held = std::move(held)](weft::ServerContext&, const weft::Bytes& request,
                               weft::Bytes& reply) -> weft::Task<absl::Status> {
        Payload asked;
        absl::Status parsed = request.Parse(asked);
        if (!parsed.ok()) co_return parsed;
        const auto found = std::ranges::find(held, asked.id(), &Held::size);
        if (found == held.end()) {
          co_return absl::NotFoundError(absl::StrCat("no body of ", asked.id(), " bytes is held"));
        }
        reply = found->reply;
        co_return absl::OkStatus();
      });
}

}  // namespace bench
