#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <string>
#include <vector>

#include "echo.pb.h"

// bench.Store's replies in their serialized form, whose slices gRPC sends by reference. Never
// changes; any thread.
class HeldReplies {
 public:
  HeldReplies() {
    for (const std::int32_t size : {16 << 10, 64 << 10, 1 << 20}) {
      bench::Payload payload;
      payload.set_body(std::string(size, 'w'));
      const grpc::Slice slice(payload.SerializeAsString());
      held_.push_back({size, grpc::ByteBuffer(&slice, 1)});
    }
  }

  // Fills the reply to a serialized request.
  grpc::Status Find(const grpc::ByteBuffer& request, grpc::ByteBuffer* reply) const {
    grpc::ByteBuffer bytes = request;  // a reference: reading it takes one that may be changed
    bench::Payload asked;
    const grpc::Status parsed =
        grpc::SerializationTraits<bench::Payload>::Deserialize(&bytes, &asked);
    if (!parsed.ok()) return parsed;
    for (const Held& held : held_) {
      if (held.size != asked.id()) continue;
      *reply = held.reply;
      return grpc::Status::OK;
    }
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such body is held");
  }

 private:
  struct Held {
    std::int32_t size;
    grpc::ByteBuffer reply;
  };

  std::vector<Held> held_;
};
