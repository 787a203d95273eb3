#include "http2/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weft::http2 {
namespace {

// A stream with bytes: what a session keeps beside the scheduler.
struct Source : Scheduler::Entry {
  Source(char name_in, std::size_t bytes_in) : name(name_in), bytes(bytes_in) {}
  char name;
  std::size_t bytes;
};

class Line {
 public:
  explicit Line(const Scheduler::Options& options) : scheduler_(options) {}
  ~Line() {
    for (auto& source : sources_) scheduler_.Remove(*source);
  }

  Source& Add(char name, Priority priority, std::size_t bytes) {
    sources_.push_back(std::make_unique<Source>(name, bytes));
    Source& source = *sources_.back();
    scheduler_.SetPriority(source, priority);
    scheduler_.Add(source);
    return source;
  }

  // One frame by the one whose turn it is.
  char Step(std::size_t room = std::size_t{16} * 1024) {
    auto* source = static_cast<Source*>(scheduler_.Next());
    if (source == nullptr) return '.';
    const std::size_t n = scheduler_.Grant(*source, source->bytes, room);
    EXPECT_GT(n, 0u) << "the next one must be granted";
    scheduler_.Sent(*source, n);
    source->bytes -= n;
    if (source->bytes == 0) scheduler_.Remove(*source);
    return source->name;
  }

  std::string Order(std::size_t frames = 100) {
    std::string order;
    while (order.size() < frames) {
      const char name = Step();
      if (name == '.') break;
      order += name;
    }
    return order;
  }

  Scheduler& scheduler() { return scheduler_; }

