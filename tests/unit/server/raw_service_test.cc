#include "weft/raw_service.h"

#include <gtest/gtest.h>

#include "server/router.h"

namespace weft {
namespace {

Task<absl::Status> Answer(ServerContext&, const Bytes&, Bytes&) { co_return absl::OkStatus(); }

TEST(RawServiceTest, MethodsAreThoseThatWereAdded) {
  RawService service;
  service.AddUnary("/a.B/C", Answer).AddUnary("/B/D", Answer);
  ASSERT_EQ(service.methods().size(), 2u);
  EXPECT_EQ(service.methods()[0].info->path, "/a.B/C");
  EXPECT_EQ(service.methods()[1].info->path, "/B/D");
}

TEST(RawServiceDeathTest, PathsAreThoseOfMethods) {
  for (const char* path : {"", "a.B/C", "/a.B", "/a.B/", "//C", "/"}) {
    RawService service;
    EXPECT_DEATH(service.AddUnary(path, Answer), "is no path of a method") << path;
  }
}

TEST(RawServiceDeathTest, AnEmptyHandlerIsRefused) {
  RawService service;
  EXPECT_DEATH(service.AddUnary("/a.B/C", nullptr), "for /a.B/C is empty");
}

TEST(RawServiceDeathTest, NothingIsAddedOnceItIsRegistered) {
  RawService service;
  service.AddUnary("/a.B/C", Answer);
  internal::Router router;
  router.Add(service);
  EXPECT_DEATH(service.AddUnary("/a.B/D", Answer), "add all first");
}

}  // namespace
}  // namespace weft
