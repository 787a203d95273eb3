#include "server/usable_cores.h"

#include <gtest/gtest.h>

#include <string>

namespace weft::internal {
namespace {

TEST(UsableCoresTest, CpuMaxIsRoundedUp) {
  EXPECT_EQ(CoresOfCpuMax("100000 100000\n"), 1);
  EXPECT_EQ(CoresOfCpuMax("150000 100000\n"), 2);
  EXPECT_EQ(CoresOfCpuMax("1000 100000\n"), 1);
  EXPECT_EQ(CoresOfCpuMax("9223372036854775807 1\n"), 2147483647);
}

TEST(UsableCoresTest, CpuMaxThatLimitsNothingOrSaysNothingIsIgnored) {
  for (const char* text : {"max 100000\n", "", "\n", "100000", "100000 ", "100000 0\n",
                           "0 100000\n", "x y\n", "-1 100000\n", "99999999999999999999 100000\n"}) {
    EXPECT_EQ(CoresOfCpuMax(text), std::nullopt) << text;
  }
}

TEST(UsableCoresTest, CfsQuotaIsRoundedUpAndMinusOneLimitsNothing) {
  EXPECT_EQ(CoresOfCfsQuota("250000\n", "100000\n"), 3);
  EXPECT_EQ(CoresOfCfsQuota("-1\n", "100000\n"), std::nullopt);
  EXPECT_EQ(CoresOfCfsQuota("", ""), std::nullopt);
}

TEST(UsableCoresTest, LowestQuotaOfTheGroupAndThoseAboveCounts) {
  const auto read = [](const std::string& path) -> std::string {
    if (path == "/sys/fs/cgroup/a/b/cpu.max") return "max 100000\n";
    if (path == "/sys/fs/cgroup/a/cpu.max") return "300000 100000\n";
    if (path == "/sys/fs/cgroup/cpu.max") return "700000 100000\n";
    return "";
  };
  EXPECT_EQ(CoresOfCgroups("0::/a/b\n", read), 3);
  EXPECT_EQ(CoresOfCgroups("0::/\n", read), 7);
  EXPECT_EQ(CoresOfCgroups("0::/not/seen/here\n", read), 7);
  EXPECT_EQ(CoresOfCgroups("", read), std::nullopt);
}

TEST(UsableCoresTest, VersionOneIsFoundByItsController) {
  const auto read = [](const std::string& path) -> std::string {
    if (path == "/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us") return "200000\n";
    if (path == "/sys/fs/cgroup/cpu/box/cpu.cfs_period_us") return "100000\n";
    return "";
  };
  EXPECT_EQ(CoresOfCgroups("5:cpuset:/x\n4:cpu,cpuacct:/box\n0::/y\n", read), 2);
  EXPECT_EQ(CoresOfCgroups("5:cpuset:/box\n", read), std::nullopt);
}

TEST(UsableCoresTest, ThereIsAtLeastOne) { EXPECT_GE(UsableCores(), 1); }

}  // namespace
}  // namespace weft::internal