 private:
  Scheduler scheduler_;
  std::vector<std::unique_ptr<Source>> sources_;
};

constexpr std::size_t kFrame = std::size_t{16} * 1024;

TEST(SchedulerTest, EmptyHasNoNext) {
  Line line{Scheduler::Options()};
  EXPECT_TRUE(line.scheduler().empty());
  EXPECT_EQ(line.scheduler().Next(), nullptr);
}

TEST(SchedulerTest, LowerUrgencyNumberGoesFirst) {
  Line line{Scheduler::Options()};
  line.Add('c', Priority(7), 2 * kFrame);
  line.Add('b', Priority(3), 2 * kFrame);
  line.Add('a', Priority(0), 2 * kFrame);
  EXPECT_EQ(line.Order(), "aabbcc");
}

TEST(SchedulerTest, NonIncrementalFinishInOrderOfReadiness) {
  Line line{Scheduler::Options()};
  line.Add('a', {}, 3 * kFrame);
  line.Add('b', {}, 2 * kFrame);
  EXPECT_EQ(line.Order(), "aaabb");
}

TEST(SchedulerTest, IncrementalTakeTurnsByFrame) {
  Line line{Scheduler::Options()};
  line.Add('a', Priority(3, /*incremental=*/true), 3 * kFrame);
  line.Add('b', Priority(3, /*incremental=*/true), 1 * kFrame);
  line.Add('c', Priority(3, /*incremental=*/true), 3 * kFrame);
  EXPECT_EQ(line.Order(), "abcacac");
}

TEST(SchedulerTest, OtherThanNextIsNotGrantedAndTheOnlyOneAlwaysIs) {
  Line line{Scheduler::Options()};
  Source& a = line.Add('a', {}, kFrame);
  EXPECT_TRUE(line.scheduler().alone(a));
  EXPECT_EQ(line.scheduler().Grant(a, kFrame, 100), 100u);
  Source& b = line.Add('b', {}, kFrame);
  EXPECT_FALSE(line.scheduler().alone(a));
  EXPECT_EQ(line.scheduler().Grant(b, kFrame, kFrame), 0u);
  EXPECT_EQ(line.scheduler().Grant(a, kFrame, kFrame), kFrame);
}

TEST(SchedulerTest, SmallRestGoesOutOfTurnAmongEqualsOnly) {
  Line line{Scheduler::Options()};
  line.Add('a', {}, kFrame);
  Source& equal = line.Add('b', {}, 200);
  Source& less = line.Add('c', Priority(4), 200);
  EXPECT_EQ(line.scheduler().Grant(equal, 200, kFrame), 200u);
  EXPECT_EQ(line.scheduler().Grant(equal, 257, kFrame), 0u);
  EXPECT_EQ(line.scheduler().Grant(less, 200, kFrame), 0u);
}

// One frame in four; exact in binary.
Scheduler::Options FloorOfAQuarter() {
  Scheduler::Options options;
  options.floor = 0.25;
  options.turn = 1000 * kFrame;
  return options;
}

TEST(SchedulerTest, HeldLineGetsItsFloorAndNoMore) {
  Line line(FloorOfAQuarter());
  Source& urgent = line.Add('a', Priority(1), 1000 * kFrame);
  Source& bulk = line.Add('b', Priority(4), 1000 * kFrame);
  line.scheduler().Hold(1u << 4);
  EXPECT_EQ(line.scheduler().Grant(bulk, kFrame, kFrame), 0u);
  EXPECT_EQ(line.Order(8), "aaabaaab");
  line.scheduler().Remove(urgent);
  EXPECT_TRUE(line.scheduler().empty());
  EXPECT_EQ(line.scheduler().Next(), nullptr);
  EXPECT_FALSE(line.scheduler().alone(bulk));
  EXPECT_EQ(line.scheduler().Grant(bulk, kFrame, kFrame), 0u);
  line.scheduler().Hold(0);
  EXPECT_TRUE(line.scheduler().alone(bulk));
  EXPECT_EQ(line.Order(2), "bb");
}

TEST(SchedulerTest, AwaitedLineCountsAsOneThatHasSomething) {
  Line line(FloorOfAQuarter());
  const Source& urgent = line.Add('a', Priority(1), 4 * kFrame);
  line.Add('b', Priority(4), 1000 * kFrame);
  line.Add('c', Priority(6), 1000 * kFrame);
  line.scheduler().Await(urgent);
  EXPECT_TRUE(line.scheduler().kept_waiting());
  // What is owed is given when the line is empty, too, and in turns: line 4 is none of the first.
  EXPECT_EQ(line.Order(), "aaaba");
  EXPECT_TRUE(line.scheduler().empty());
  line.Add('d', Priority(1), 5 * kFrame);
  EXPECT_EQ(line.Order(), "ddcdddb");
  EXPECT_TRUE(line.scheduler().kept_waiting());
  line.scheduler().AwaitNothing();
  EXPECT_FALSE(line.scheduler().kept_waiting());
  EXPECT_EQ(line.Order(3), "bbb");
}

TEST(SchedulerTest, MoreUrgentThanTheAwaitedLineGoesAndSoDoesTheLine) {
  Line line{Scheduler::Options()};
  const Source& awaited = line.Add('b', Priority(3), kFrame);
  line.scheduler().Await(awaited);
  EXPECT_FALSE(line.scheduler().kept_waiting());
  line.Add('c', Priority(4), kFrame);
  line.Add('a', Priority(2), kFrame);
  EXPECT_EQ(line.Order(), "ab");
  // Nor does it change what is held.
  line.scheduler().Hold(1u << 4);
  EXPECT_FALSE(line.scheduler().kept_waiting());
  line.scheduler().AwaitNothing();
  EXPECT_TRUE(line.scheduler().empty());
}

TEST(SchedulerTest, HeldLineWithoutAFloorSendsNothing) {
  Scheduler::Options options;
  options.floor = 0;
  Line line(options);
  line.Add('a', Priority(1), 100 * kFrame);
  line.Add('b', Priority(4), 100 * kFrame);
  line.scheduler().Hold(1u << 4);
  EXPECT_EQ(line.Order(200), std::string(100, 'a'));
  line.scheduler().Hold(0);
  EXPECT_EQ(line.Order(200), std::string(100, 'b'));
}

TEST(SchedulerTest, UsedLinesAreToldOnceUnlessTheyStillHaveEntries) {
  Line line{Scheduler::Options()};
  line.Add('a', Priority(1), kFrame);
  line.Add('b', Priority(4), 100 * kFrame);
  line.Order(2);
  EXPECT_EQ(line.scheduler().TakeUsed(), 1u << 1 | 1u << 4);
  EXPECT_EQ(line.scheduler().TakeUsed(), 1u << 4);
}

TEST(SchedulerTest, EqualsOfALongOneHaveTheirTurn) {
  Scheduler::Options options;
  options.turn = 3 * kFrame;
  Line line(options);
  line.Add('a', {}, 8 * kFrame);
  line.Add('b', {}, 4 * kFrame);
  line.Add('c', {}, kFrame);
  EXPECT_EQ(line.Order(), "aaabbbcaaabaa");
}

TEST(SchedulerTest, IncrementalAndOtherEqualsShareTheirLine) {
  Line line{Scheduler::Options()};
  line.Add('a', Priority(3, /*incremental=*/true), 3 * kFrame);
  line.Add('b', {}, 3 * kFrame);
  EXPECT_EQ(line.Order(), "abbbaa");
}

TEST(SchedulerTest, FloorGivesLowerLinesItsShareInTurns) {
  Line line(FloorOfAQuarter());
  line.Add('a', Priority(1), 1000 * kFrame);
  line.Add('b', Priority(4), 1000 * kFrame);
  line.Add('c', Priority(6), 1000 * kFrame);
  EXPECT_EQ(line.Order(12), "aaabaaacaaab");
}

TEST(SchedulerTest, FloorIsExactInBytesWhateverTheFrames) {
  for (const double floor : {0.01, 0.05, 0.3, 0.5}) {
    const std::uint64_t seed = std::random_device()();
    SCOPED_TRACE("floor " + std::to_string(floor) + " seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    Scheduler::Options options;
    options.floor = floor;
    Scheduler scheduler(options);
    Source top('a', 1), low('b', 1);
    scheduler.SetPriority(top, Priority(0));
    scheduler.SetPriority(low, Priority(7));
    scheduler.Add(top);
    scheduler.Add(low);
    double sent = 0, sent_low = 0;
    for (int i = 0; i < 20'000; ++i) {
      auto& next = static_cast<Source&>(*scheduler.Next());
      const std::size_t n = scheduler.Grant(next, 1 + random() % kFrame, 1 + random() % kFrame);
      scheduler.Sent(next, n);
      sent += static_cast<double>(n);
      if (&next == &low) sent_low += static_cast<double>(n);
    }
    // What is owed is never more than a quantum and what one frame adds.
    EXPECT_NEAR(sent_low, sent * floor, 2.0 * kFrame + sent / 65536);
    scheduler.Remove(top);
    scheduler.Remove(low);
  }
}

TEST(SchedulerTest, LowerLineWaitsForQuantumByFloorAtMost) {
  Scheduler::Options options;
  options.turn = 100'000 * kFrame;
  Line line(options);
  line.Add('a', Priority(0), 100'000 * kFrame);
  line.Add('b', Priority(1), 1000 * kFrame);
  line.Add('c', Priority(2), 1000 * kFrame);
  line.Add('d', Priority(7), 1000 * kFrame);
  const double most = static_cast<double>(options.quantum) / options.floor;
  const std::string order = line.Order(2000);
  std::size_t since = 0;
  std::map<char, std::size_t> waits;
  for (const char name : order) {
    since += kFrame;
    for (const char lower : {'b', 'c', 'd'}) waits[lower] += kFrame;
    if (name == 'a') continue;
    EXPECT_LE(static_cast<double>(since), most + kFrame);
    since = 0;
    EXPECT_LE(static_cast<double>(waits[name]), 3 * (most + kFrame));
    waits[name] = 0;
  }
  EXPECT_NEAR(static_cast<double>(std::count(order.begin(), order.end(), 'a')), 1900, 2);
}

// A top line that runs dry for a moment, again and again, must not put the others' turn off.
TEST(SchedulerTest, GapsOfTheTopLineDoNotForgetWhatIsOwed) {
  Line line(FloorOfAQuarter());
  line.Add('b', Priority(4), 10 * kFrame);
  std::string order;
  for (int i = 0; i < 9; ++i) {
    const Source& top = line.Add('a', Priority(0), kFrame);
    while (top.bytes > 0) order += line.Step();
  }
  EXPECT_EQ(order, "aaabaaabaaa");
}

TEST(SchedulerTest, WhatLowerLinesSendInGapsCountsForTheirShare) {
  Line line(FloorOfAQuarter());
  line.Add('b', Priority(4), 10 * kFrame);
  line.Add('a', Priority(0), 3 * kFrame);
  EXPECT_EQ(line.Order(4), "aaab");
  line.Add('a', Priority(0), 2 * kFrame);
  EXPECT_EQ(line.Order(3), "aab");
  line.Add('a', Priority(0), 4 * kFrame);
  EXPECT_EQ(line.Order(5), "aaaba");
}

TEST(SchedulerTest, FloorOutOfRangeCountsAsTheNearest) {
  for (const double floor : {0.0, -1.0, std::nan("")}) {
    Scheduler::Options options;
    options.floor = floor;
    Line line(options);
    line.Add('a', Priority(1), 60 * kFrame);
    line.Add('b', Priority(4), kFrame);
    EXPECT_EQ(line.Order(), std::string(60, 'a') + "b") << floor;
  }
  for (const double floor : {0.5, 0.9, 7.0}) {
    Scheduler::Options options;
    options.floor = floor;
    Line line(options);
    line.Add('a', Priority(1), 3 * kFrame);
    line.Add('b', Priority(4), 3 * kFrame);
    EXPECT_EQ(line.Order(), "ababab") << floor;
  }
}

TEST(SchedulerTest, PriorityChangeMovesToTheBackOfTheNewLine) {
  Line line{Scheduler::Options()};
  Source& a = line.Add('a', Priority(5), kFrame);
  line.Add('b', Priority(2), kFrame);
  line.scheduler().SetPriority(a, Priority(2));
  EXPECT_EQ(line.Order(), "ba");
}

TEST(SchedulerTest, PriorityChangeInMidStreamTakesEffectWithTheNextFrame) {
  Line line{Scheduler::Options()};
  Source& a = line.Add('a', {}, 4 * kFrame);
  Source& b = line.Add('b', {}, 2 * kFrame);
  line.Add('c', {}, 2 * kFrame);
  EXPECT_EQ(line.Order(2), "aa");
  line.scheduler().SetPriority(a, Priority(6));
  EXPECT_EQ(line.Order(1), "b");
  line.scheduler().SetPriority(b, Priority(3, /*incremental=*/true));  // keeps its place, once more
  EXPECT_EQ(line.Order(), "bccaa");
}

TEST(SchedulerTest, AddAndRemoveTwiceChangeNothing) {
  Line line{Scheduler::Options()};
  Source& a = line.Add('a', {}, kFrame);
  line.scheduler().Add(a);
  EXPECT_EQ(line.scheduler().size(), 1u);
  line.scheduler().Remove(a);
  line.scheduler().Remove(a);
  EXPECT_TRUE(line.scheduler().empty());
}

unsigned Bits(const std::set<int>& urgencies) {
  unsigned bits = 0;
  for (const int urgency : urgencies) bits |= 1u << urgency;
  return bits;
}

// The same rules over plain lists, as slowly and plainly as they can be said.
class Model {
 public:
  explicit Model(const Scheduler::Options& options) : options_(options) {}
  void Add(char name, Priority priority) {
    lines_[priority.urgency()].push_back({name, priority});
    used_.insert(priority.urgency());
  }
  void Remove(char name) {
    for (auto& [urgency, line] : lines_) {
      std::erase_if(line, [&](const auto& e) { return e.name == name; });
    }
    std::erase_if(lines_, [](const auto& l) { return l.second.empty(); });
    if (lines_.empty()) owed_ = 0;
  }
  void Hold(std::set<int> urgencies) { held_ = std::move(urgencies); }
  void Await(int urgency) { awaited_.insert(urgency); }
  void AwaitNothing() { awaited_.clear(); }
  bool KeptWaiting() const {
    return std::any_of(lines_.begin(), lines_.end(), [&](const auto& l) {
      return !awaited_.empty() && l.first > *awaited_.begin() && !held_.contains(l.first);
    });
  }
  std::set<int> TakeUsed() {
    std::set<int> occupied;
    for (const auto& [urgency, line] : lines_) occupied.insert(urgency);
    return std::exchange(used_, occupied);
  }
  void SetPriority(char name, Priority priority) {
    for (auto& [urgency, line] : lines_) {
      for (Item& item : line) {
        if (item.name != name) continue;
        if (urgency == priority.urgency()) {
          item.priority = priority;
          return;
        }
        // The floor's account goes on: nothing was sent.
        const double owed = owed_;
        Remove(name);
        owed_ = owed;
        Add(name, priority);
        return;
      }
    }
  }
  char Next() { return Urgency() < 0 ? '.' : lines_.at(Urgency()).front().name; }
  // Whether it may send so many bytes, the rest of what it has.
  bool MaySend(char name, std::size_t rest) {
    if (Urgency() < 0) return false;
    if (name == Next()) return true;
    const auto& line = lines_.at(Urgency());
    return rest <= options_.small_rest &&
           std::any_of(line.begin(), line.end(), [&](const Item& i) { return i.name == name; });
  }
  void Sent(char name, std::size_t n) {
    for (auto& [urgency, line] : lines_) {
      for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i].name != name) continue;
        const bool top = urgency == First();
        if (top && lines_.size() > 1) {
          owed_ += static_cast<double>(n) * options_.floor;
        } else {
          owed_ = std::max(0.0, owed_ - static_cast<double>(n) * (1 - options_.floor));
        }
        if (!top) last_ = urgency;
        line[i].turn += n;
        if (line[i].priority.incremental() || line[i].turn >= options_.turn) {
          Item item = line[i];
          item.turn = 0;
          line.erase(line.begin() + static_cast<std::ptrdiff_t>(i));
          line.push_back(item);
        }
        return;
      }
    }
  }

