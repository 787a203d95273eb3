#include "rpc/status_details.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"

namespace weft::internal {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr std::uint32_t kCodeTag = 1 << 3;         // varint
constexpr std::uint32_t kMessageTag = 2 << 3 | 2;  // length-delimited
constexpr std::uint32_t kDetailsTag = 3 << 3 | 2;
constexpr std::uint32_t kTypeUrlTag = 1 << 3 | 2;
constexpr std::uint32_t kValueTag = 2 << 3 | 2;

void WriteString(std::uint32_t tag, std::string_view text, CodedOutputStream& out) {
  out.WriteTag(tag);
  out.WriteVarint32(static_cast<std::uint32_t>(text.size()));
  out.WriteRaw(text.data(), static_cast<int>(text.size()));
}

bool ReadString(CodedInputStream& in, std::string& text) {
  std::uint32_t size = 0;
  return in.ReadVarint32(&size) && size <= INT32_MAX &&
         in.ReadString(&text, static_cast<int>(size));
}

bool ReadAny(std::string_view serialized, std::pair<std::string, std::string>& any) {
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(serialized.data()),
                      static_cast<int>(serialized.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    const bool ok = tag == kTypeUrlTag ? ReadString(in, any.first)
                    : tag == kValueTag ? ReadString(in, any.second)
                                       : WireFormatLite::SkipField(&in, tag);
    if (!ok) return false;
  }
  return in.ConsumedEntireMessage() && !any.first.empty();
}

}  // namespace

bool HasDetails(const absl::Status& status) {
  bool any = false;
  status.ForEachPayload([&any](const auto&, const absl::Cord&) { any = true; });
  return any;
}

std::string SerializeDetails(const absl::Status& status) {
  std::string serialized;
  {
    google::protobuf::io::StringOutputStream sink(&serialized);
    CodedOutputStream out(&sink);
    out.WriteTag(kCodeTag);
    out.WriteVarint32(static_cast<std::uint32_t>(status.code()));
    WriteString(kMessageTag, {status.message().data(), status.message().size()}, out);
    status.ForEachPayload([&out](const auto& type_url, const absl::Cord& payload) {
      std::string any;
      {
        google::protobuf::io::StringOutputStream any_sink(&any);
        CodedOutputStream any_out(&any_sink);
        WriteString(kTypeUrlTag, {type_url.data(), type_url.size()}, any_out);
        WriteString(kValueTag, std::string(payload), any_out);
      }
      WriteString(kDetailsTag, any, out);
    });
  }
  return serialized;
}

bool AddDetails(std::string_view serialized, absl::Status& status) {
  std::vector<std::pair<std::string, std::string>> details;
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(serialized.data()),
                      static_cast<int>(serialized.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    if (tag != kDetailsTag) {
      if (!WireFormatLite::SkipField(&in, tag)) return false;
      continue;
    }
    std::string any;
    if (!ReadString(in, any) || !ReadAny(any, details.emplace_back())) return false;
  }
  if (!in.ConsumedEntireMessage()) return false;
  // From a view: a constructor template of Cord that is compiled into Debian's library by g++ has
  // another name for clang.
  for (const auto& [type_url, value] : details) {
    status.SetPayload(type_url, absl::Cord(absl::string_view(value)));
  }
  return true;
}

}  // namespace weft::internal
