#include "weft/service.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace weft {

absl::Status UnimplementedStatus(const MethodInfo& method) {
  return absl::UnimplementedError(
      absl::StrCat("the server does not implement ", std::string(method.path)));
}

Task<absl::Status> UnimplementedTask(const MethodInfo& method) {
  co_return UnimplementedStatus(method);
}

}  // namespace weft