 private:
  struct Item {
    char name;
    Priority priority;
    std::size_t turn = 0;
  };

  // The line whose turn it is; negative: none may send.
  int Urgency() const {
    const double turn = static_cast<double>(options_.quantum) * (1 - options_.floor);
    const bool owes = owed_ >= turn;
    std::vector<int> open;
    for (const auto& [urgency, line] : lines_) {
      const bool waits = !awaited_.empty() && urgency > *awaited_.begin();
      if (owes || (!held_.contains(urgency) && !waits)) open.push_back(urgency);
    }
    if (open.empty()) return -1;
    if (!owes) return open.front();
    std::vector<int> lower = open;
    std::erase_if(lower, [first = First()](int urgency) { return urgency <= first; });
    if (lower.empty()) return open.front();
    for (const int urgency : lower) {
      if (urgency > last_) return urgency;
    }
    return lower.front();
  }
  // The most urgent line that has something or will; there is one.
  int First() const {
    const int first = lines_.begin()->first;
    return awaited_.empty() ? first : std::min(first, *awaited_.begin());
  }

  const Scheduler::Options options_;
  std::map<int, std::vector<Item>> lines_;
  std::set<int> held_;
  std::set<int> awaited_;
  std::set<int> used_;
  double owed_ = 0;
  int last_ = 0;
};

