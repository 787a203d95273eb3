#include "server/handler_exception.h"

#include <exception>
#include <string>

#include "absl/strings/str_cat.h"

#include "base/log.h"

namespace weft::internal {

absl::Status HandlerException(const MethodInfo& info, const ServerOptions& options) {
  std::string what = "something that is not a std::exception";
  try {
    throw;
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {
  }
  const std::string path(info.path);
  Log(LogLevel::kError, absl::StrCat("the handler of ", path, " threw: ", what));
  return absl::UnknownError(options.expose_exceptions()
                                ? absl::StrCat("the handler of ", path, " threw: ", what)
                                : absl::StrCat("the handler of ", path, " threw an exception"));
}

}  // namespace weft::internal
