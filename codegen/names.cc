#include "names.h"

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <array>

namespace weft::codegen {

namespace cpp = google::protobuf::compiler::cpp;

namespace {

constexpr auto kKeywords = std::to_array<std::string_view>({
    "alignas",       "alignof",     "and",
    "and_eq",        "asm",         "auto",
    "bitand",        "bitor",       "bool",
    "break",         "case",        "catch",
    "char",          "char16_t",    "char32_t",
    "char8_t",       "class",       "co_await",
    "co_return",     "co_yield",    "compl",
    "concept",       "const",       "const_cast",
    "consteval",     "constexpr",   "constinit",
    "continue",      "decltype",    "default",
    "delete",        "do",          "double",
    "dynamic_cast",  "else",        "enum",
    "explicit",      "export",      "extern",
    "false",         "float",       "for",
    "friend",        "goto",        "if",
    "inline",        "int",         "long",
    "mutable",       "namespace",   "new",
    "noexcept",      "not",         "not_eq",
    "nullptr",       "operator",    "or",
    "or_eq",         "private",     "protected",
    "public",        "register",    "reinterpret_cast",
    "requires",      "return",      "short",
    "signed",        "sizeof",      "static",
    "static_assert", "static_cast", "struct",
    "switch",        "template",    "this",
    "thread_local",  "throw",       "true",
    "try",           "typedef",     "typeid",
    "typename",      "typeof",      "union",
    "unsigned",      "using",       "virtual",
    "void",          "volatile",    "wchar_t",
    "while",         "xor",         "xor_eq",
});

constexpr auto kMacros = std::to_array<std::string_view>({
    // the language's headers
    "NULL",
    "EOF",
    "errno",
    "assert",
    "stdin",
    "stdout",
    "stderr",
    "offsetof",
    "setjmp",
    "va_arg",
    "va_copy",
    "va_end",
    "va_start",
    "BUFSIZ",
    "FILENAME_MAX",
    "RAND_MAX",
    "EXIT_FAILURE",
    "EXIT_SUCCESS",
    "CLOCKS_PER_SEC",
    "INFINITY",
    "NAN",
    "HUGE",
    "HUGE_VAL",
    "DOMAIN",
    "SING",
    "OVERFLOW",
    "UNDERFLOW",
    "PLOSS",
    "TLOSS",
    "I",
    "CHAR_BIT",
    "CHAR_MAX",
    "CHAR_MIN",
    "INT_MAX",
    "INT_MIN",
    "LONG_MAX",
    "LONG_MIN",
    "UINT_MAX",
    "SIZE_MAX",
    "SEEK_CUR",
    "SEEK_END",
    "SEEK_SET",
    "TRUE",
    "FALSE",
    // the system's
    "linux",
    "unix",
    "i386",
    "major",
    "minor",
    "makedev",
    "DELETE",
    "IN",
    "OUT",
    "ECHO",
    "EAGAIN",
    "EINTR",
    "EINVAL",
    "ENOENT",
    "EPERM",
    "EIO",
    "EXDEV",
    "NOERROR",
    "st_atime",
    "st_ctime",
    "st_mtime",
    "sa_handler",
    "s6_addr",
    "htonl",
    "htons",
    "ntohl",
    "ntohs",
    "MIN",
    "MAX",
    // abseil's and gtest's
    "LOG",
    "VLOG",
    "DLOG",
    "CHECK",
    "DCHECK",
    "TEST",
    "TEST_F",
    "TEST_P",
    "FAIL",
    "SUCCEED",
    "ADD_FAILURE",
    "MATCHER",
    "ACTION",
    "GTEST_FAIL",
    "GTEST_SUCCEED",
    "GTEST_TEST",
});

constexpr auto kNamesOfRuntime = std::to_array<std::string_view>({"BlockOn",
                                                                  "BlockingReader",
                                                                  "BlockingReaderWriter",
                                                                  "BlockingWriter",
                                                                  "Bytes",
                                                                  "Channel",
                                                                  "ChannelOptions",
                                                                  "ClientContext",
                                                                  "ClientReader",
                                                                  "ClientReaderWriter",
                                                                  "ClientWriter",
                                                                  "Clock",
                                                                  "DrainNotice",
                                                                  "Duration",
                                                                  "Event",
                                                                  "EventLoop",
                                                                  "FlushPolicy",
                                                                  "HealthService",
                                                                  "Input",
                                                                  "LogLevel",
                                                                  "LogSink",
                                                                  "MappedFile",
                                                                  "MemoryBudget",
                                                                  "MetadataView",
                                                                  "Method",
                                                                  "MethodInfo",
                                                                  "MethodKind",
                                                                  "MockHost",
                                                                  "OnWorker",
                                                                  "Priority",
                                                                  "Random",
                                                                  "RawService",
                                                                  "RawStub",
                                                                  "ResumeOn",
                                                                  "Server",
                                                                  "ServerContext",
                                                                  "ServerOptions",
                                                                  "ServerReader",
                                                                  "ServerReaderWriter",
                                                                  "ServerWriter",
                                                                  "Service",
                                                                  "SetLogSink",
                                                                  "Sleep",
                                                                  "SleepUntil",
                                                                  "Spawn",
                                                                  "StubBase",
                                                                  "Task",
                                                                  "TimePoint",
                                                                  "UnaryCall",
                                                                  "UnaryCallInto",
                                                                  "UnimplementedStatus",
                                                                  "UnimplementedTask",
                                                                  "WhenAll",
                                                                  "WorkerPool",
                                                                  "internal",
                                                                  "kNever",
                                                                  "kVersion"});

// Of the generated classes, then of weft::Service and weft::StubBase.
constexpr auto kMembers = std::to_array<std::string_view>({
    "Service",
    "BlockingService",
    "Stub",
    "MockStub",
    "methods",
    "stub",
    "host_",
    "StubBase",
    "StartUnary",
    "StartServerStream",
    "StartClientStream",
    "StartBidi",
    "channel",
    "channel_",
});

// Every package around and including `package`, from the inside out, ending with the global one.
template <typename Visit>
bool AnyEnclosing(std::string_view package, Visit visit) {
  while (!package.empty()) {
    if (visit(package)) return true;
    const size_t dot = package.rfind('.');
    package = dot == std::string_view::npos ? std::string_view() : package.substr(0, dot);
  }
  return false;
}

std::string Joined(std::string_view package, std::string_view name) {
  std::string joined(package);
  if (!joined.empty()) joined += '.';
  return joined.append(name);
}

}  // namespace

bool IsKeywordOrMacro(std::string_view name) {
  return std::ranges::find(kKeywords, name) != kKeywords.end() ||
         std::ranges::find(kMacros, name) != kMacros.end();
}

bool IsMemberOfGeneratedClasses(std::string_view name) {
  // MOCK_METHOD derives names that begin so from each method.
  return name.starts_with("gmock") || std::ranges::find(kMembers, name) != kMembers.end();
}

std::span<const std::string_view> NamesOfRuntime() { return kNamesOfRuntime; }

VisibleNames::VisibleNames(const google::protobuf::FileDescriptor& file) { AddFile(file); }

void VisibleNames::AddFile(const google::protobuf::FileDescriptor& file) {
  if (!seen_files_.insert(std::string(file.name())).second) return;
  // A copy: newer versions of protobuf give a view.
  const std::string package(file.package());  // NOLINT(performance-unnecessary-copy-initialization)
  AnyEnclosing(package, [&](std::string_view p) {
    names_.emplace(p);
    return false;
  });
  for (int i = 0; i < file.message_type_count(); ++i) AddMessage(package, *file.message_type(i));
  for (int i = 0; i < file.enum_type_count(); ++i) AddEnum(package, *file.enum_type(i));
  for (int i = 0; i < file.extension_count(); ++i) {
    names_.insert(Joined(package, file.extension(i)->name()));
  }
  for (int i = 0; i < file.service_count(); ++i) {
    const std::string name = Joined(package, file.service(i)->name());
    if (!file.options().cc_generic_services()) continue;
    // protobuf makes its own classes of these names then.
    names_.insert(name);
    names_.insert(name + "_Stub");
  }
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i));
}

