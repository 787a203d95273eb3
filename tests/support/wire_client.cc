#include "tests/support/wire_client.h"

#include <array>
#include <utility>

namespace weft::testing {
namespace {

using internal::IoResult;

constexpr std::size_t kFrameHead = 9;
constexpr std::size_t kPrefix = 5;

std::size_t Number(std::string_view bytes) {
  std::size_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

// What follows `words` words of a line.
std::string After(std::string line, int words) {
  while (words-- > 0) {
    const std::size_t space = line.find(' ');
    line = space == std::string::npos ? "" : line.substr(space + 1);
  }
  if (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

}  // namespace

std::string Envelope(std::string_view message) {
  std::string bytes(kPrefix, '\0');
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[1 + i] = static_cast<char>(message.size() >> (8 * (3 - i)));
  }
  return bytes.append(message);
}

std::vector<std::string> WireStream::messages() const {
  std::vector<std::string> found;
  std::string_view rest = body;
  while (!rest.empty()) {
    if (rest.size() < kPrefix) return found.push_back("<part of a prefix>"), found;
    const std::size_t size = Number(rest.substr(1, 4));
    if (rest[0] != 0) return found.push_back("<flag>"), found;
    if (rest.size() < kPrefix + size) return found.push_back("<part of a message>"), found;
    found.emplace_back(rest.substr(kPrefix, size));
    rest.remove_prefix(kPrefix + size);
  }
  return found;
}

WireClient::WireClient(std::unique_ptr<internal::Transport> transport)
    : transport_(std::move(transport)) {
  transport_->Start(*this);
}

WireClient::~WireClient() { transport_->Close(); }

void WireClient::StartHttp2(const std::string& settings) {
  http2_ = true;
  Send(Preface() + settings + SettingsAck());
}

void WireClient::Send(const std::string& bytes) {
  to_write_ += bytes;
  Flush();
}

void WireClient::EndWrites() {
  ends_writes_ = true;
  Flush();
}

void WireClient::Close() {
  transport_->Close();
  closed_here_ = true;
}

bool WireClient::acknowledged(std::uint64_t ping) const {
  return connection_frames_.find("PING ACK " + std::to_string(ping) + "\n") != std::string::npos;
}

void WireClient::Flush() {
  while (!to_write_.empty() && !closed_here_ && !failed_) {
    const iovec part{to_write_.data(), to_write_.size()};
    const IoResult result = transport_->WritevSome({&part, 1});
    if (result.kind == IoResult::Kind::kWouldBlock) {
      transport_->WatchWrites(true);
      return;
    }
    if (result.kind != IoResult::Kind::kBytes) {
      to_write_.clear();  // what the server still says can be read all the same
      return;
    }
    to_write_.erase(0, result.bytes);
  }
  if (closed_here_ || failed_) return;
  transport_->WatchWrites(false);
  if (ends_writes_) transport_->ShutdownWrites();
}

void WireClient::OnReadable() {
  std::array<char, 16384> buffer;
  const iovec into{buffer.data(), buffer.size()};
  const IoResult result = transport_->ReadSome({&into, 1});
  switch (result.kind) {
    case IoResult::Kind::kWouldBlock:
      return;
    case IoResult::Kind::kEof:
      eof_ = true;
      transport_->WatchReads(false);
      return;
    case IoResult::Kind::kError:
      failed_ = true;
      transport_->WatchReads(false);
      return;
    case IoResult::Kind::kBytes:
      received_.append(buffer.data(), result.bytes);
      if (http2_) ReadFrames();
  }
}

void WireClient::ReadFrames() {
  std::string_view rest = received_;
  while (rest.size() >= kFrameHead) {
    const std::size_t size = kFrameHead + Number(rest.substr(0, 3));
    if (rest.size() < size) break;
    TakeFrame(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  received_ = std::string(rest);
}

void WireClient::TakeFrame(std::string_view frame) {
  const auto type = static_cast<std::uint8_t>(frame[3]);
  const bool end = (frame[4] & 1) != 0;
  const auto id = static_cast<std::uint32_t>(Number(frame.substr(5, 4)));
  const std::string line = reader_.Read(frame);
  if (id == 0 || type == 8) {
    connection_frames_ += line;
    if (type == 6 && !end && answers_pings)
      Send(RawFrame(6, /*flags: ACK=*/1, 0, frame.substr(kFrameHead)));
    return;
  }
  WireStream& stream = streams_[id];
  switch (type) {
    case 0:
      stream.body += frame.substr(kFrameHead);
      if (frame.size() > kFrameHead) {
        data_order_ += std::to_string(id) + " ";
        data_sizes_.push_back(frame.size() - kFrameHead);
      }
      stream.ended |= end;
      if (returns_credit && frame.size() > kFrameHead) {
        const auto size = static_cast<std::uint32_t>(frame.size() - kFrameHead);
        Send(WindowUpdate(0, size) + (end ? "" : WindowUpdate(id, size)));
      }
      return;
    case 1:
      (stream.head.empty() ? stream.head : stream.trailers) = After(line, end ? 3 : 2);
      stream.ended |= end;
      return;
    case 3:
      stream.reset = After(line, 2);
      return;
    default:
      connection_frames_ += line;
  }
}

}  // namespace weft::testing
