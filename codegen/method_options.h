#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "model.h"

namespace weft::codegen {

// What is wrong with the options of weft/options.proto on a file's methods, by line and method;
// empty when nothing is.
std::string MethodOptionErrors(const google::protobuf::FileDescriptor& file);

// The items that these options add to a method's MethodInfo: none without options. Only for a file
// without errors.
std::vector<std::string> MethodOptionItems(const FileModel& file, const MethodModel& method);

}  // namespace weft::codegen
