#include "mini_task.h"

struct Both {
  Life a;
  Life b;
};
static MiniTask<Both> Make() {
  Both both;
  co_return both;
}
static MiniTask<int> Body() {
  auto [a, b] = co_await Make();
  co_return static_cast<int>(sizeof(a) + sizeof(b));
}

int main() { return Verdict(Body, 2); }
