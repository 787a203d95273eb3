#include "buffer/writev_driver.h"

#include <array>

#include "base/check.h"

namespace weft::internal {

WriteProgress WriteFront(BufList& list,
                         absl::FunctionRef<WriteAttempt(std::span<const iovec>)> write) {
  using Kind = WriteProgress::Kind;
  std::array<iovec, kMaxIov> iov;
  WriteProgress progress{Kind::kDone, 0, 0, 0};
  while (!list.empty()) {
    const std::span<const iovec> front(iov.data(), list.FillIov(iov));
    std::size_t offered = 0;
    for (const iovec& item : front) offered += item.iov_len;
    const WriteAttempt attempt = write(front);
    ++progress.attempts;
    if (attempt.kind == WriteAttempt::Kind::kInterrupted) continue;
    if (attempt.kind == WriteAttempt::Kind::kError) {
      progress.kind = Kind::kError;
      progress.error = attempt.error;
      return progress;
    }
    Check(attempt.bytes <= offered, "WriteFront: the writer claims more than it was offered");
    list.Consume(attempt.bytes);
    progress.bytes += attempt.bytes;
    if (attempt.bytes < offered) {
      progress.kind = Kind::kWouldBlock;
      return progress;
    }
  }
  return progress;
}

}  // namespace weft::internal
