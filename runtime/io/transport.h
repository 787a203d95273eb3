#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string>

namespace weft::internal {

// What one read or write attempt came to.
struct IoResult {
  enum class Kind { kBytes, kWouldBlock, kEof, kError };
  static IoResult Bytes(std::size_t n) { return {Kind::kBytes, n, 0}; }
  static IoResult WouldBlock() { return {Kind::kWouldBlock, 0, 0}; }
  static IoResult Eof() { return {Kind::kEof, 0, 0}; }
  static IoResult Error(int error) { return {Kind::kError, 0, error}; }

  Kind kind;
  std::size_t bytes;
  int error;  // an errno, for kError
};

// A byte pipe to one peer: a socket, a TLS session, one end of an in-memory pair. Non-blocking.
// Owned by its connection; loop thread only.
class Transport {
 public:
  // Told of readiness; called by the loop, never from inside a call of Transport's own methods.
  // May destroy the transport from inside.
  class Events {
   public:
    virtual void OnReadable() = 0;
    virtual void OnWritable() = 0;

   protected:
    ~Events() = default;
  };

  virtual ~Transport() = default;

  // Starts to report to `events`, which must outlive the transport or its Close. Reading is watched
  // from here on.
  virtual void Start(Events& events) = 0;
  // Reads into the first iovecs that have room. Retries EINTR. A short read means: that was all for
  // now.
  virtual IoResult ReadSome(std::span<const iovec> into) = 0;
  // Writes a prefix of the iovecs. Retries EINTR. A zero write counts as kWouldBlock.
  // Error EFAULT: a mapped file shrank (design §10).
  virtual IoResult WritevSome(std::span<const iovec> from) = 0;
  // Level-triggered; watching writes costs a system call, so it is on only after a write would
  // block.
  virtual void WatchReads(bool on) = 0;
  virtual void WatchWrites(bool on) = 0;
  // Half-closes: the peer reads EOF after what was written.
  virtual void ShutdownWrites() = 0;
  // Closes at once; no events after. The destructor does it too.
  virtual void Close() = 0;
  // Closes so that the peer can't take what it has read for all of it: as a crash of this end
  // would. What was written and not yet read may be lost.
  virtual void Abort() = 0;
  // For messages and contexts: "ipv4:127.0.0.1:50051", "ipv6:[::1]:80", "unix:/path", "memory:1".
  virtual const std::string& peer() const = 0;
};

}  // namespace weft::internal
