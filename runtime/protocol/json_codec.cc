#include "protocol/json_codec.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver.h"
#include "google/protobuf/util/type_resolver_util.h"

#include "buffer/proto_stream.h"

namespace weft::internal {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageLite;
using google::protobuf::util::TypeResolver;

// As deep as protobuf parses messages.
constexpr int kMaxJsonDepth = 100;
constexpr char kTypeUrlPrefix[] = "type.googleapis.com";

TypeResolver* MakeLinkedTypes() {
  return google::protobuf::util::NewTypeResolverForDescriptorPool(kTypeUrlPrefix,
                                                                  DescriptorPool::generated_pool());
}

// Knows every type that is linked into the program.
TypeResolver& LinkedTypes() {
  using Resolver = std::unique_ptr<TypeResolver>;
  static const Resolver types{MakeLinkedTypes()};  // lint: allow global: a cache of constants
  return *types;
}

// The types that the message's descriptor belongs to: those that are linked, or a pool of its own.
class TypesOf {
 public:
  explicit TypesOf(const Message& message) {
    const DescriptorPool* pool = message.GetDescriptor()->file()->pool();
    if (pool != DescriptorPool::generated_pool()) {
      own_.reset(google::protobuf::util::NewTypeResolverForDescriptorPool(kTypeUrlPrefix, pool));
    }
  }
  TypeResolver* get() const { return own_ != nullptr ? own_.get() : &LinkedTypes(); }

 private:
  std::unique_ptr<TypeResolver> own_;
};

std::string TypeUrl(const Message& message) {
  return absl::StrCat(kTypeUrlPrefix, "/", message.GetDescriptor()->full_name());
}

absl::Status NoJsonForLite(const MessageLite& message) {
  return absl::InternalError(
      absl::StrCat(message.GetTypeName(),
                   " is built for the LITE runtime, which has no JSON; call it with gRPC"));
}

bool IsContinuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

// The bytes of the character that `text` begins with; 0 when that is no UTF-8 (RFC 3629 §4).
std::size_t CharacterSize(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !IsContinuation(at(1))) return 0;
  if (first < 0xe0) return 2;
  // No longer forms than needed, no surrogates, nothing above U+10FFFF.
  if (first == 0xe0 && at(1) < 0xa0) return 0;
  if (first == 0xed && at(1) > 0x9f) return 0;
  if (!IsContinuation(at(2))) return 0;
  if (first < 0xf0) return 3;
  if (first == 0xf0 && at(1) < 0x90) return 0;
  if (first == 0xf4 && at(1) > 0x8f) return 0;
  return IsContinuation(at(3)) ? 4 : 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

const FieldDescriptor* FieldWithoutUtf8(const Message& message, int depth);

// What protobuf prints of an Any is its message. `depth` counts these too, which no parser's own
// limit does: their bytes may come from a peer.
const FieldDescriptor* AnyWithoutUtf8(const Message& any, int depth) {
  const google::protobuf::Descriptor& any_type = *any.GetDescriptor();
  const auto bytes_of = [&any, &any_type](const char* name) {
    return any.GetReflection()->GetString(any, any_type.FindFieldByName(name));
  };
  const std::string url = bytes_of("type_url");
  const google::protobuf::Descriptor* const type =
      any_type.file()->pool()->FindMessageTypeByName(url.substr(url.rfind('/') + 1));
  if (type == nullptr) return nullptr;
  google::protobuf::DynamicMessageFactory types;
  const std::unique_ptr<Message> inside(types.GetPrototype(type)->New());
  // proto3's strings are looked at when they are parsed.
  const bool parsed = depth < kMaxJsonDepth && inside->ParsePartialFromString(bytes_of("value"));
  return parsed ? FieldWithoutUtf8(*inside, depth + 1) : any_type.FindFieldByName("value");
}

// A string field that holds other bytes, or null: protobuf's printer would leave them out without a
// word.
const FieldDescriptor* FieldWithoutUtf8(const Message& message, int depth) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  std::string scratch;
  for (const FieldDescriptor* field : fields) {
    const bool text = field->type() == FieldDescriptor::TYPE_STRING;
    if (!text && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const FieldDescriptor* wrong = nullptr;
      if (text) {
        const std::string& value =
            field->is_repeated()
                ? reflection.GetRepeatedStringReference(message, field, i, &scratch)
                : reflection.GetStringReference(message, field, &scratch);
        if (!IsUtf8(value)) wrong = field;
      } else {
        const Message& inside = field->is_repeated()
                                    ? reflection.GetRepeatedMessage(message, field, i)
                                    : reflection.GetMessage(message, field);
        wrong = depth < kMaxJsonDepth ? FieldWithoutUtf8(inside, depth + 1) : field;
      }
      if (wrong != nullptr) return wrong;
    }
  }
  if (message.GetDescriptor()->full_name() != "google.protobuf.Any") return nullptr;
  return AnyWithoutUtf8(message, depth);
}

