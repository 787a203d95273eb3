// Layer: server.
#pragma once

#include <atomic>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/types/span.h"

#include "weft/bytes.h"
#include "weft/method.h"
#include "weft/server_context.h"
#include "weft/server_stream.h"
#include "weft/service.h"
#include "weft/task.h"

namespace weft {

// A service whose methods are named by their paths ("/package.Service/Method") and whose messages
// are raw bytes, taken and given by reference: for proxies, gateways, and payloads that are not to
// be copied. Speaks gRPC only; JSON is answered UNIMPLEMENTED.
//
// Filled before it is registered with a server, which it must outlive. Handlers run on all loops of
// the server at once. What a handler captures lives as long as the service, so it may be a
// coroutine lambda.
class RawService final : public Service {
 public:
  using UnaryHandler =
      absl::AnyInvocable<Task<absl::Status>(ServerContext&, const Bytes&, Bytes& reply) const>;
  using ServerStreamHandler = absl::AnyInvocable<Task<absl::Status>(ServerContext&, const Bytes&,
                                                                    ServerWriter<Bytes>&) const>;
  using ClientStreamHandler = absl::AnyInvocable<Task<absl::Status>(
      ServerContext&, ServerReader<Bytes>&, Bytes& reply) const>;
  using BidiHandler = absl::AnyInvocable<Task<absl::Status>(
      ServerContext&, ServerReaderWriter<Bytes, Bytes>&) const>;

  RawService() = default;
  RawService(const RawService&) = delete;
  RawService& operator=(const RawService&) = delete;
  ~RawService() override;

  // They die when the path is not of that form, the handler is empty or the service is registered
  // already.
  RawService& AddUnary(std::string_view path, UnaryHandler handler);
  RawService& AddServerStream(std::string_view path, ServerStreamHandler handler);
  RawService& AddClientStream(std::string_view path, ClientStreamHandler handler);
  RawService& AddBidi(std::string_view path, BidiHandler handler);
  // Calls of any kind to paths that no service of the server has; context.method() tells which.
  RawService& AddAnyOther(BidiHandler handler);

  absl::Span<const Method> methods() const override;

 private:
  // What a path leads to. Its address is the MethodInfo's.
  struct Row : MethodInfo {
    std::string own_path;
    UnaryHandler unary;
    ServerStreamHandler server_stream;
    ClientStreamHandler client_stream;
    BidiHandler bidi;
  };
  using Trampoline = Task<absl::Status> (*)(Service&, internal::HandlerArgs&);

  static const Row& RowOf(internal::HandlerArgs& args);
  Row& Add(std::string_view path, MethodKind kind, Trampoline trampoline);

  std::deque<Row> rows_;
  std::vector<Method> methods_;
  mutable std::atomic<bool> listed_ = false;  // servers have pointers into methods_
};

}  // namespace weft
