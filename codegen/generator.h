#pragma once

#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/compiler/plugin.pb.h>

#include <cstdint>
#include <string>

#include "model.h"

namespace weft::codegen {

std::string HeaderText(const FileModel& file);  // NAME.weft.h
std::string SourceText(const FileModel& file);  // NAME.weft.cc
std::string MockText(const FileModel& file);    // NAME.weft.mock.h

// Writes the three files of a .proto. Stateless: the same input gives the same bytes.
class Generator : public google::protobuf::compiler::CodeGenerator {
 public:
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context,
                std::string* error) const override;
  uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }
};

// What the plugin answers protoc. Files that libprotoc here may not know how to build are refused
// by name first.
google::protobuf::compiler::CodeGeneratorResponse Answer(
    const google::protobuf::compiler::CodeGeneratorRequest& request);

}  // namespace weft::codegen
