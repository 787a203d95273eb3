#include "weft/raw_service.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/check.h"
#include "rpc/method_path.h"
#include "server/router.h"

namespace weft {

using internal::HandlerArgs;

namespace {

// Without one the first call would crash.
template <typename Handler>
Handler Given(Handler handler, std::string_view path) {
  if (handler == nullptr) {
    internal::Die(absl::StrCat("the handler that was given to a RawService for ", std::string(path),
                               " is empty"));
  }
  return handler;
}

}  // namespace

RawService::~RawService() = default;

const RawService::Row& RawService::RowOf(HandlerArgs& args) {
  return static_cast<const Row&>(*args.method().info);
}

RawService::Row& RawService::Add(std::string_view path, MethodKind kind, Trampoline trampoline) {
  internal::Check(
      !listed_,
      "a method was added to a RawService that is registered with a server; add all first");
  if (path != internal::Router::kAnyOther && !internal::IsMethodPath(path)) {
    internal::Die(absl::StrCat(
        "\"", std::string(path),
        "\" is no path of a method; a RawService's are like \"/package.Service/Method\""));
  }
  Row& row = rows_.emplace_back();
  row.own_path = path;
  static_cast<MethodInfo&>(row) = {row.own_path, kind, nullptr, nullptr, /*no_side_effects=*/false};
  methods_.push_back({&row, trampoline, nullptr});
  return row;
}

RawService& RawService::AddUnary(std::string_view path, UnaryHandler handler) {
  Add(path, MethodKind::kUnary, [](Service&, HandlerArgs& args) {
    return RowOf(args).unary(args.context(), args.raw_request(), args.raw_reply());
  }).unary = Given(std::move(handler), path);
  return *this;
}

RawService& RawService::AddServerStream(std::string_view path, ServerStreamHandler handler) {
  Add(path, MethodKind::kServerStream, [](Service&, HandlerArgs& args) {
    return RowOf(args).server_stream(args.context(), args.raw_request(),
                                     args.stream<ServerWriter<Bytes>>());
  }).server_stream = Given(std::move(handler), path);
  return *this;
}

RawService& RawService::AddClientStream(std::string_view path, ClientStreamHandler handler) {
  Add(path, MethodKind::kClientStream, [](Service&, HandlerArgs& args) {
    return RowOf(args).client_stream(args.context(), args.stream<ServerReader<Bytes>>(),
                                     args.raw_reply());
  }).client_stream = Given(std::move(handler), path);
  return *this;
}

RawService& RawService::AddBidi(std::string_view path, BidiHandler handler) {
  Add(path, MethodKind::kBidi, [](Service&, HandlerArgs& args) {
    return RowOf(args).bidi(args.context(), args.stream<ServerReaderWriter<Bytes, Bytes>>());
  }).bidi = Given(std::move(handler), path);
  return *this;
}

RawService& RawService::AddAnyOther(BidiHandler handler) {
  return AddBidi(internal::Router::kAnyOther, std::move(handler));
}

absl::Span<const Method> RawService::methods() const {
  listed_ = true;
  return methods_;
}

}  // namespace weft
