// Layer: client.
#pragma once

#include <string_view>

#include "weft/bytes.h"
#include "weft/client_call.h"
#include "weft/client_context.h"
#include "weft/client_stream.h"
#include "weft/stub.h"

namespace weft {

// Calls methods by their paths ("/package.Service/Method") with raw bytes for messages, which are
// sent and received without being copied or looked into. A cheap value, safe to use from any
// thread. The path need only live until the function has returned; a call to one that is not of
// that form ends with INTERNAL. `context` may be null, and must outlive the call.
class RawStub final : public StubBase {
 public:
  using StubBase::StubBase;

  UnaryCall<Bytes> Unary(std::string_view path, Input<Bytes> request,
                         ClientContext* context = nullptr) const;
  // The same into a Bytes of the caller's.
  UnaryCallInto Unary(std::string_view path, Input<Bytes> request, Bytes* reply,
                      ClientContext* context = nullptr) const;
  ClientReader<Bytes> ServerStream(std::string_view path, Input<Bytes> request,
                                   ClientContext* context = nullptr) const;
  ClientWriter<Bytes, Bytes> ClientStream(std::string_view path,
                                          ClientContext* context = nullptr) const;
  ClientReaderWriter<Bytes, Bytes> Bidi(std::string_view path,
                                        ClientContext* context = nullptr) const;
};

}  // namespace weft
