#pragma once

#include <cstddef>
#include <limits>
#include <string>

#include "buffer/buf_list.h"
#include "http/stream.h"

namespace weft::internal {

inline constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

inline std::string Flatten(const BufList& list) {
  std::string bytes(list.size(), '\0');
  list.PeekFront(bytes.size(), bytes.data());
  return bytes;
}

// Writes down what it is told to send.
class RecordingStream final : public HttpStream {
 public:
  void SendHead(int status, bool end) override {
    Note("HEAD " + std::to_string(status) + (end ? " END" : "") + Fields(head_to_send_));
  }
  void BodyAppended() override { Note("BODY " + Flatten(outbound_)); }
  void SendEnd() override { Note("END" + Fields(trailers_to_send_)); }
  void Reset(StreamError) override { Note("RESET"); }
  void ReturnCredit(std::size_t) override {}
  void SetPriority(Priority) override {}
  Priority SetDefaultPriority(Priority priority) override { return priority; }
  std::uint32_t id() const override { return 1; }

  const std::string& log() const { return log_; }

 private:
  static std::string Fields(const HeaderList& fields) {
    std::string text;
    for (const HeaderField& field : fields) {
      text.append(" ").append(field.name).append("=").append(field.value);
    }
    return text;
  }
  void Note(const std::string& what) { log_ += (log_.empty() ? "" : "; ") + what; }

  std::string log_;
};

}  // namespace weft::internal
