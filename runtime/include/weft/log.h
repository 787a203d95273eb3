// Layer: base.
#pragma once

#include <string_view>

namespace weft {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Receives Weft's log lines. Write is called from any thread, one call at a time, and must not log
// itself.
class LogSink {
 public:
  virtual ~LogSink() = default;
  // `line` has no newline at its end and lives for the call only.
  virtual void Write(LogLevel level, std::string_view line) = 0;
};

// Sends log lines of `level` and above to `sink`, which must outlive its use; nullptr restores the
// default, which writes warnings and errors to stderr. When this returns, no thread is in the
// former sink any more. Any thread.
void SetLogSink(LogSink* sink, LogLevel level = LogLevel::kWarning);

}  // namespace weft
