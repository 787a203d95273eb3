#include "base/log.h"

#include <atomic>
#include <cstdio>
#include <mutex>

namespace weft {
namespace {

struct SinkState {
  std::mutex mutex;
  LogSink* sink = nullptr;
  std::atomic<LogLevel> level = LogLevel::kWarning;
};

// Never destroyed: threads may log while the process exits.
SinkState& State() {
  static auto* state = new SinkState;  // lint: allow global: the log sink
  return *state;
}

const char* Name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      break;
  }
  return "error";
}

}  // namespace

void SetLogSink(LogSink* sink, LogLevel level) {
  SinkState& state = State();
  std::lock_guard lock(state.mutex);
  state.sink = sink;
  state.level.store(sink == nullptr ? LogLevel::kWarning : level, std::memory_order_relaxed);
}

namespace internal {

bool LogEnabled(LogLevel level) { return level >= State().level.load(std::memory_order_relaxed); }

void Log(LogLevel level, std::string_view line) {
  if (!LogEnabled(level)) return;
  SinkState& state = State();
  std::lock_guard lock(state.mutex);
  if (state.sink != nullptr) {
    state.sink->Write(level, line);
    return;
  }
  std::fprintf(stderr, "weft %s: %.*s\n", Name(level), static_cast<int>(line.size()), line.data());
}

}  // namespace internal
}  // namespace weft
