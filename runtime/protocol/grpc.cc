#include "protocol/grpc.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/message_lite.h"

#include "base/check.h"
#include "buffer/bytes_parts.h"
#include "buffer/limits.h"
#include "buffer/proto_stream.h"
#include "rpc/grpc_message.h"
#include "rpc/incoming_message.h"
#include "rpc/metadata_rules.h"
#include "rpc/status_details.h"
#include "rpc/status_map.h"
#include "rpc/timeout.h"

namespace weft::internal {
namespace {

using google::protobuf::MessageLite;

constexpr std::string_view kContentType = "application/grpc";
constexpr std::array<std::string_view, 17> kStatusNumbers = {
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"};

constexpr std::string_view kCutMark = " [cut]";

void AddMessageField(std::string_view message, HeaderList& to) {
  if (message.empty()) return;
  if (message.size() > kStatusMessageLimit) {
    std::size_t end = kStatusMessageLimit - kCutMark.size();
    while (end > 0 && (message[end] & 0xc0) == 0x80) --end;  // not inside a character
    AddMessageField(std::string(message.substr(0, end)).append(kCutMark), to);
  } else if (IsPlainGrpcMessage(message)) {
    to.Add("grpc-message", message);
  } else {
    to.Add("grpc-message", EncodeGrpcMessage(message));
  }
}

absl::Status TooLarge(std::string_view type, std::size_t size, std::size_t limit) {
  return absl::ResourceExhaustedError(absl::StrCat("cannot send a ", std::string(type), " of ",
                                                   size, " bytes: the send limit is ", limit,
                                                   " bytes (set_send_limit)"));
}

absl::Status AppendRaw(const Bytes& message, std::size_t send_limit, ChunkPool& pool,
                       BufList& body) {
  const std::size_t limit =
      std::min<std::size_t>(send_limit, 0xffffffff);  // the prefix has no more
  if (message.size() > limit) return TooLarge("raw message", message.size(), limit);
  char prefix[kEnvelopePrefixSize];
  WriteEnvelopePrefix(static_cast<std::uint32_t>(message.size()), prefix);
  body.Append(pool, {prefix, sizeof prefix});
  BytesParts::Append(message, pool, body);
  return absl::OkStatus();
}

// The bytes of `message` on the wire, or why it can't be sent.
absl::Status CannotSend(const MessageLite& message, std::size_t size, std::size_t send_limit) {
  if (size > send_limit) return TooLarge(message.GetTypeName(), size, send_limit);
  return absl::InternalError(
      absl::StrCat("cannot send a ", message.GetTypeName(),
                   ": these required fields are not set: ", message.InitializationErrorString()));
}

class Grpc final : public Protocol {
 public:
  std::string_view name() const override { return "grpc"; }

  bool Matches(const HttpHead& head) const override {
    return head.version == HttpVersion::kHttp2 &&
           IsGrpcContentType(head.fields.Find("content-type"));
  }

  absl::Status ReadRequestHead(const HttpHead& head, RequestInfo& info) const override {
    info.path = head.path;
    info.framing = Framing::kEnvelope;
    for (const HeaderField& field : head.fields) {
      if (!field.name.starts_with("grpc-")) continue;
      if (field.name == "grpc-timeout") {
        const std::optional<Duration> timeout = ParseTimeout(field.value);
        if (!timeout.has_value()) {
          return absl::InternalError(
              absl::StrCat("malformed grpc-timeout \"", std::string(field.value),
                           "\": expected 1 to 8 digits and one of H, M, S, m, u, n"));
        }
        info.timeout = *timeout;
      } else if (field.name == "grpc-encoding" && field.value != "identity") {
        return absl::UnimplementedError(
            absl::StrCat("the request is compressed with \"", std::string(field.value),
                         "\", which this server does not read; it accepts: identity"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ParseMessage(const BufList& body, std::size_t size,
                            MessageTarget message) const override {
    return TakeMessage(body, size, message);
  }
  absl::Status ParseMessage(std::string_view bytes, MessageLite& message) const override {
    return ParseFrom(bytes, message);
  }

  int EncodeHead(MethodKind, const HeaderList& initial_metadata, const HeaderList&,
                 HeaderList& head) const override {
    head.AddStatic("content-type", kContentType);
    head.AddAllStatic(initial_metadata);
    return 200;
  }

  absl::Status EncodeMessage(OutgoingMessage& message, MethodKind, std::size_t send_limit,
                             ChunkPool& pool, BufList& body) const override {
    return AppendEnvelope(message, send_limit, pool, body);
  }

  bool resets_at_deadline() const override { return true; }

  void SendEnd(const ReplyEnd& end, ChunkPool&, HttpStream& stream) const override {
    const bool head_first = !end.head_sent && !end.initial_metadata.empty();
    if (head_first) {
      stream.SendHead(
          EncodeHead(end.kind, end.initial_metadata, end.trailing_metadata, stream.head_to_send()),
          /*end=*/false);
    }
    if (end.head_sent || head_first) {
      AddStatusFields(end.status, stream.trailers_to_send());
      stream.trailers_to_send().AddAllStatic(end.trailing_metadata);
      stream.SendEnd();
      return;
    }
    // Trailers-Only: one block that is head and trailers at once.
    HeaderList& head = stream.head_to_send();
    head.AddStatic("content-type", kContentType);
    AddStatusFields(end.status, head);
    if (end.status.code() == absl::StatusCode::kUnimplemented) {
      head.AddStatic("grpc-accept-encoding", "identity");
    }
    head.AddAllStatic(end.trailing_metadata);
    stream.SendHead(200, /*end=*/true);
  }
};

}  // namespace

const Protocol& GrpcProtocol() {
  static const Grpc protocol;  // lint: allow global: has no state
  return protocol;
}

bool IsGrpcContentType(std::string_view content_type) {
  if (!content_type.starts_with(kContentType)) return false;
  if (content_type.size() == kContentType.size()) return true;
  const char next = content_type[kContentType.size()];
  return next == '+' || next == ';';
}

void AddStatusFields(const absl::Status& status, HeaderList& to) {
  to.AddStatic(
      "grpc-status",
      kStatusNumbers[static_cast<std::size_t>(CodeFromNumber(static_cast<int>(status.code())))]);
  if (status.ok()) return;
  const std::string_view message(status.message().data(), status.message().size());
  if (!HasDetails(status)) {
    AddMessageField(message, to);
    return;
  }
  const std::string details = SerializeDetails(status);
  if (details.size() > kStatusDetailsLimit) {
    AddMessageField(
        absl::StrCat("[error details of ", details.size(), " bytes were left out: they may have ",
                     kStatusDetailsLimit, "] ", status.message()),
        to);
    return;
  }
  AddMessageField(message, to);
  to.Add("grpc-status-details-bin", EncodeBinaryValue(details));
}

absl::Status ReadStatusFields(const HeaderList& fields, bool& found) {
  std::string_view number;
  std::string_view message;
  std::string_view details;
  for (const HeaderField& field : fields) {
    if (field.name == "grpc-status") {
      number = field.value;
    } else if (field.name == "grpc-message") {
      message = field.value;
    } else if (field.name == "grpc-status-details-bin") {
      details = field.value;
    }
  }
  found = number.data() != nullptr;
  if (!found || number == "0") return absl::OkStatus();
  int code = -1;
  if (!absl::SimpleAtoi(absl::string_view(number.data(), number.size()), &code)) code = -1;
  absl::Status status(CodeFromNumber(code), DecodeGrpcMessage(message));
  if (status.ok()) status = absl::UnknownError(DecodeGrpcMessage(message));
  if (details.data() != nullptr) {
    if (std::optional<std::string> bytes = DecodeBinaryValue(details)) AddDetails(*bytes, status);
  }
  return status;
}

absl::Status AppendEnvelope(OutgoingMessage& message, std::size_t send_limit, ChunkPool& pool,
                            BufList& body) {
  if (message.bytes() != nullptr) return AppendRaw(*message.bytes(), send_limit, pool, body);
  const MessageLite& plain = message.message();
  const std::size_t size = plain.ByteSizeLong();
  if (size > send_limit || !plain.IsInitialized()) [[unlikely]] {
    return CannotSend(plain, size, send_limit);
  }
  const bool borrowed = size < kAliasThreshold || !message.can_take();
  if (borrowed && kEnvelopePrefixSize + size <= kContiguousMessageLimit) [[likely]] {
    char* const run = body.Reserve(pool, kEnvelopePrefixSize + size);
    WriteEnvelopePrefix(static_cast<std::uint32_t>(size), run);
    SerializeAt(plain, size, run + kEnvelopePrefixSize);
    body.Commit(kEnvelopePrefixSize + size);
    return absl::OkStatus();
  }
  char prefix[kEnvelopePrefixSize];
  WriteEnvelopePrefix(static_cast<std::uint32_t>(size), prefix);
  if (borrowed) return SerializeInto(plain, size, body, pool, {prefix, sizeof prefix});
  OutgoingMessage::Taken taken = message.Take(size, pool);
  // A message that moved has lost the sizes that were computed for it.
  const std::size_t taken_size = taken.message.ByteSizeLong();
  Check(taken_size == size, "a message changed its size when it was taken over");
  return SerializeAliasing(taken.message, size, std::move(taken.owner), body, pool,
                           {prefix, sizeof prefix});
}

}  // namespace weft::internal
