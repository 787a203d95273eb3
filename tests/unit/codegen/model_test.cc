#include "codegen/model.h"

#include "gtest/gtest.h"

#include "schema.h"

namespace weft::codegen {
namespace {

TEST(ModelTest, PlainNamesNeedNoLeadingColons) {
  Schema schema;
  const auto* file = schema.Add("greet/v1/greet.proto", R"(syntax = "proto3"; package greet.v1;
      message Q { message In {} }
      service Greeter { rpc Hello(Q) returns (stream Q.In); rpc Chat(stream Q) returns (stream Q); })");
  ASSERT_NE(file, nullptr);
  const FileModel model = BuildModel(*file);
  EXPECT_EQ(model.base, "greet/v1/greet");
  EXPECT_EQ(model.cpp_namespace, "greet::v1");
  EXPECT_EQ(model.weft, "weft");
  ASSERT_EQ(model.services.size(), 1u);
  const ServiceModel& service = model.services[0];
  EXPECT_EQ(service.name, "Greeter");
  ASSERT_EQ(service.methods.size(), 2u);
  EXPECT_EQ(service.methods[0].path, "/greet.v1.Greeter/Hello");
  EXPECT_EQ(service.methods[0].kind, MethodKind::kServerStream);
  EXPECT_EQ(service.methods[0].request, "Q");
  EXPECT_EQ(service.methods[0].reply, "Q_In");
  EXPECT_EQ(service.methods[1].kind, MethodKind::kBidi);
}

TEST(ModelTest, RenamedMethodKeepsItsPath) {
  Schema schema;
  const auto* file = schema.Add("a.proto", R"(syntax = "proto3"; package p; message M {}
      service S { rpc delete(M) returns (M); rpc delete_(M) returns (M); })");
  ASSERT_NE(file, nullptr);
  const ServiceModel service = BuildModel(*file).services.at(0);
  EXPECT_EQ(service.methods[0].name, "delete__");
  EXPECT_EQ(service.methods[0].path, "/p.S/delete");
  EXPECT_EQ(service.methods[1].name, "delete_");
}

TEST(ModelTest, MessageNamedLikeAMethodIsFullyQualified) {
  Schema schema;
  const auto* file = schema.Add("a.proto", R"(syntax = "proto3"; package p; message Hello {}
      service S { rpc Hello(.p.Hello) returns (.p.Hello); })");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(BuildModel(*file).services.at(0).methods[0].request, "p::Hello");
}

TEST(ModelTest, PackageSegmentNamedLikeARootNamespaceForcesLeadingColons) {
  Schema schema;
  const auto* file = schema.Add("a.proto", R"(syntax = "proto3"; package p.weft; message M {}
      service S { rpc Call(M) returns (M); })");
  ASSERT_NE(file, nullptr);
  const FileModel model = BuildModel(*file);
  EXPECT_EQ(model.weft, "::weft");
  EXPECT_EQ(model.absl, "absl");
}

TEST(ModelTest, ServiceWithoutPackageCannotBeNamedLikeANamespace) {
  Schema schema;
  const auto* file = schema.Add("a.proto", R"(syntax = "proto3"; message M {}
      service weft { rpc Call(M) returns (M); } service weft_ {})");
  ASSERT_NE(file, nullptr);
  const FileModel model = BuildModel(*file);
  EXPECT_EQ(model.services[0].name, "weft__");
  EXPECT_EQ(model.services[1].name, "weft_");
  EXPECT_EQ(model.services[0].methods[0].request, "M");
}

TEST(ModelTest, FunctionsOfDifferentServicesNeverShareAName) {
  Schema schema;
  const auto* file = schema.Add("a.proto", R"(syntax = "proto3"; package p; message M {}
      service A { rpc BC(M) returns (M); } service AB { rpc C(M) returns (M); })");
  ASSERT_NE(file, nullptr);
  const FileModel model = BuildModel(*file);
  EXPECT_NE(model.services[0].methods[0].handler, model.services[1].methods[0].handler);
}

}  // namespace
}  // namespace weft::codegen
