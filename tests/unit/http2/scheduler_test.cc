#include "http2/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
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
  char Step(std::size_t room = 16 * 1024) {
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

constexpr std::size_t kFrame = 16 * 1024;

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

TEST(SchedulerTest, FloorGivesEachLowerLineAQuantumPerInterval) {
  Scheduler::Options options;
  options.floor_interval = 4 * kFrame;
  Line line(options);
  line.Add('a', Priority(1), 1000 * kFrame);
  line.Add('b', Priority(4), 1000 * kFrame);
  line.Add('c', Priority(6), 1000 * kFrame);
  EXPECT_EQ(line.Order(15), "aaaabaaaacaaaab");
}

TEST(SchedulerTest, FloorOfZeroIsStrict) {
  Scheduler::Options options;
  options.floor_interval = 0;
  Line line(options);
  line.Add('a', Priority(1), 60 * kFrame);
  line.Add('b', Priority(4), kFrame);
  EXPECT_EQ(line.Order(), std::string(60, 'a') + "b");
}

TEST(SchedulerTest, PriorityChangeMovesToTheBackOfTheNewLine) {
  Line line{Scheduler::Options()};
  Source& a = line.Add('a', Priority(5), kFrame);
  line.Add('b', Priority(2), kFrame);
  line.scheduler().SetPriority(a, Priority(2));
  EXPECT_EQ(line.Order(), "ba");
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

// The same rules over plain lists, as slowly and plainly as they can be said.
class Model {
 public:
  explicit Model(const Scheduler::Options& options) : options_(options) {}
  void Add(char name, Priority priority) { lines_[priority.urgency()].push_back({name, priority}); }
  void Remove(char name) {
    for (auto& [urgency, line] : lines_) {
      std::erase_if(line, [&](const auto& e) { return e.first == name; });
    }
    std::erase_if(lines_, [](const auto& l) { return l.second.empty(); });
    if (lines_.size() <= 1) owed_ = 0;
  }
  char Next() {
    if (lines_.empty()) return '.';
    return lines_.at(Urgency()).front().first;
  }
  void Sent(char name, std::size_t n) {
    for (auto& [urgency, line] : lines_) {
      for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i].first != name) continue;
        if (lines_.size() > 1) {
          if (urgency == lines_.begin()->first) {
            owed_ += n;
          } else {
            owed_ = 0;
            last_ = urgency;
          }
        }
        if (line[i].second.incremental()) {
          const auto entry = line[i];
          line.erase(line.begin() + static_cast<std::ptrdiff_t>(i));
          line.push_back(entry);
        }
        return;
      }
    }
  }

 private:
  int Urgency() const {
    const int top = lines_.begin()->first;
    if (lines_.size() == 1 || options_.floor_interval == 0 || owed_ < options_.floor_interval) {
      return top;
    }
    for (const auto& [urgency, line] : lines_) {
      if (urgency != top && urgency > last_) return urgency;
    }
    return std::next(lines_.begin())->first;
  }

  const Scheduler::Options options_;
  std::map<int, std::vector<std::pair<char, Priority>>> lines_;
  std::size_t owed_ = 0;
  int last_ = 0;
};

TEST(SchedulerTest, RandomProgramsFollowTheModel) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < 200; ++round) {
    Scheduler::Options options;
    options.floor_interval = pick(4) == 0 ? 0 : (1 + pick(8)) * kFrame;
    Scheduler scheduler(options);
    Model model(options);
    std::vector<std::unique_ptr<Source>> sources;
    for (int step = 0; step < 300; ++step) {
      ASSERT_EQ(scheduler.Next() == nullptr ? '.' : static_cast<Source*>(scheduler.Next())->name,
                model.Next());
      const std::size_t action = pick(4);
      if (action == 0 && sources.size() < 20) {
        const char name = static_cast<char>('A' + step % 58);
        if (std::any_of(sources.begin(), sources.end(),
                        [&](const auto& s) { return s->name == name; })) {
          continue;
        }
        sources.push_back(std::make_unique<Source>(name, (1 + pick(6)) * kFrame));
        const Priority priority(static_cast<int>(pick(8)), pick(2) == 0);
        scheduler.SetPriority(*sources.back(), priority);
        scheduler.Add(*sources.back());
        model.Add(name, priority);
      } else if (action == 1 && !sources.empty() && pick(4) == 0) {
        const std::size_t index = pick(sources.size());
        scheduler.Remove(*sources[index]);
        model.Remove(sources[index]->name);
        sources.erase(sources.begin() + static_cast<std::ptrdiff_t>(index));
      } else if (auto* next = static_cast<Source*>(scheduler.Next())) {
        const std::size_t n = scheduler.Grant(*next, next->bytes, 1 + pick(2 * kFrame));
        ASSERT_GT(n, 0u);
        ASSERT_LE(n, options.quantum);
        scheduler.Sent(*next, n);
        model.Sent(next->name, n);
        next->bytes -= n;
        if (next->bytes == 0) {
          scheduler.Remove(*next);
          model.Remove(next->name);
          std::erase_if(sources, [&](const auto& s) { return s.get() == next; });
        }
      }
    }
    for (auto& source : sources) scheduler.Remove(*source);
  }
}

}  // namespace
}  // namespace weft::http2
