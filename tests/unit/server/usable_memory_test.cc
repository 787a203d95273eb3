#include "server/usable_memory.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weft::internal {
namespace {

TEST(UsableMemoryTest, LowestLimitOfTheGroupAndThoseAboveCounts) {
  const auto read = [](const std::string& path) -> std::string {
    if (path == "/sys/fs/cgroup/a/b/memory.max") return "max\n";
    if (path == "/sys/fs/cgroup/a/memory.max") return "536870912\n";
    if (path == "/sys/fs/cgroup/memory.max") return "1073741824\n";
    return "";
  };
  EXPECT_EQ(MemoryOfCgroups("0::/a/b\n", read), std::size_t{512} << 20);
  EXPECT_EQ(MemoryOfCgroups("0::/\n", read), std::size_t{1} << 30);
  EXPECT_EQ(MemoryOfCgroups("0::/not/seen/here\n", read), std::size_t{1} << 30);
  EXPECT_EQ(MemoryOfCgroups("", read), std::nullopt);
}

TEST(UsableMemoryTest, VersionOneIsFoundByItsController) {
  const auto read = [](const std::string& path) -> std::string {
    if (path == "/sys/fs/cgroup/memory/box/memory.limit_in_bytes") return "268435456\n";
    if (path == "/sys/fs/cgroup/memory/memory.limit_in_bytes") return "9223372036854771712\n";
    return "";
  };
  EXPECT_EQ(MemoryOfCgroups("7:cpu:/x\n3:memory:/box\n", read), std::size_t{256} << 20);
  EXPECT_EQ(MemoryOfCgroups("7:cpu:/box\n", read), std::nullopt);
}

TEST(UsableMemoryTest, TextThatIsNoLimitIsIgnored) {
  // The group's name is what its file says.
  const auto read = [](const std::string& path) -> std::string {
    const std::string_view start = "/sys/fs/cgroup/";
    const std::string_view end = "/memory.max";
    if (path.size() < start.size() + end.size()) return "";
    return path.substr(start.size(), path.size() - start.size() - end.size());
  };
  for (const char* text : {"max", "", "0", "-1", "99999999999999999999999"}) {
    EXPECT_EQ(MemoryOfCgroups("0::/" + std::string(text) + "\n", read), std::nullopt) << text;
  }
  EXPECT_EQ(MemoryOfCgroups("0::/4096\n", read), 4096u);
}

TEST(UsableMemoryTest, ThereIsSome) { EXPECT_GT(UsableMemory(), std::size_t{1} << 20); }

}  // namespace
}  // namespace weft::internal
