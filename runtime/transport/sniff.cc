#include "transport/sniff.h"

namespace weft::internal {

std::optional<HttpVersion> SniffVersion(std::string_view first) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  static_assert(kPreface.size() == kSniffSize);
  if (first.starts_with(kPreface)) return HttpVersion::kHttp2;
  if (kPreface.starts_with(first)) return std::nullopt;
  return HttpVersion::kHttp11;
}

}  // namespace weft::internal
