#include "protocol/json.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/message_lite.h"

#include "http/media_type.h"
#include "protocol/json_codec.h"
#include "rpc/status_map.h"
#include "rpc/timeout.h"

namespace weft::internal {
namespace {

using google::protobuf::MessageLite;

bool IsStream(MethodKind kind) {
  return kind == MethodKind::kServerStream || kind == MethodKind::kBidi;
}

absl::Status NoRawBytes() {
  return absl::UnimplementedError(
      "the method's messages are raw bytes, which have no form in JSON; call it by gRPC");
}

class Json final : public Protocol {
 public:
  std::string_view name() const override { return "json"; }

  bool Matches(const HttpHead& head) const override {
    const std::optional<MediaType> type = MediaType::Parse(head.fields.Find("content-type"));
    return type.has_value() && type->Is("application", "json");
  }

  absl::Status ReadRequestHead(const HttpHead& head, RequestInfo& info) const override {
    info.path = head.path.substr(0, head.path.find('?'));
    info.framing = Framing::kWholeBody;
    const std::string_view timeout = head.fields.Find("grpc-timeout");
    if (timeout.data() != nullptr) {
      const std::optional<Duration> parsed = ParseTimeout(timeout);
      if (!parsed.has_value()) {
        return absl::InvalidArgumentError(
            absl::StrCat("malformed grpc-timeout \"", std::string(timeout), "\""));
      }
      info.timeout = *parsed;
    }
    const std::string_view encoding = head.fields.Find("content-encoding");
    if (encoding.data() != nullptr && encoding != "identity") {
      return absl::UnimplementedError(
          absl::StrCat("the content-encoding \"", std::string(encoding), "\" is not supported"));
    }
    return absl::OkStatus();
  }

  absl::Status ParseMessage(const BufList& body, std::size_t size,
                            MessageTarget message) const override {
    if (message.message() == nullptr) return NoRawBytes();
    return UtilJsonCodec().Parse(body, size, *message.message());
  }
  absl::Status ParseMessage(std::string_view bytes, MessageLite& message) const override {
    BufList body;
    body.AppendRef(Slice::Static(bytes));
    return UtilJsonCodec().Parse(body, bytes.size(), message);
  }

  int EncodeHead(MethodKind kind, const HeaderList& initial_metadata,
                 const HeaderList& trailing_metadata, HeaderList& head) const override {
    head.AddStatic("content-type", IsStream(kind) ? "application/x-ndjson" : "application/json");
    head.AddAllStatic(initial_metadata);
    head.AddAllStatic(trailing_metadata);
    return 200;
  }

  absl::Status EncodeMessage(OutgoingMessage& message, MethodKind kind, std::size_t send_limit,
                             ChunkPool& pool, BufList& body) const override {
    if (message.bytes() != nullptr) return NoRawBytes();
    BufList json;
    if (absl::Status printed = UtilJsonCodec().Print(message.message(), pool, json);
        !printed.ok()) {
      return printed;
    }
    if (json.size() > send_limit) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "cannot send a ", message.message().GetTypeName(), " of ", json.size(),
          " bytes of JSON: the send limit is ", send_limit, " bytes (set_send_limit)"));
    }
    if (IsStream(kind)) json.Append(pool, "\n");
    body.AppendAll(std::move(json));
    return absl::OkStatus();
  }

  bool resets_at_deadline() const override { return false; }

  void SendEnd(const ReplyEnd& end, ChunkPool& pool, HttpStream& stream) const override {
    stream.DropRest();
    if (!end.head_sent) {
      // A stream that ends in order without a message is an empty body; all else that comes here is
      // an error.
      HeaderList& head = stream.head_to_send();
      head.AddAllStatic(end.initial_metadata);
      head.AddAllStatic(end.trailing_metadata);
      if (end.status.ok()) {
        head.AddStatic("content-type", "application/x-ndjson");
        stream.SendHead(200, /*end=*/true);
        return;
      }
      head.AddStatic("content-type", "application/json");
      stream.outbound().Append(pool, UtilJsonCodec().PrintStatus(end.status));
      stream.SendHead(HttpStatusFromCode(end.status.code()), /*end=*/false);
      stream.BodyAppended();
    } else if (!end.status.ok()) {
      stream.outbound().Append(
          pool, absl::StrCat("{\"error\":", UtilJsonCodec().PrintStatus(end.status), "}\n"));
      stream.BodyAppended();
    }
    stream.SendEnd();
  }
};

}  // namespace

const Protocol& JsonProtocol() {
  static const Json protocol;  // lint: allow global: has no state
  return protocol;
}

}  // namespace weft::internal
