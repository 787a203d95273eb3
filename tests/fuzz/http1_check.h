#pragma once

#include <string>
#include <string_view>

namespace weft::http1 {

// Gives any bytes to the parser and to a server codec with an application that echoes, whole and in
// pieces. The text says what did not hold, empty if all did.
std::string CheckHttp1Input(std::string_view input);

}  // namespace weft::http1