void VisibleNames::AddMessage(const std::string& package,
                              const google::protobuf::Descriptor& message) {
  const std::string name = Joined(package, cpp::ClassName(&message));
  names_.insert(name);
  names_.insert(name + "DefaultTypeInternal");
  for (int i = 0; i < message.nested_type_count(); ++i)
    AddMessage(package, *message.nested_type(i));
  for (int i = 0; i < message.enum_type_count(); ++i) AddEnum(package, *message.enum_type(i));
}

void VisibleNames::AddEnum(const std::string& package,
                           const google::protobuf::EnumDescriptor& type) {
  const std::string name = cpp::ClassName(&type);
  names_.insert(Joined(package, name));
  for (std::string_view suffix :
       {"_MIN", "_MAX", "_ARRAYSIZE", "_Name", "_Parse", "_IsValid", "_descriptor"}) {
    names_.insert(Joined(package, name + std::string(suffix)));
  }
  // The values of a nested enum stand beside it, with its name in front.
  const std::string prefix = type.containing_type() == nullptr ? "" : name + "_";
  for (int i = 0; i < type.value_count(); ++i) {
    names_.insert(Joined(package, prefix + cpp::EnumValueName(type.value(i))));
  }
}

bool VisibleNames::Hides(std::string_view package, std::string_view name) const {
  return AnyEnclosing(package, [&](std::string_view p) { return Holds(p, name); });
}

bool VisibleNames::Holds(std::string_view package, std::string_view name) const {
  return names_.contains(Joined(package, name));
}

}  // namespace weft::codegen
