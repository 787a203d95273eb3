#pragma once

#include <google/protobuf/descriptor.h>

#include <set>
#include <span>
#include <string>
#include <string_view>

namespace weft::codegen {

// Names of one C++ scope. Claim() gives `wanted`, or, if it is taken, `wanted` with underscores
// after it.
class NameScope {
 public:
  void Take(std::string name) { taken_.insert(std::move(name)); }
  bool Has(const std::string& name) const { return taken_.contains(name); }
  std::string Claim(std::string wanted) {
    while (!taken_.insert(wanted).second) wanted.push_back('_');
    return wanted;
  }

 private:
  std::set<std::string> taken_;
};

// Keywords of C++20, and macros that standard, system, abseil and gtest headers define on Linux:
// neither can name a member function or a class.
bool IsKeywordOrMacro(std::string_view name);

// Names that a service cannot give to a method: it would hide, override or redefine a member of the
// generated classes or of their bases.
bool IsMemberOfGeneratedClasses(std::string_view name);

// What the headers of the runtime define in `weft` itself: a service of that package would redefine
// it.
std::span<const std::string_view> NamesOfRuntime();

// What a file sees of its surroundings: every symbol of the file and of what it imports, as C++
// names.
class VisibleNames {
 public:
  explicit VisibleNames(const google::protobuf::FileDescriptor& file);

  // Whether `name`, looked up from inside `package`, finds something in it or in a package around
  // it.
  bool Hides(std::string_view package, std::string_view name) const;

  // Whether `package` itself holds a C++ symbol or a nested package of this name.
  bool Holds(std::string_view package, std::string_view name) const;

 private:
  void AddFile(const google::protobuf::FileDescriptor& file);
  void AddMessage(const std::string& prefix, const google::protobuf::Descriptor& message);
  void AddEnum(const std::string& prefix, const google::protobuf::EnumDescriptor& type);

  std::set<std::string> seen_files_;
  std::set<std::string> names_;  // "package.CppName"; "CppName" in the global namespace
};

}  // namespace weft::codegen
