#include <iostream>

#include "generator.h"

// Run by protoc: a CodeGeneratorRequest comes on standard input, a CodeGeneratorResponse goes to
// standard output.
int main(int argc, char**) {
  if (argc > 1) {
    std::cerr << "protoc-gen-weft is run by protoc: protoc --weft_out=DIR "
                 "--plugin=protoc-gen-weft=/path/to/protoc-gen-weft FILE.proto\n"
                 "Option: --weft_opt=mocks=true|false (default true) for FILE.weft.mock.h\n";
    return 2;
  }
  google::protobuf::compiler::CodeGeneratorRequest request;
  if (!request.ParseFromIstream(&std::cin)) {
    std::cerr << "protoc-gen-weft: standard input is not a CodeGeneratorRequest of protoc\n";
    return 1;
  }
  if (!weft::codegen::Answer(request).SerializeToOstream(&std::cout) || !std::cout.flush()) {
    std::cerr << "protoc-gen-weft: cannot write the answer to standard output\n";
    return 1;
  }
  return 0;
}
