// When a loop has malloc give back what was freed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>  // tells which C library it is
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/heap.h"
#include "buffer/limits.h"
#include "io/loop_core.h"
#include "tests/support/manual_clock.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

// Sanitizers have a malloc of their own, and other C libraries another one.
bool InTheHeapThatIsTrimmed(std::size_t bytes) {
#ifdef __GLIBC__
  return ::mallinfo2().uordblks >= bytes;
#else
  return bytes == 0;
#endif
}

std::size_t ResidentBytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Has small blocks of malloc's, one of which stays between many that go.
class Holder final : public LoopResident {
 public:
  static constexpr std::size_t kBlock = kKiB;

  ~Holder() override {
    LeaveLoop();
    blocks_.clear();
  }
  void OnLoopEnd() override {}
  std::size_t HeapBytes() const override { return held_ * kBlock; }

  void Take(std::size_t count) {
    for (; count > 0; --count) {
      blocks_.push_back(std::make_unique<char[]>(kBlock));
      std::memset(blocks_.back().get(), 1, kBlock);
    }
    held_ = blocks_.size();
  }
  void LetGo() {
    held_ = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (i % 100 == 99) {
        ++held_;
      } else {
        blocks_[i].reset();
      }
    }
  }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t held_ = 0;
};

class HeapTrimTest : public ::testing::Test {
 protected:
  HeapTrimTest() {
    loop_.core().AddResident(holder_);
    clock_.Advance(kHeapTrimPause);  // another test may have trimmed it
  }
  void Second() {
    clock_.Advance(kPoolTrimInterval + std::chrono::milliseconds(100));
    loop_.RunOnce(Duration::zero());
  }

  testing::ManualClock clock_;
  Holder holder_;
  EventLoop loop_{EventLoop::Options().set_clock(clock_)};
};

TEST_F(HeapTrimTest, HeapShrinksOnceWhatTheLoopsResidentsHeldHasGone) {
  const std::size_t before = ResidentBytes();
  holder_.Take(2 * kHeapTrimStep / Holder::kBlock);
  if (!InTheHeapThatIsTrimmed(holder_.HeapBytes())) GTEST_SKIP() << "malloc is another one";
  loop_.RunOnce(Duration::zero());
  Second();
  holder_.LetGo();
  ASSERT_GT(ResidentBytes(), before + kHeapTrimStep);
  loop_.RunOnce(Duration::zero());
  // The first sees that it has gone, the second that none came meanwhile.
  for (int second = 0; second < 3; ++second) Second();
  EXPECT_LT(ResidentBytes(), before + kHeapTrimStep / 4);
}

TEST_F(HeapTrimTest, HeapStaysWhileLittleHasGone) {
  holder_.Take(kHeapTrimStep / 2 / Holder::kBlock);
  if (!InTheHeapThatIsTrimmed(holder_.HeapBytes())) GTEST_SKIP() << "malloc is another one";
  loop_.RunOnce(Duration::zero());
  Second();
  holder_.LetGo();
  const std::size_t before = ResidentBytes();
  loop_.RunOnce(Duration::zero());
  for (int second = 0; second < 10; ++second) Second();
  EXPECT_GT(ResidentBytes(), before - kHeapTrimStep / 4);
}

}  // namespace
}  // namespace weft::internal
