#pragma once

#include <string>
#include <string_view>

#include "buffer/slice.h"

namespace weft::internal {

// A slice of a string that is moved in; it is freed with the last reference, on whatever thread.
Slice SliceOfString(std::string bytes);

// A slice of a caller's bytes. `release(context)` is called once, when the last reference goes, on
// whatever thread that happens (at once for no bytes). Until then the bytes must stay and not
// change.
Slice SliceOfBytes(std::string_view bytes, void (*release)(void* context), void* context);

}  // namespace weft::internal
