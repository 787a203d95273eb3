#include "mini_task.h"

template <typename Fn>
static MiniTask<int> Call(Fn fn) {
  co_return fn();
}
static MiniTask<int> Body() {
  Life life;
  co_return co_await Call([life] { return life.live > 0 ? 5 : 6; });
}

int main() { return Verdict(Body, 5); }