// The text may hold what a peer sent: bytes that are no UTF-8 become U+FFFD, since JSON knows
// nothing else.
std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (size == 0) {
      quoted += "\xef\xbf\xbd";
    } else if (byte == '"' || byte == '\\') {
      quoted.push_back('\\');
      quoted.push_back(text.front());
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppend(&quoted, "\\u00", absl::Hex(byte, absl::kZeroPad2));
    } else {
      quoted.append(text.substr(0, size));
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  quoted.push_back('"');
  return quoted;
}

// A detail in the JSON of google.protobuf.Any, which types with a JSON of their own (wrappers,
// Timestamp, ...) put under "value"; of a type that isn't linked in, its bytes.
std::string PrintDetail(const std::string& type_url, const std::string& value) {
  google::protobuf::Any any;
  any.set_type_url(type_url);
  any.set_value(value);
  std::string json;
  const auto printed = google::protobuf::util::BinaryToJsonString(
      &LinkedTypes(), absl::StrCat(kTypeUrlPrefix, "/google.protobuf.Any"), any.SerializeAsString(),
      &json, {});
  if (printed.ok()) return json;
  return absl::StrCat("{\"@type\":", Quote(type_url),
                      ",\"value\":", Quote(absl::Base64Escape(value)), "}");
}

// Whether objects and arrays nest deeper than any message may: protobuf's converter recurses into
// them, and its own bound does not hold inside a Struct.
bool NestsTooDeeply(const BufList& body, std::size_t size) {
  int depth = 0;
  bool in_string = false;
  bool escaped = false;
  for (std::size_t i = 0; i < body.slice_count() && size > 0; ++i) {
    const std::string_view part = body.slice(i).view().substr(0, size);
    size -= part.size();
    for (const char c : part) {
      if (in_string) {
        in_string = escaped || c != '"';
        escaped = !escaped && c == '\\';
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{' || c == '[') {
        if (++depth > kMaxJsonDepth) return true;
      } else if (c == '}' || c == ']') {
        --depth;
      }
    }
  }
  return false;
}

class UtilJson final : public JsonCodec {
 public:
  absl::Status Parse(const BufList& body, std::size_t size, MessageLite& lite) const override {
    auto* message = dynamic_cast<Message*>(&lite);
    if (message == nullptr) return NoJsonForLite(lite);
    if (NestsTooDeeply(body, size)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the body is not the JSON of ", message->GetTypeName(),
                       ": it nests deeper than ", kMaxJsonDepth, " levels"));
    }
    std::string binary;
    {
      BufListReader json(body, size);
      google::protobuf::io::StringOutputStream out(&binary);
      const auto parsed = google::protobuf::util::JsonToBinaryStream(
          TypesOf(*message).get(), TypeUrl(*message), &json, &out, {});
      if (!parsed.ok()) {
        return absl::InvalidArgumentError(absl::StrCat("the body is not the JSON of ",
                                                       message->GetTypeName(), ": ",
                                                       std::string(parsed.message())));
      }
    }
    return ParseFrom(binary, *message);
  }

  absl::Status Print(const MessageLite& lite, ChunkPool& pool, BufList& body) const override {
    const auto* message = dynamic_cast<const Message*>(&lite);
    if (message == nullptr) return NoJsonForLite(lite);
    if (const FieldDescriptor* const field = FieldWithoutUtf8(*message, 1)) {
      return absl::InternalError(absl::StrCat(
          "a ", message->GetTypeName(), " can't be written as JSON: ", field->full_name(),
          field->type() == FieldDescriptor::TYPE_STRING
              ? " is a string field and holds what is not UTF-8; make it a bytes field"
              : " is malformed, nests too deep, or has a string field that is not UTF-8"));
    }
    BufList binary;
    if (absl::Status serialized = SerializeInto(*message, message->ByteSizeLong(), binary, pool);
        !serialized.ok()) {
      return serialized;
    }
    BufList json;
    {
      BufListReader in(binary);
      BufListWriter out(json, pool, binary.size() * 2);
      const auto printed = google::protobuf::util::BinaryToJsonStream(
          TypesOf(*message).get(), TypeUrl(*message), &in, &out, {});
      if (!printed.ok()) {
        return absl::InternalError(
            absl::StrCat("a ", message->GetTypeName(),
                         " can't be written as JSON: ", std::string(printed.message())));
      }
    }
    body.AppendAll(std::move(json));
    return absl::OkStatus();
  }

  std::string PrintStatus(const absl::Status& status) const override {
    std::string json =
        absl::StrCat("{\"code\":", static_cast<int>(status.code()),
                     ",\"message\":", Quote({status.message().data(), status.message().size()}),
                     ",\"details\":[");
    const char* separator = "";
    status.ForEachPayload([&](const auto& type_url, const absl::Cord& payload) {
      absl::StrAppend(
          &json, separator,
          PrintDetail(std::string(type_url.data(), type_url.size()), std::string(payload)));
      separator = ",";
    });
    json += "]}";
    return json;
  }
};

}  // namespace

const JsonCodec& UtilJsonCodec() {
  static const UtilJson codec;  // lint: allow global: has no state
  return codec;
}

}  // namespace weft::internal
