#include "io/errno_text.h"

#include <cctype>
#include <cstring>
#include <string>

namespace weft::internal {

std::string ErrnoText(int error) {
  const char* description = ::strerrordesc_np(error);
  const char* name = ::strerrorname_np(error);
  if (description == nullptr || name == nullptr) return "errno " + std::to_string(error);
  std::string text = description;
  // Lower case, for it stands in the middle of a sentence; but "RPC ..." stays.
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text + " (" + name + ")";
}

}  // namespace weft::internal
