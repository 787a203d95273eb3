#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"

#include "base/intrusive_list.h"
#include "http/stream.h"
#include "server/memory_watch.h"
#include "transport/in_process.h"

namespace weft::internal {

class Shard;

// A connection from a channel in this process: hands the requests to its shard. Owned by the shard;
// loop thread only.
class InProcessServerConnection final : public ListHook<>,
                                        public StreamAcceptor,
                                        public MemoryTenant,
                                        private InProcessSide::Owner {
 public:
  InProcessServerConnection(Shard& shard, std::shared_ptr<InProcessPipe> pipe);

  void Drain() { side_.Drain(); }
  void Close(const absl::Status& why) { side_.Close(why); }

  HttpStreamEvents* OnRequest(HttpStream& stream, HttpHead& head, bool end) override;
  std::string_view peer() const override { return "inproc"; }
  // Its streams have small windows of their own and share none.
  void HoldCredit(bool) override {}
  bool LendCredit() override { return false; }
  bool credit_held() const override { return false; }
  std::size_t unsent_bytes() override { return side_.unsent_bytes(); }
  std::optional<std::int64_t> moved_bytes() const override { return std::nullopt; }
  void CutOff(const absl::Status& why) override { Close(why); }

 private:
  void OnSideClosed(const absl::Status& why) override;

  Shard& shard_;
  InProcessSide side_;
};

}  // namespace weft::internal
