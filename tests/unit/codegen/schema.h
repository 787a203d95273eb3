#pragma once

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <functional>
#include <string>

namespace weft::codegen {

// A pool of .proto files given as text, each before those that import it.
class Schema {
 public:
  // Null if the text is not a valid .proto. `change` may add to what was parsed.
  const google::protobuf::FileDescriptor* Add(
      const std::string& name, const std::string& text,
      const std::function<void(google::protobuf::FileDescriptorProto&)>& change = nullptr) {
    google::protobuf::io::ArrayInputStream in(text.data(), static_cast<int>(text.size()));
    google::protobuf::io::Tokenizer tokenizer(&in, nullptr);
    google::protobuf::FileDescriptorProto proto;
    google::protobuf::compiler::Parser parser;
    if (!parser.Parse(&tokenizer, &proto)) return nullptr;
    proto.set_name(name);
    if (change) change(proto);
    return pool_.BuildFile(proto);
  }

 private:
  google::protobuf::DescriptorPool pool_;
};

}  // namespace weft::codegen
