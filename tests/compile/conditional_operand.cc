#include "mini_task.h"

static MiniTask<int> Use(Life) { co_return 4; }
static MiniTask<int> Other(Life) { co_return 5; }
static volatile bool first = true;
static MiniTask<int> Body() { co_return co_await (first ? Use(Life()) : Other(Life())); }

int main() { return Verdict(Body, 4); }
