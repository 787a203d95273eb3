// Layer: rpc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weft/flush_policy.h"
#include "weft/priority.h"

namespace google::protobuf {
class MessageLite;
}

namespace weft {

enum class MethodKind : std::uint8_t { kUnary, kServerStream, kClientStream, kBidi };

// What both sides know of a method. Generated code holds one per method for the life of the
// process.
struct MethodInfo {
  std::string_view path;  // "/package.Service/Method"
  MethodKind kind;
  // The default instances of the message types. Null: raw bytes.
  const google::protobuf::MessageLite& (*request)();
  const google::protobuf::MessageLite& (*reply)();
  bool no_side_effects;  // idempotency_level = NO_SIDE_EFFECTS
  // What the method's options say (weft/options.proto), if anything.
  std::optional<Priority> priority = std::nullopt;
  std::optional<FlushPolicy> flush = std::nullopt;

  // Raw bytes both ways. A client's then need not live longer than the making of the call takes.
  bool raw() const { return request == nullptr && reply == nullptr; }
  bool streams_requests() const {
    return kind == MethodKind::kClientStream || kind == MethodKind::kBidi;
  }
  bool streams_replies() const {
    return kind == MethodKind::kServerStream || kind == MethodKind::kBidi;
  }
};

}  // namespace weft
