#include "weft/raw_stub.h"

namespace weft {
namespace {

// The call copies what it needs of it.
MethodInfo RawMethod(std::string_view path, MethodKind kind) {
  return {path, kind, nullptr, nullptr, /*no_side_effects=*/false};
}

}  // namespace

UnaryCall<Bytes> RawStub::Unary(std::string_view path, Input<Bytes> request,
                                ClientContext* context) const {
  return UnaryCall<Bytes>(StartUnary(RawMethod(path, MethodKind::kUnary), context, request));
}

UnaryCallInto RawStub::Unary(std::string_view path, Input<Bytes> request, Bytes* reply,
                             ClientContext* context) const {
  return UnaryCallInto(StartUnary(RawMethod(path, MethodKind::kUnary), context, request), reply);
}

ClientReader<Bytes> RawStub::ServerStream(std::string_view path, Input<Bytes> request,
                                          ClientContext* context) const {
  return ClientReader<Bytes>(
      StartServerStream(RawMethod(path, MethodKind::kServerStream), context, request));
}

ClientWriter<Bytes, Bytes> RawStub::ClientStream(std::string_view path,
                                                 ClientContext* context) const {
  return ClientWriter<Bytes, Bytes>(
      StartClientStream(RawMethod(path, MethodKind::kClientStream), context));
}

ClientReaderWriter<Bytes, Bytes> RawStub::Bidi(std::string_view path,
                                               ClientContext* context) const {
  return ClientReaderWriter<Bytes, Bytes>(StartBidi(RawMethod(path, MethodKind::kBidi), context));
}

}  // namespace weft
