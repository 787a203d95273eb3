#include <initializer_list>

#include "mini_task.h"

static MiniTask<int> Count(std::initializer_list<int> list) {
  co_return static_cast<int>(list.size());
}
static MiniTask<int> Body() { co_return co_await Count({1, 2, 3}); }

int main() { return Verdict(Body, 3); }
