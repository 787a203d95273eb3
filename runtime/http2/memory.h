#pragma once

#include <nghttp2/nghttp2.h>

#include "buffer/block_pool.h"

namespace weft::http2 {

// The library's memory out of a loop's BlockPool, so that a call costs no malloc once the pool is
// warm. The pool must outlive the session and every header buffer that was kept.
nghttp2_mem LibraryMemory(internal::BlockPool& blocks);

}  // namespace weft::http2
