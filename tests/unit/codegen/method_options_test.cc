#include "codegen/method_options.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "codegen/generator.h"
#include "schema.h"
#include "weft/options.pb.h"

namespace weft::codegen {
namespace {

using google::protobuf::compiler::CodeGeneratorRequest;
using google::protobuf::compiler::CodeGeneratorResponse;

// What protoc makes of the method's options before it gives them to a plugin.
const google::protobuf::FileDescriptor* FileWith(Schema& schema,
                                                 const google::protobuf::MethodOptions& options) {
  return schema.Add("a.proto", R"(syntax = "proto3"; package p; message M {}
service S {
  rpc Plain(M) returns (M);
  rpc Call(M) returns (M) {}
})",
                    [&](google::protobuf::FileDescriptorProto& file) {
                      *file.mutable_service(0)->mutable_method(1)->mutable_options() = options;
                    });
}

std::vector<std::string> Items(const google::protobuf::MethodOptions& options) {
  Schema schema;
  const FileModel model = BuildModel(*FileWith(schema, options));
  EXPECT_TRUE(MethodOptionItems(model, model.services[0].methods[0]).empty());
  return MethodOptionItems(model, model.services[0].methods[1]);
}

std::string Errors(const google::protobuf::MethodOptions& options) {
  Schema schema;
  return MethodOptionErrors(*FileWith(schema, options));
}

using Strings = std::vector<std::string>;

TEST(MethodOptionsTest, NoneAddsNothing) {
  const google::protobuf::MethodOptions options;
  EXPECT_EQ(Items(options), Strings());
  EXPECT_EQ(Errors(options), "");
}

TEST(MethodOptionsTest, PriorityIsWrittenAsItIsSaid) {
  google::protobuf::MethodOptions options;
  MethodPriority& priority = *options.MutableExtension(method_priority);
  EXPECT_EQ(Items(options), Strings({"weft::Priority(3)"}));
  priority.set_incremental(true);
  EXPECT_EQ(Items(options), Strings({"weft::Priority(3, /*incremental=*/true)"}));
  priority.set_urgency(0);
  EXPECT_EQ(Items(options), Strings({"weft::Priority(0, /*incremental=*/true)"}));
  priority.clear_incremental();
  priority.set_urgency(7);
  EXPECT_EQ(Items(options), Strings({"weft::Priority(7)"}));
  EXPECT_EQ(Errors(options), "");
}

TEST(MethodOptionsTest, FlushStandsBehindThePriority) {
  google::protobuf::MethodOptions options;
  MethodFlush& flush = *options.MutableExtension(method_flush);
  flush.set_at_once(true);
  EXPECT_EQ(Items(options), Strings({"/*priority=*/std::nullopt", "weft::FlushPolicy::AtOnce()"}));
  flush.set_each_pass(true);
  EXPECT_EQ(Items(options),
            Strings({"/*priority=*/std::nullopt", "weft::FlushPolicy::EachPass()"}));
  flush.set_up_to_microseconds(250);
  options.MutableExtension(method_priority)->set_urgency(1);
  EXPECT_EQ(Items(options), Strings({"weft::Priority(1)",
                                     "weft::FlushPolicy::UpTo(std::chrono::microseconds(250))"}));
  EXPECT_EQ(Errors(options), "");
}

TEST(MethodOptionsTest, UrgencyAboveSevenIsAnError) {
  google::protobuf::MethodOptions options;
  options.MutableExtension(method_priority)->set_urgency(8);
  EXPECT_EQ(Errors(options),
            "line 4: method p.S.Call: option (weft.method_priority).urgency is 8; it must be 0 "
            "(first) to 7 (last)");
  options.MutableExtension(method_priority)->set_urgency(0xffffffff);
  EXPECT_NE(Errors(options).find("urgency is 4294967295"), std::string::npos);
}

TEST(MethodOptionsTest, FlushThatSaysNothingIsAnError) {
  google::protobuf::MethodOptions options;
  MethodFlush& flush = *options.MutableExtension(method_flush);
  EXPECT_NE(Errors(options).find("(weft.method_flush) says no policy"), std::string::npos);
  flush.set_at_once(false);
  EXPECT_NE(Errors(options).find("at_once is false"), std::string::npos);
  flush.set_each_pass(false);
  EXPECT_NE(Errors(options).find("each_pass is false"), std::string::npos);
  flush.set_up_to_microseconds(0);
  EXPECT_NE(Errors(options).find("up_to_microseconds is 0"), std::string::npos);
}

TEST(MethodOptionsTest, FlushDelayAboveASecondIsAnError) {
  google::protobuf::MethodOptions options;
  MethodFlush& flush = *options.MutableExtension(method_flush);
  flush.set_up_to_microseconds(1'000'000);
  EXPECT_EQ(Errors(options), "");
  flush.set_up_to_microseconds(1'000'001);
  EXPECT_EQ(Errors(options),
            "line 4: method p.S.Call: option (weft.method_flush).up_to_microseconds is 1000001; it "
            "may be a second at most");
}

TEST(MethodOptionsTest, PluginRefusesTheFileAndNamesTheLine) {
  google::protobuf::MethodOptions options;
  options.MutableExtension(method_priority)->set_urgency(9);
  Schema schema;
  CodeGeneratorRequest request;
  MethodPriority::descriptor()->file()->dependency(0)->CopyTo(request.add_proto_file());
  google::protobuf::FileDescriptorProto& file = *request.add_proto_file();
  const google::protobuf::FileDescriptor& parsed = *FileWith(schema, options);
  parsed.CopyTo(&file);
  parsed.CopySourceCodeInfoTo(&file);
  request.add_file_to_generate("a.proto");
  CodeGeneratorRequest sent;  // as the plugin sees it
  ASSERT_TRUE(sent.ParseFromString(request.SerializeAsString()));
  const CodeGeneratorResponse answer = Answer(sent);
  EXPECT_EQ(answer.error(),
            "a.proto: line 4: method p.S.Call: option (weft.method_priority).urgency is 9; it must "
            "be 0 (first) to 7 (last)");
  EXPECT_EQ(answer.file_size(), 0);
}

}  // namespace
}  // namespace weft::codegen
