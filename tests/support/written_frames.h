#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft::testing {

// The frames that each write carried, as "HEADERS 1 DATA 1 HEADERS 1"; of those of the connection
// the name alone. Each write holds whole frames.
inline std::vector<std::string> FramesOf(const std::vector<std::string>& writes) {
  constexpr std::size_t kFrameHead = 9;
  constexpr std::array<const char*, 9> kNames = {"DATA",       "HEADERS",  "PRIORITY",
                                                 "RST_STREAM", "SETTINGS", "PUSH_PROMISE",
                                                 "PING",       "GOAWAY",   "WINDOW_UPDATE"};
  std::vector<std::string> carried;
  for (const std::string& write : writes) {
    std::string frames;
    std::string_view rest = write;
    while (rest.size() >= kFrameHead) {
      const auto number = [&rest](std::size_t at, std::size_t bytes) {
        std::size_t value = 0;
        for (std::size_t i = at; i < at + bytes; ++i) {
          value = value << 8 | static_cast<unsigned char>(rest[i]);
        }
        return value;
      };
      const std::size_t type = number(3, 1);
      const std::size_t stream = number(5, 4);
      if (!frames.empty()) frames += ' ';
      frames += type < kNames.size() ? kNames[type] : "?";
      if (stream != 0) frames += ' ' + std::to_string(stream);
      const std::size_t size = kFrameHead + number(0, 3);
      rest.remove_prefix(size <= rest.size() ? size : rest.size());
    }
    carried.push_back(frames);
  }
  return carried;
}

}  // namespace weft::testing
