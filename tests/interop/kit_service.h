#pragma once

#include "weft/kit/v1/kit.weft.h"

namespace weft::testing {

// weft.kit.v1.Kit. Prints "Sleep cut short" for each Sleep that was ended by its caller or its
// deadline: so a test can see from outside that cancellation reached the handler.
class KitService final : public kit::v1::Kit::Service {
 private:
  using Item = kit::v1::Item;

  Task<absl::Status> Echo(ServerContext& context, const Item& request, Item& reply) override;
  Task<absl::Status> GetBook(ServerContext& context, const Item& request, Item& reply) override;
  Task<absl::Status> GetFile(ServerContext& context, const Item& request, Item& reply) override;
  Task<absl::Status> UpdateChild(ServerContext& context, const Item& request, Item& reply) override;
  Task<absl::Status> Archive(ServerContext& context, const Item& request, Item& reply) override;
  Task<absl::Status> Watch(ServerContext& context, const Item& request,
                           ServerWriter<Item>& writer) override;
  Task<absl::Status> Fail(ServerContext& context, const Item& request, Item& reply) override;
  Task<absl::Status> Sleep(ServerContext& context, const Item& request, Item& reply) override;
  Task<absl::Status> Pure(ServerContext& context, const Item& request, Item& reply) override;
};

}  // namespace weft::testing
