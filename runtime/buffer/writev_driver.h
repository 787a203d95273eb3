#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "absl/functional/function_ref.h"

#include "buffer/buf_list.h"

namespace weft::internal {

// What one attempt of a gathering write came to.
struct WriteAttempt {
  enum class Kind { kBytes, kInterrupted, kWouldBlock, kError };
  static WriteAttempt Bytes(std::size_t n) { return {Kind::kBytes, n, 0}; }
  static WriteAttempt Interrupted() { return {Kind::kInterrupted, 0, 0}; }
  static WriteAttempt WouldBlock() { return {Kind::kWouldBlock, 0, 0}; }
  static WriteAttempt Error(int error) { return {Kind::kError, 0, error}; }

  Kind kind;
  std::size_t bytes;
  int error;  // an errno
};

// How WriteFront ended, and what it wrote in all.
struct WriteProgress {
  enum class Kind {
    kDone,        // the list is empty
    kWouldBlock,  // wait for writability; the list has the exact rest
    kError,       // `error` tells; the list has the exact rest, whose first byte was not written
  };

  Kind kind;
  std::size_t bytes;
  int error;
  int attempts;  // system calls
};

// Writes the front of the list, at most kMaxIov items an attempt, until it is empty or the writer
// takes less than it was offered, and consumes what was written. A short or zero write counts as
// would-block: on a socket the next attempt would say so. `write` gets at least one entry and
// returns at most their sum; it may look at the list, not change it.
WriteProgress WriteFront(BufList& list,
                         absl::FunctionRef<WriteAttempt(std::span<const iovec>)> write);

}  // namespace weft::internal
