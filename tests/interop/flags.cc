#include "flags.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>

namespace weft::testing {

namespace {

std::string Normalized(std::string_view name) {
  std::string result(name);
  std::replace(result.begin(), result.end(), '-', '_');
  return result;
}

}  // namespace

void Flags::Add(std::string_view name, std::string* value) {
  flags_.push_back({.name = Normalized(name), .text = value});
}

void Flags::Add(std::string_view name, std::int64_t* value) {
  flags_.push_back({.name = Normalized(name), .number = value});
}

void Flags::Add(std::string_view name, bool* value) {
  flags_.push_back({.name = Normalized(name), .boolean = value});
}

void Flags::Fail(const std::string& reason) const {
  std::cerr << program_ << ": " << reason << "; flags:";
  for (const Flag& flag : flags_) std::cerr << " --" << flag.name;
  std::cerr << "\n";
  std::exit(2);
}

void Flags::Set(const Flag& flag, const std::string& value) {
  if (flag.text != nullptr) {
    *flag.text = value;
  } else if (flag.boolean != nullptr) {
    if (value != "true" && value != "false") Fail("--" + flag.name + " is true or false");
    *flag.boolean = value == "true";
  } else {
    const char* end = value.data() + value.size();
    const std::from_chars_result read = std::from_chars(value.data(), end, *flag.number);
    if (read.ec != std::errc() || read.ptr != end) {
      Fail("--" + flag.name + " is a number, not \"" + value + "\"");
    }
  }
}

void Flags::Parse(int argc, char** argv) {
  program_ = argv[0];
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (!argument.starts_with("--")) Fail("\"" + std::string(argument) + "\" is no flag");
    argument.remove_prefix(2);
    const std::size_t equals = argument.find('=');
    const std::string name = Normalized(argument.substr(0, equals));
    const auto flag = std::find_if(flags_.begin(), flags_.end(),
                                   [&](const Flag& known) { return known.name == name; });
    if (flag == flags_.end()) Fail("--" + name + " is not known");
    if (equals != std::string_view::npos) {
      Set(*flag, std::string(argument.substr(equals + 1)));
    } else if (flag->boolean != nullptr) {
      Set(*flag, "true");
    } else if (i + 1 < argc) {
      Set(*flag, argv[++i]);
    } else {
      Fail("--" + name + " needs a value");
    }
  }
}

}  // namespace weft::testing
