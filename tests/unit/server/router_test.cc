#include "server/router.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "server/handler_exception.h"
#include "tests/support/test_service.h"
#include "weft/raw_service.h"

namespace weft::internal {
namespace {

using ::weft::testing::TestServiceImpl;

constexpr MethodInfo kInfo = {"/a.B/C", MethodKind::kUnary, nullptr, nullptr, false};

absl::Status StatusOf(void (*thrower)(), const ServerOptions& options) {
  try {
    thrower();
  } catch (...) {
    return HandlerException(kInfo, options);
  }
  return absl::OkStatus();
}

TEST(RouterTest, FindsMethodsByTheirExactPath) {  // checklist 4
  TestServiceImpl service;
  Router router;
  router.Add(service);
  ASSERT_EQ(router.entries().size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(router.Find(service.methods()[i].info->path), i);
    EXPECT_EQ(router.entries()[i].service, &service);
    EXPECT_TRUE(router.Offers(service.methods()[i].info->path));
  }
  for (const char* path :
       {"", "/", "weft.testing.TestService/Unary", "/weft.testing.TestService/unary",
        "/weft.testing.TestService/Unary/", "/weft.testing.TestService/"}) {
    EXPECT_EQ(router.Find(path), Router::kNone) << path;
  }
}

TEST(RouterTest, AnyOtherTakesWhatNoMethodHas) {
  TestServiceImpl service;
  RawService any;
  any.AddAnyOther([](ServerContext&, ServerReaderWriter<Bytes, Bytes>&) -> Task<absl::Status> {
    co_return {};
  });
  Router router;
  router.Add(any);
  router.Add(service);
  EXPECT_EQ(router.Find("/any/Thing"), 0u);
  EXPECT_FALSE(router.Offers("/any/Thing"));
  EXPECT_EQ(router.Find(service.methods()[2].info->path), 3u);
}

TEST(RouterTest, TellsAnUnknownMethodFromAnUnknownService) {
  TestServiceImpl service;
  Router router;
  router.Add(service);
  EXPECT_TRUE(router.KnowsServiceOf("/weft.testing.TestService/Nothing"));
  EXPECT_FALSE(router.KnowsServiceOf("/weft.testing.Test/Unary"));
  EXPECT_FALSE(router.KnowsServiceOf(""));
  EXPECT_FALSE(router.KnowsServiceOf("/nope")) << "each path begins so";
  EXPECT_FALSE(router.KnowsServiceOf("/"));
}

TEST(RouterDeathTest, OnePathTwiceIsRefused) {
  TestServiceImpl service;
  TestServiceImpl twin;
  Router router;
  router.Add(service);
  EXPECT_DEATH(router.Add(twin), "/weft.testing.TestService/Unary were registered with one server");
}

TEST(HandlerExceptionTest, TextIsKeptUnlessAskedFor) {  // checklist 39
  const auto secret = [] { throw std::runtime_error("secret"); };
  EXPECT_EQ(StatusOf(secret, ServerOptions()),
            absl::UnknownError("the handler of /a.B/C threw an exception"));
  EXPECT_EQ(StatusOf(secret, ServerOptions().set_expose_exceptions(true)),
            absl::UnknownError("the handler of /a.B/C threw: secret"));
}

TEST(HandlerExceptionTest, AnythingMayBeThrown) {
  EXPECT_EQ(
      StatusOf([] { throw 7; }, ServerOptions().set_expose_exceptions(true)),
      absl::UnknownError("the handler of /a.B/C threw: something that is not a std::exception"));
}

}  // namespace
}  // namespace weft::internal
