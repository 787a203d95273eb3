#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

namespace weft::codegen {

enum class MethodKind { kUnary, kServerStream, kClientStream, kBidi };

// What the three files of one .proto are written from: its services with every C++ name decided.
// Points into the descriptor, which must outlive it.
struct MethodModel {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  MethodKind kind = MethodKind::kUnary;
  std::string name;  // of the member functions
  std::string path;  // "/package.Service/Method", as on the wire
  std::string request, reply;
  std::string handler, blocking_handler;  // the functions that the method tables point to
};

struct ServiceModel {
  const google::protobuf::ServiceDescriptor* descriptor = nullptr;
  std::string name;
  std::string table, prototype;  // names in the .cc: the array of MethodInfo, the function template
  std::vector<MethodModel> methods;
};

struct FileModel {
  const google::protobuf::FileDescriptor* descriptor = nullptr;
  std::string base;                        // file name without .proto
  std::string cpp_namespace;               // "greet::v1"; empty without a package
  std::string weft, absl, stdlib, google;  // how to spell these namespaces here: "weft" or "::weft"
  std::vector<ServiceModel> services;
};

FileModel BuildModel(const google::protobuf::FileDescriptor& file);

}  // namespace weft::codegen
