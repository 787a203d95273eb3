#include "rpc/method_path.h"

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

TEST(MethodPathTest, HasAServiceAndAMethod) {
  for (const char* path : {"/p.Service/Method", "/Service/M", "/a/b/c"}) {
    EXPECT_TRUE(IsMethodPath(path)) << path;
  }
  for (const char* path :
       {"", "/", "//", "/Service", "/Service/", "//Method", "p.Service/Method", "Method"}) {
    EXPECT_FALSE(IsMethodPath(path)) << path;
  }
}

}  // namespace
}  // namespace weft::internal
