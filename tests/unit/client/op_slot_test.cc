#include "client/op_slot.h"

#include <coroutine>
#include <memory>
#include <thread>

#include "gtest/gtest.h"

#include "client/channel_core.h"
#include "client/client_call.h"
#include "client/client_shard.h"
#include "tests/support/test_root.h"
#include "tests/unit/client/client_fixture.h"
#include "weft/event_loop.h"
#include "weft/task.h"

namespace weft::internal {
namespace {

constexpr MethodInfo kNoMethod{"/test.Service/None", MethodKind::kBidi, nullptr, nullptr, false};

// Waits for a slot as a coroutine does.
class SlotAwaiter {
 public:
  SlotAwaiter(OpSlot& slot, bool remote) : slot_(slot), remote_(remote) {}
  SlotAwaiter(const SlotAwaiter&) = delete;
  ~SlotAwaiter() {
    if (registered_) slot_.Unregister();
  }
  bool await_ready() const { return slot_.done(); }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> handle) {
    waiter_.Suspend(handle);
    registered_ = remote_ ? slot_.RegisterRemote(waiter_, *CurrentThreadContext()->executor)
                          : slot_.RegisterLocal(waiter_);
    return registered_;
  }
  void await_resume() const {}

 private:
  OpSlot& slot_;
  const bool remote_;
  bool registered_ = false;
  Waiter waiter_;
};

Task<void> Await(OpSlot& slot, bool remote) { co_await SlotAwaiter(slot, remote); }

// A slot of a call that lives on a loop which makes a pass only when told to.
class OpSlotTest : public ::testing::Test {
 protected:
  OpSlotTest()
      : core_(std::make_shared<ChannelCore>("unix:/nowhere/at/all", nullptr,
                                            ChannelOptions().add_loop(loop_))),
        shard_(std::make_unique<ClientShard>(*core_, loop_)),
        call_(new ClientCall()) {
    (*call_).Prepare(core_, *shard_, kNoMethod, nullptr);
  }
  ~OpSlotTest() override {
    (*call_).FailUnstarted(absl::CancelledError("the test is over"));
    call_ = CallHandle();
    loop_.RunOnce();
    core_->Shutdown();
  }

  OpSlot& slot() { return (*call_).slot(ClientWait::Step::kRead); }
  // In a pass of `loop`, as all of a loop's work.
  static void OnLoop(EventLoop& loop, absl::AnyInvocable<void()> work) {
    bool ran = false;
    loop.Post([&] {
      work();
      ran = true;
    });
    while (!ran) loop.RunOnce();
  }

  EventLoop loop_;
  std::shared_ptr<ChannelCore> core_;
  std::unique_ptr<ClientShard> shard_;
  CallHandle call_;
};

TEST_F(OpSlotTest, StepThatIsDoneNeedsNoWait) {
  slot().Complete();
  EXPECT_TRUE(slot().done());
  slot().Block();  // returns
  slot().Rearm();
  EXPECT_FALSE(slot().done());
}

TEST_F(OpSlotTest, CompletionWakesACoroutineOfTheLoop) {
  testing::TestRoot<void> root;
  OnLoop(loop_, [&] {
    root.Begin(Await(slot(), false));
    slot().Complete();
    EXPECT_EQ(root.done, 0);  // never from inside
  });
  loop_.RunOnce();
  EXPECT_EQ(root.done, 1);
}

TEST_F(OpSlotTest, CompletionWakesACoroutineOfAnotherLoopThere) {
  EventLoop other;
  testing::TestRoot<void> root;
  OnLoop(other, [&] { root.Begin(Await(slot(), true)); });
  OnLoop(loop_, [&] { slot().Complete(); });
  EXPECT_EQ(root.done, 0);
  other.RunOnce();
  EXPECT_EQ(root.done, 1);
}

TEST_F(OpSlotTest, WaiterThatWentIsNotWoken) {
  EventLoop other;
  for (const bool completed_before : {false, true}) {
    auto root = std::make_unique<testing::TestRoot<void>>();
    OnLoop(other, [&] { root->Begin(Await(slot(), true)); });
    if (completed_before) OnLoop(loop_, [&] { slot().Complete(); });
    OnLoop(other, [&] { root.reset(); });
    if (!completed_before) OnLoop(loop_, [&] { slot().Complete(); });
    EXPECT_TRUE(slot().done());
    slot().Rearm();
  }
}

// The loop of a waiter may end as soon as the waiter was woken, while the thread that woke it is
// still busy with that.
TEST_F(OpSlotTest, LoopOfAWaiterMayGoAsSoonAsTheWaiterWasWoken) {
  for (int i = 0; i < 200; ++i) {
    auto other = std::make_unique<EventLoop>();
    testing::TestRoot<void> root;
    OnLoop(*other, [&] { root.Begin(Await(slot(), true)); });
    std::thread completer([this] { OnLoop(loop_, [this] { slot().Complete(); }); });
    while (root.done == 0) other->RunOnce();
    other.reset();
    completer.join();
    slot().Rearm();
  }
}

TEST_F(OpSlotTest, LoopOfAWaiterThatWentMayGoAsSoonAsItHasRun) {
  for (int i = 0; i < 200; ++i) {
    auto other = std::make_unique<EventLoop>();
    auto root = std::make_unique<testing::TestRoot<void>>();
    OnLoop(*other, [&] { root->Begin(Await(slot(), true)); });
    std::thread completer([this] { OnLoop(loop_, [this] { slot().Complete(); }); });
    OnLoop(*other, [&] { root.reset(); });
    other.reset();
    completer.join();
    slot().Rearm();
  }
}

TEST_F(OpSlotTest, CompletionWakesABlockedThread) {
  for (int i = 0; i < 50; ++i) {
    std::thread blocked([this] { slot().Block(); });
    OnLoop(loop_, [this] { slot().Complete(); });
    blocked.join();
    EXPECT_TRUE(slot().done());
    slot().Rearm();
  }
}

TEST_F(OpSlotTest, CallbackRunsOnTheLoopAndNeverInside) {
  for (const bool done_before : {false, true}) {
    int ran = 0;
    if (done_before) slot().Complete();
    slot().RegisterCallback([&] { ++ran; });
    if (!done_before)
      OnLoop(loop_, [&] {
        slot().Complete();
        EXPECT_EQ(ran, 0);
      });
    if (done_before) {
      EXPECT_EQ(ran, 0);
    }
    loop_.RunOnce();
    EXPECT_EQ(ran, 1);
    slot().Rearm();
  }
}

using OpSlotDeathTest = OpSlotTest;

TEST_F(OpSlotDeathTest, SecondWaitWhileTheFirstWaitsDies) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        slot().RegisterCallback([] {});
        slot().Block();
      },
      "waited for by two at once");
}

TEST_F(OpSlotDeathTest, NextStepWhileOneIsWaitedForDies) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        slot().RegisterCallback([] {});
        slot().Rearm();
      },
      "waited for by two at once");
}

}  // namespace
}  // namespace weft::internal
