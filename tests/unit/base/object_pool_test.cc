#include "base/object_pool.h"

#include <gtest/gtest.h>

#include <string>

namespace weft::internal {
namespace {

TEST(ObjectPoolTest, ReusesTheLastReleasedWithItsCapacity) {
  ObjectPool<std::string> pool(4);
  std::unique_ptr<std::string> text = pool.Acquire();
  text->assign(1000, 'x');
  const std::string* address = text.get();
  text->clear();
  pool.Release(std::move(text));
  std::unique_ptr<std::string> again = pool.Acquire();
  EXPECT_EQ(again.get(), address);
  EXPECT_GE(again->capacity(), 1000u);
  EXPECT_EQ(pool.made(), 1u);
}

TEST(ObjectPoolTest, KeepsNoMoreThanItsBound) {
  ObjectPool<int> pool(2);
  for (int i = 0; i < 5; ++i) pool.Release(std::make_unique<int>(i));
  EXPECT_EQ(pool.idle(), 2u);
}

TEST(ObjectPoolTest, MakerIsAskedOnlyWhenNoneIsIdle) {
  ObjectPool<int> pool(2);
  std::unique_ptr<int> made = pool.Acquire([] { return std::make_unique<int>(7); });
  EXPECT_EQ(*made, 7);
  pool.Release(std::move(made));
  std::unique_ptr<int> reused = pool.Acquire([] { return std::make_unique<int>(8); });
  EXPECT_EQ(*reused, 7);
}

TEST(ObjectPoolTest, TrimFreesWhatWasIdleAllTheTime) {
  ObjectPool<int> pool(10);
  for (int i = 0; i < 5; ++i) pool.Release(std::make_unique<int>(i));
  pool.Trim();  // the first only starts the watch
  EXPECT_EQ(pool.idle(), 5u);
  std::unique_ptr<int> a = pool.Acquire();
  std::unique_ptr<int> b = pool.Acquire();
  pool.Release(std::move(a));
  pool.Release(std::move(b));
  pool.Trim();
  EXPECT_EQ(pool.idle(), 2u);
  pool.Trim();
  EXPECT_EQ(pool.idle(), 0u);
}

}  // namespace
}  // namespace weft::internal
