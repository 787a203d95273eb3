#include "mini_task.h"

struct Options {
  Life life;
  int n = 0;
};

static MiniTask<int> Use(Options options) { co_return options.n; }
static MiniTask<int> Body() { co_return co_await Use(Options{Life(), 2}); }

int main() { return Verdict(Body, 2); }
