#include "base/heap.h"

#include <cstdlib>  // tells which C library it is

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace weft::internal {

void ReturnFreeHeap() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace weft::internal
