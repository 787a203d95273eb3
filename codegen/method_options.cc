#include "method_options.h"

#include <google/protobuf/descriptor.pb.h>

#include "weft/options.pb.h"

namespace weft::codegen {

namespace {

constexpr unsigned kLeastUrgent = 7;
// In microseconds: the runtime's kLongestFlushDelay.
constexpr unsigned kLongestDelay = 1'000'000;

std::string WhatIsWrong(const google::protobuf::MethodOptions& options) {
  const MethodPriority& priority = options.GetExtension(method_priority);
  if (priority.urgency() > kLeastUrgent) {
    return "(weft.method_priority).urgency is " + std::to_string(priority.urgency()) +
           "; it must be 0 (first) to 7 (last)";
  }
  if (!options.HasExtension(method_flush)) return "";
  const MethodFlush& flush = options.GetExtension(method_flush);
  switch (flush.policy_case()) {
    case MethodFlush::kEachPass:
      return flush.each_pass() ? "" : "(weft.method_flush).each_pass is false; say another policy";
    case MethodFlush::kAtOnce:
      return flush.at_once() ? "" : "(weft.method_flush).at_once is false; say another policy";
    case MethodFlush::kUpToMicroseconds:
      if (flush.up_to_microseconds() == 0) {
        return "(weft.method_flush).up_to_microseconds is 0; say each_pass: true for no delay";
      }
      return flush.up_to_microseconds() <= kLongestDelay
                 ? ""
                 : "(weft.method_flush).up_to_microseconds is " +
                       std::to_string(flush.up_to_microseconds()) + "; it may be a second at most";
    case MethodFlush::POLICY_NOT_SET:
      break;
  }
  return "(weft.method_flush) says no policy; say each_pass, at_once or up_to_microseconds";
}

}  // namespace

std::string MethodOptionErrors(const google::protobuf::FileDescriptor& file) {
  std::string errors;
  for (int i = 0; i < file.service_count(); ++i) {
    for (int j = 0; j < file.service(i)->method_count(); ++j) {
      const google::protobuf::MethodDescriptor& method = *file.service(i)->method(j);
      const std::string wrong = WhatIsWrong(method.options());
      if (wrong.empty()) continue;
      if (!errors.empty()) errors += "\n";
      google::protobuf::SourceLocation place;
      if (method.GetSourceLocation(&place)) {
        errors += "line " + std::to_string(place.start_line + 1) + ": ";
      }
      errors += "method " + std::string(method.full_name()) + ": option " + wrong;
    }
  }
  return errors;
}

std::vector<std::string> MethodOptionItems(const FileModel& file, const MethodModel& method) {
  std::vector<std::string> items;
  const google::protobuf::MethodOptions& options = method.descriptor->options();
  const bool flushes = options.HasExtension(method_flush);
  if (options.HasExtension(method_priority)) {
    const MethodPriority& priority = options.GetExtension(method_priority);
    // An urgency that is not said is the default of RFC 9218.
    const unsigned urgency = priority.has_urgency() ? priority.urgency() : 3;
    items.push_back(file.weft + "::Priority(" + std::to_string(urgency) +
                    (priority.incremental() ? ", /*incremental=*/true)" : ")"));
  } else if (flushes) {
    items.push_back("/*priority=*/" + file.stdlib + "::nullopt");
  }
  if (flushes) {
    const MethodFlush& flush = options.GetExtension(method_flush);
    std::string policy = file.weft + "::FlushPolicy::";
    if (flush.at_once()) {
      policy += "AtOnce()";
    } else if (flush.up_to_microseconds() > 0) {
      policy += "UpTo(" + file.stdlib + "::chrono::microseconds(" +
                std::to_string(flush.up_to_microseconds()) + "))";
    } else {
      policy += "EachPass()";
    }
    items.push_back(std::move(policy));
  }
  return items;
}

}  // namespace weft::codegen
