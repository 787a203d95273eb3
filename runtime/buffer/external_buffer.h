#pragma once

#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"

#include "buffer/chunk_pool.h"
#include "buffer/slice.h"

namespace weft::internal {

// A slice of a string that is moved in; it is freed with the last reference, on whatever thread.
Slice SliceOfString(std::string bytes);

// A slice of a copy of the bytes, in one allocation.
Slice SliceOfCopy(std::string_view bytes);

// A slice of a caller's bytes. `release` is called once, when the last reference goes, on whatever
// thread that happens (at once for no bytes). Until then the bytes must stay and not change.
Slice SliceOfBytes(std::string_view bytes, absl::AnyInvocable<void() &&> release);

// The same bytes, whose size is charged to the pool for as long as anybody holds what is returned.
// Allocates nothing but a chunk of the pool's.
Slice ChargedSlice(Slice slice, ChunkPool& pool);

}  // namespace weft::internal
