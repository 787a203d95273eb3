#include "mini_task.h"

static MiniTask<bool> No() { co_return false; }

static MiniTask<int> Body() {
  if (co_await No()) co_return 1;
  co_return 3;
}

int main() { return Verdict(Body, 3); }
