#include "weft/internal/cancel_scope.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace weft::internal {
namespace {

class Node final : public CancelNode {
 public:
  explicit Node(std::function<void()> fn = [] {}) : fn_(std::move(fn)) {}
  void OnCancelled() override {
    ++calls;
    EXPECT_FALSE(linked());
    fn_();
  }
  int calls = 0;

 private:
  std::function<void()> fn_;
};

TEST(CancelScopeTest, TellsEachNodeOnceInOrder) {
  CancelScope scope;
  std::vector<int> order;
  Node a([&] { order.push_back(1); });
  Node b([&] { order.push_back(2); });
  EXPECT_TRUE(scope.Link(a));
  EXPECT_TRUE(scope.Link(b));
  EXPECT_FALSE(scope.cancelled());
  scope.Cancel();
  scope.Cancel();
  EXPECT_TRUE(scope.cancelled());
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(CancelScopeTest, RefusesNodesOnceCancelled) {
  CancelScope scope;
  scope.Cancel();
  Node late;
  EXPECT_FALSE(scope.Link(late));
  EXPECT_FALSE(late.linked());
  EXPECT_EQ(late.calls, 0);
}

TEST(CancelScopeTest, NodeThatWasDestroyedOrUnlinkedIsNotTold) {
  CancelScope scope;
  Node unlinked;
  {
    Node destroyed;
    ASSERT_TRUE(scope.Link(destroyed));
  }
  ASSERT_TRUE(scope.Link(unlinked));
  unlinked.Unlink();
  scope.Cancel();
  EXPECT_EQ(unlinked.calls, 0);
}

TEST(CancelScopeTest, NodesMayUnlinkAndDestroyEachOtherMeanwhile) {
  CancelScope scope;
  Node second;
  auto third = std::make_unique<Node>();
  Node first([&] {
    second.Unlink();
    third.reset();
  });
  ASSERT_TRUE(scope.Link(first));
  ASSERT_TRUE(scope.Link(second));
  ASSERT_TRUE(scope.Link(*third));
  scope.Cancel();
  EXPECT_EQ(first.calls, 1);
  EXPECT_EQ(second.calls, 0);
}

TEST(CancelScopeTest, MayBeDestroyedByWhatItTells) {
  auto scope = std::make_unique<CancelScope>();
  Node last;
  Node first([&] { scope.reset(); });
  ASSERT_TRUE(scope->Link(first));
  ASSERT_TRUE(scope->Link(last));
  scope->Cancel();
  EXPECT_EQ(last.calls, 1);
}

TEST(CancelScopeTest, MayBeResetByWhatItTellsAndUsedAgain) {
  CancelScope scope;
  Node fresh;
  Node first([&] {
    scope.Reset();
    EXPECT_TRUE(scope.Link(fresh));
  });
  ASSERT_TRUE(scope.Link(first));
  scope.Cancel();
  EXPECT_EQ(fresh.calls, 0);
  scope.Cancel();
  EXPECT_EQ(fresh.calls, 1);
}

TEST(CancelScopeTest, ParentCancelsNestedScopesButNotTheOtherWay) {
  CancelScope parent, child, grandchild;
  child.NestIn(parent);
  grandchild.NestIn(child);
  child.Cancel();
  EXPECT_TRUE(grandchild.cancelled());
  EXPECT_FALSE(parent.cancelled());
  CancelScope other;
  other.NestIn(parent);
  parent.Cancel();
  EXPECT_TRUE(other.cancelled());
}

TEST(CancelScopeTest, NestingInACancelledScopeCancelsAtOnce) {
  CancelScope parent, child;
  parent.Cancel();
  Node node;
  ASSERT_TRUE(child.Link(node));
  child.NestIn(parent);
  EXPECT_TRUE(child.cancelled());
  EXPECT_EQ(node.calls, 1);
}

TEST(CancelScopeTest, ParentMayDieFirst) {
  CancelScope child;
  {
    CancelScope parent;
    child.NestIn(parent);
  }
  EXPECT_FALSE(child.cancelled());
  child.Cancel();
  EXPECT_TRUE(child.cancelled());
}

TEST(CancelScopeTest, NestedScopeHasTheEarlierDeadline) {
  const TimePoint early(std::chrono::seconds(1)), late(std::chrono::seconds(2));
  CancelScope parent, shorter, longer;
  EXPECT_EQ(parent.deadline(), kNever);
  parent.LowerDeadline(late);
  shorter.LowerDeadline(early);
  shorter.NestIn(parent);
  longer.NestIn(parent);
  EXPECT_EQ(shorter.deadline(), early);
  EXPECT_EQ(longer.deadline(), late);
}

TEST(CancelScopeTest, ResetMakesItAsNew) {
  CancelScope parent, scope;
  Node node;
  scope.NestIn(parent);
  scope.LowerDeadline(TimePoint(std::chrono::seconds(1)));
  ASSERT_TRUE(scope.Link(node));
  scope.Reset();
  parent.Cancel();
  EXPECT_FALSE(scope.cancelled());
  EXPECT_EQ(scope.deadline(), kNever);
  EXPECT_FALSE(node.linked());
}

TEST(CancelScopeTest, AcrossThreadsLinkedNodesAreToldAndLaterOnesRefused) {
  CancelScope scope{CancelScope::SpansTwoThreads()};
  Node early, gone, late;
  std::thread worker([&] {
    EXPECT_TRUE(scope.Link(early));
    EXPECT_TRUE(scope.Link(gone));
    gone.Unlink();
  });
  worker.join();
  scope.Cancel();
  EXPECT_EQ(early.calls, 1);
  EXPECT_EQ(gone.calls, 0);
  EXPECT_FALSE(scope.Link(late));
  scope.Reset();
  EXPECT_TRUE(scope.Link(late));
}

TEST(CancelScopeTest, AcrossThreadsUnlinkWaitsForTheCallThatRuns) {
  CancelScope scope{CancelScope::SpansTwoThreads()};
  std::promise<void> telling, go_on;
  std::atomic<bool> told{false};
  Node node([&] {
    telling.set_value();
    go_on.get_future().wait();
    told = true;
  });
  ASSERT_TRUE(scope.Link(node));
  std::thread loop([&] { scope.Cancel(); });
  telling.get_future().wait();
  std::thread release([&] { go_on.set_value(); });
  node.Unlink();
  EXPECT_TRUE(told);
  loop.join();
  release.join();
}

TEST(CancelScopeTest, AcrossThreadsNodesMayUnlinkAndDestroyEachOtherMeanwhile) {
  CancelScope scope{CancelScope::SpansTwoThreads()};
  auto second = std::make_unique<Node>();
  std::unique_ptr<Node> self;
  Node first([&] { second.reset(); });
  self = std::make_unique<Node>([&] { self->Unlink(); });
  ASSERT_TRUE(scope.Link(first));
  ASSERT_TRUE(scope.Link(*second));
  ASSERT_TRUE(scope.Link(*self));
  scope.Cancel();
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(self->calls, 1);
}

TEST(CancelScopeTest, AcrossThreadsNodeMayOutliveTheScope) {
  Node node;
  {
    CancelScope scope{CancelScope::SpansTwoThreads()};
    ASSERT_TRUE(scope.Link(node));
  }
  node.Unlink();
  EXPECT_EQ(node.calls, 0);
}

}  // namespace
}  // namespace weft::internal
