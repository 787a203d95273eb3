#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/frames.h"
#include "tests/support/wire_client.h"

namespace weft::testing {

// Sends bodies as far as the server's credit goes, 8 KiB of each stream in turn.
class Uploader {
 public:
  explicit Uploader(WireClient& client) : client_(client) {}

  WireClient& client() { return client_; }
  void Add(std::uint32_t stream, const std::string& body, bool end) {
    streams_[stream].rest += body;
    streams_[stream].end = end;
  }
  // How many bytes went out.
  std::size_t Pump() {
    Learn();
    std::size_t sent = 0;
    for (bool any = true; any;) {
      any = false;
      for (auto& [id, stream] : streams_) {
        const std::int64_t room = std::min(connection_, initial_ + stream.credit);
        const std::size_t size =
            std::min({stream.rest.size(), std::size_t{8192},
                      static_cast<std::size_t>(std::max<std::int64_t>(room, 0))});
        if (size == 0) continue;
        Data data(id, std::string_view(stream.rest).substr(0, size));
        stream.rest.erase(0, size);
        if (stream.end && stream.rest.empty()) data.End();
        client_.Send(data.Render());
        connection_ -= static_cast<std::int64_t>(size);
        stream.credit -= static_cast<std::int64_t>(size);
        sent += size;
        any = true;
      }
    }
    return sent;
  }
  bool done() const {
    return std::all_of(streams_.begin(), streams_.end(),
                       [](const auto& stream) { return stream.second.rest.empty(); });
  }

 private:
  struct Stream {
    std::string rest;
    bool end = false;
    std::int64_t credit = 0;  // above the initial window
  };

  void Learn() {
    const std::string& frames = client_.connection_frames();
    for (std::size_t end; (end = frames.find('\n', read_)) != std::string::npos; read_ = end + 1) {
      const std::string line = frames.substr(read_, end - read_);
      unsigned stream = 0;
      unsigned bytes = 0;
      if (std::sscanf(line.c_str(), "WINDOW_UPDATE %u %u", &stream, &bytes) == 2) {
        streams_[stream].credit += bytes;
      } else if (std::sscanf(line.c_str(), "WINDOW_UPDATE %u", &bytes) == 1) {
        connection_ += bytes;
      } else if (const std::size_t at = line.find(" 4=");
                 line.starts_with("SETTINGS ") && at != std::string::npos) {
        initial_ = std::stol(line.substr(at + 3));
      }
    }
  }

  WireClient& client_;
  std::map<std::uint32_t, Stream> streams_;
  std::int64_t connection_ = 65535;
  std::int64_t initial_ = 65535;
  std::size_t read_ = 0;  // of connection_frames()
};

}  // namespace weft::testing