TEST(SchedulerTest, RandomProgramsFollowTheModel) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < 200; ++round) {
    Scheduler::Options options;
    options.floor = static_cast<double>(pick(6)) / 16;  // exact in binary, so that both sums are
    options.turn = (1 + pick(8)) * kFrame;
    Scheduler scheduler(options);
    Model model(options);
    std::vector<std::unique_ptr<Source>> sources;
    const auto send = [&](Source& source, std::size_t n) {
      scheduler.Sent(source, n);
      model.Sent(source.name, n);
      source.bytes -= n;
      if (source.bytes > 0) return;
      scheduler.Remove(source);
      model.Remove(source.name);
      std::erase_if(sources, [&](const auto& s) { return s.get() == &source; });
    };
    for (int step = 0; step < 300; ++step) {
      ASSERT_EQ(scheduler.Next() == nullptr ? '.' : static_cast<Source*>(scheduler.Next())->name,
                model.Next());
      const std::size_t action = pick(7);
      if (action == 6 && pick(8) == 0) {
        // What is less urgent than one, or nothing any more.
        std::set<int> held;
        for (int urgency = static_cast<int>(pick(9)); urgency < 8; ++urgency) held.insert(urgency);
        scheduler.Hold(Bits(held));
        model.Hold(held);
        ASSERT_EQ(scheduler.TakeUsed(), Bits(model.TakeUsed()));
      } else if (action == 6 && pick(4) == 0) {
        scheduler.AwaitNothing();
        model.AwaitNothing();
      } else if (action == 5 && !sources.empty() && pick(4) == 0) {
        const Source& source = *sources[pick(sources.size())];
        scheduler.Await(source);
        model.Await(source.priority().urgency());
        ASSERT_EQ(scheduler.kept_waiting(), model.KeptWaiting());
      } else if (action == 0 && sources.size() < 20) {
        const char name = static_cast<char>('A' + step % 58);
        if (std::any_of(sources.begin(), sources.end(),
                        [&](const auto& s) { return s->name == name; })) {
          continue;
        }
        const std::size_t bytes = pick(3) == 0 ? 1 + pick(300) : (1 + pick(6)) * kFrame;
        sources.push_back(std::make_unique<Source>(name, bytes));
        const Priority priority(static_cast<int>(pick(8)), pick(2) == 0);
        scheduler.SetPriority(*sources.back(), priority);
        scheduler.Add(*sources.back());
        model.Add(name, priority);
      } else if (action == 1 && !sources.empty() && pick(4) == 0) {
        const std::size_t index = pick(sources.size());
        scheduler.Remove(*sources[index]);
        model.Remove(sources[index]->name);
        sources.erase(sources.begin() + static_cast<std::ptrdiff_t>(index));
      } else if (action == 2 && !sources.empty()) {
        Source& source = *sources[pick(sources.size())];
        const Priority priority(static_cast<int>(pick(8)), pick(2) == 0);
        scheduler.SetPriority(source, priority);
        model.SetPriority(source.name, priority);
      } else if (action == 3 && !sources.empty()) {
        Source& any = *sources[pick(sources.size())];
        const bool may = model.MaySend(any.name, any.bytes);
        const std::size_t n = scheduler.Grant(any, any.bytes, kFrame);
        ASSERT_EQ(n > 0, may) << any.name;
        if (may) send(any, n);
      } else if (auto* next = static_cast<Source*>(scheduler.Next())) {
        const std::size_t n = scheduler.Grant(*next, next->bytes, 1 + pick(2 * kFrame));
        ASSERT_GT(n, 0u);
        ASSERT_LE(n, options.quantum);
        send(*next, n);
      }
    }
    for (auto& source : sources) scheduler.Remove(*source);
  }
}

}  // namespace
}  // namespace weft::http2
