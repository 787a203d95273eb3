#include "weft/raw_service.h"

#include <utility>

#include "server/router.h"

namespace weft {

using internal::HandlerArgs;

RawService::~RawService() = default;

const RawService::Row& RawService::RowOf(HandlerArgs& args) {
  return static_cast<const Row&>(*args.method().info);
}

RawService::Row& RawService::Add(std::string_view path, MethodKind kind, Trampoline trampoline) {
  Row& row = rows_.emplace_back();
  row.own_path = path;
  static_cast<MethodInfo&>(row) = {row.own_path, kind, nullptr, nullptr, /*no_side_effects=*/false};
  methods_.push_back({&row, trampoline, nullptr});
  return row;
}

RawService& RawService::AddUnary(std::string_view path, UnaryHandler handler) {
  Add(path, MethodKind::kUnary, [](Service&, HandlerArgs& args) {
    return RowOf(args).unary(args.context(), args.raw_request(), args.raw_reply());
  }).unary = std::move(handler);
  return *this;
}

RawService& RawService::AddServerStream(std::string_view path, ServerStreamHandler handler) {
  Add(path, MethodKind::kServerStream, [](Service&, HandlerArgs& args) {
    return RowOf(args).server_stream(args.context(), args.raw_request(),
                                     args.stream<ServerWriter<Bytes>>());
  }).server_stream = std::move(handler);
  return *this;
}

RawService& RawService::AddClientStream(std::string_view path, ClientStreamHandler handler) {
  Add(path, MethodKind::kClientStream, [](Service&, HandlerArgs& args) {
    return RowOf(args).client_stream(args.context(), args.stream<ServerReader<Bytes>>(),
                                     args.raw_reply());
  }).client_stream = std::move(handler);
  return *this;
}

RawService& RawService::AddBidi(std::string_view path, BidiHandler handler) {
  Add(path, MethodKind::kBidi, [](Service&, HandlerArgs& args) {
    return RowOf(args).bidi(args.context(), args.stream<ServerReaderWriter<Bytes, Bytes>>());
  }).bidi = std::move(handler);
  return *this;
}

RawService& RawService::AddAnyOther(BidiHandler handler) {
  return AddBidi(internal::Router::kAnyOther, std::move(handler));
}

absl::Span<const Method> RawService::methods() const { return methods_; }

}  // namespace weft
