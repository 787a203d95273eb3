// The same things written as CONTRIBUTING.md asks: right with every compiler.
#include <utility>

#include "mini_task.h"

struct Options {
  Life life;
  int n = 0;
};

static MiniTask<bool> No() { co_return false; }
static MiniTask<int> Use(Options options) { co_return options.n; }
static MiniTask<bool> ReadOne(int& out) {
  ++out;
  co_return out < 4;
}
template <typename Fn>
static MiniTask<int> Call(Fn fn) {
  co_return fn();
}

static MiniTask<int> Body() {
  bool no = co_await No();
  if (no) co_return 100;
  Options options;
  options.n = 2;
  int n = co_await Use(std::move(options));
  Life life;
  auto five = [life] { return life.live > 0 ? 5 : 6; };
  int m = co_await Call(std::move(five));
  int read = 0;
  int rounds = 0;
  while (co_await ReadOne(read)) ++rounds;
  co_return n + m + rounds;
}

int main() { return Verdict(Body, 10); }
