#include "codegen/names.h"

#include "gtest/gtest.h"

#include "schema.h"

namespace weft::codegen {
namespace {

TEST(NameScopeTest, TakenNamesGetUnderscores) {
  NameScope scope;
  scope.Take("a");
  EXPECT_EQ(scope.Claim("a"), "a_");
  EXPECT_EQ(scope.Claim("a"), "a__");
  EXPECT_EQ(scope.Claim("b"), "b");
  EXPECT_TRUE(scope.Has("a__"));
}

TEST(NamesTest, OrdinaryMethodNamesStayAsTheyAre) {
  for (const char* name : {"SayHello", "Register", "Wait", "GetMessage", "Read", "Write", "final",
                           "override", "import", "module", "Cancel", "Finish"}) {
    EXPECT_FALSE(IsKeywordOrMacro(name)) << name;
    EXPECT_FALSE(IsMemberOfGeneratedClasses(name)) << name;
  }
}

TEST(NamesTest, KeywordsMacrosAndMembersAreKnown) {
  for (const char* name :
       {"class", "delete", "operator", "co_await", "NULL", "EOF", "DOMAIN", "unix", "errno"}) {
    EXPECT_TRUE(IsKeywordOrMacro(name)) << name;
  }
  for (const char* name : {"Service", "Stub", "methods", "stub", "StubBase", "gmock_X"}) {
    EXPECT_TRUE(IsMemberOfGeneratedClasses(name)) << name;
  }
}

TEST(VisibleNamesTest, HoldsNamesAsCppFlattensThem) {
  Schema schema;
  const auto* file = schema.Add("a.proto", R"(syntax = "proto3"; package p.q;
      message M { message N { enum E { X = 0; } } }
      enum Top { T = 0; })");
  ASSERT_NE(file, nullptr);
  const VisibleNames names(*file);
  for (const char* name : {"M", "M_N", "M_N_E", "M_N_E_X", "M_N_E_Name", "Top", "T", "Top_Parse"}) {
    EXPECT_TRUE(names.Holds("p.q", name)) << name;
  }
  EXPECT_FALSE(names.Holds("p.q", "N"));
  EXPECT_FALSE(names.Holds("p.q", "q"));
  EXPECT_TRUE(names.Holds("p", "q"));
}

TEST(VisibleNamesTest, HidesLooksInPackagesAroundButNotInTheGlobalOne) {
  Schema schema;
  ASSERT_NE(schema.Add("a.proto", R"(syntax = "proto3"; package p.weft; message A {})"), nullptr);
  ASSERT_NE(
      schema.Add("b.proto", R"(syntax = "proto3"; import "a.proto"; package p.q; message B {})"),
      nullptr);
  const auto* file =
      schema.Add("c.proto", R"(syntax = "proto3"; import "b.proto"; package p.q.r; message C {})");
  ASSERT_NE(file, nullptr);
  const VisibleNames names(*file);
  EXPECT_TRUE(names.Hides("p.q.r", "weft"));
  EXPECT_TRUE(names.Hides("p.q.r", "B"));
  EXPECT_FALSE(names.Hides("p.q.r", "absl"));
  EXPECT_FALSE(names.Hides("p.q.r", "p"));
}

TEST(VisibleNamesTest, ServicesThatProtobufGeneratesTooAreTaken) {
  Schema schema;
  const auto* file =
      schema.Add("a.proto", R"(syntax = "proto2"; package p; option cc_generic_services = true;
      service S {})");
  ASSERT_NE(file, nullptr);
  EXPECT_TRUE(VisibleNames(*file).Holds("p", "S"));
  EXPECT_TRUE(VisibleNames(*file).Holds("p", "S_Stub"));
}

}  // namespace
}  // namespace weft::codegen
