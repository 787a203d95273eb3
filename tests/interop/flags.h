#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft::testing {

// Command-line flags: `--name=value` or `--name value`; `-` and `_` in names are the same. A
// program adds its flags, then parses once.
class Flags {
 public:
  // The value stays as it is when the flag is not given. `value` must outlive Parse.
  void Add(std::string_view name, std::string* value);
  void Add(std::string_view name, std::int64_t* value);
  void Add(std::string_view name, bool* value);

  // Ends the program with code 2 and says why when an argument is not understood.
  void Parse(int argc, char** argv);

 private:
  struct Flag {
    std::string name;
    std::string* text = nullptr;
    std::int64_t* number = nullptr;
    bool* boolean = nullptr;
  };

  void Set(const Flag& flag, const std::string& value);
  [[noreturn]] void Fail(const std::string& reason) const;

  std::vector<Flag> flags_;
  std::string program_;
};

}  // namespace weft::testing
