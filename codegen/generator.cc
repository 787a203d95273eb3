#include "generator.h"

#include <google/protobuf/compiler/plugin.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <memory>
#include <utility>
#include <vector>

#include "method_options.h"

namespace weft::codegen {

namespace {

struct Options {
  bool mocks = true;
};

bool ParseOptions(const std::string& parameter, Options& options, std::string& error) {
  std::vector<std::pair<std::string, std::string>> pairs;
  google::protobuf::compiler::ParseGeneratorParameter(parameter, &pairs);
  for (const auto& [key, value] : pairs) {
    if (key != "mocks") {
      error = "protoc-gen-weft: unknown option \"" + key + "\"; the only one is mocks=true|false";
      return false;
    }
    if (value != "true" && value != "false") {
      error = "protoc-gen-weft: option mocks is \"" + value + "\"; it must be true or false";
      return false;
    }
    options.mocks = value == "true";
  }
  return true;
}

void Emit(google::protobuf::compiler::GeneratorContext& context, const std::string& name,
          const std::string& text) {
  const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> file(context.Open(name));
  google::protobuf::io::CodedOutputStream out(file.get());
  out.WriteString(text);
}

}  // namespace

bool Generator::Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                         google::protobuf::compiler::GeneratorContext* context,
                         std::string* error) const {
  Options options;
  if (!ParseOptions(parameter, options, *error)) return false;
  *error = MethodOptionErrors(*file);
  if (!error->empty()) return false;
  const FileModel model = BuildModel(*file);
  Emit(*context, model.base + ".weft.h", HeaderText(model));
  Emit(*context, model.base + ".weft.cc", SourceText(model));
  if (options.mocks) Emit(*context, model.base + ".weft.mock.h", MockText(model));
  return true;
}

google::protobuf::compiler::CodeGeneratorResponse Answer(
    const google::protobuf::compiler::CodeGeneratorRequest& request) {
  google::protobuf::compiler::CodeGeneratorResponse response;
  for (const google::protobuf::FileDescriptorProto& file : request.proto_file()) {
    const std::string& syntax = file.syntax();
    if (syntax.empty() || syntax == "proto2" || syntax == "proto3") continue;
    response.set_supported_features(Generator().GetSupportedFeatures());
    response.set_error(file.name() + ": " +
                       (syntax == "editions" ? "edition" : "syntax \"" + syntax + "\"") +
                       " files are not supported by this protoc-gen-weft; use proto2 or proto3");
    return response;
  }
  std::string error;
  if (!google::protobuf::compiler::GenerateCode(request, Generator(), &response, &error)) {
    response.set_error(error);
  }
  return response;
}

}  // namespace weft::codegen
