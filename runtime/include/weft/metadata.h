// Layer: rpc.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft {

namespace internal {
class HeaderList;
}

// The custom metadata that the peer sent, in order of arrival. Protocol fields (":path",
// "content-type", "te", "grpc-*") are not in it. A view: it and what it returns live as long as the
// context or call that gave it.
class MetadataView {
 public:
  // An empty one.
  MetadataView() = default;
  explicit MetadataView(const internal::HeaderList& fields) : fields_(&fields) {}

  // The first value under `key` (lower case), as it came over the wire. Nothing when absent.
  std::optional<std::string_view> Get(std::string_view key) const;
  // All values under `key`, in order.
  std::vector<std::string_view> GetAll(std::string_view key) const;
  // All values under a "-bin" key, decoded: several may have come joined by commas. A value that
  // isn't base64 is left out.
  std::vector<std::string> GetBinary(std::string_view key) const;
  // All of it, as it came.
  std::vector<std::pair<std::string_view, std::string_view>> All() const;

 private:
  const internal::HeaderList* fields_ = nullptr;
};

}  // namespace weft
