#!/usr/bin/env python3
"""The small house rules that a search can check.

`print`: runtime/ prints only where it logs or dies. `throw`: we do not throw. `lock`: std::mutex, never absl's (TSan
cannot see into it), and no fences. `string-view`: absl::string_view is another type in Debian 12, so no public header
names it. `macro`: no macros in public headers. `pragma-once`: every header begins with it, after comments. `length`:
no file over 800 lines. `todo`: nothing left for later in the code. `sleep`: tests wait for facts.
"""

import re

import source
from source import Finding

LONGEST = 800
SOURCES = source.CXX + (".py", ".cmake", ".proto", ".sh", ".go", ".rs", "CMakeLists.txt", "/run", "/setup", "/tidy",
                        "bench/compare", "bench/loops", "bench/ping_pong", "bench/priority", "bench/reuse")
GENERATED = ("tests/golden/", "tests/lint/")

PRINTS = re.compile(r"\bstd::(?:cout|cerr|clog)\b|(?<![\w:])(?:std::)?(?:v?f?printf|f?puts|putchar|perror)\s*\(")
THROWS = re.compile(r"\bthrow\b(?!\s*[;(])")
LOCKS = re.compile(r"\babsl::(?:Mutex|MutexLock|CondVar|Notification)\b|\batomic_(?:thread|signal)_fence\b")
LATER = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
SLEEPS = re.compile(r"\bsleep_(?:for|until)\b|\b(?:u|nano)?sleep\s*\(|\btime\.sleep\b")
DEFINES = re.compile(r"^[ \t]*#[ \t]*define\b", re.MULTILINE)


def search(path, text, pattern, rule, says):
    for match in pattern.finditer(text):
        yield Finding(path, source.line_at(text, match.start()), rule, f"{match.group().strip(' (')}: {says}")


def check_runtime(path, text):
    if not re.match(r"runtime/base/(log|check)", path):
        yield from search(path, text, PRINTS, "print", "runtime/ prints only in base/log and base/check")
    yield from search(path, text, THROWS, "throw", "errors are statuses")
    if path.startswith("runtime/include/"):
        yield from search(path, text, re.compile(r"\babsl::string_view\b"), "string-view", "std::string_view in our API")
        yield from search(path, text, DEFINES, "macro", "no macros in public headers")


def check(tree):
    for path, raw in tree.files("runtime", "codegen", "examples", "tests", "bench"):
        text = source.code(raw)
        if path.startswith("runtime/"):
            yield from check_runtime(path, text)
        if path.startswith(("runtime/", "codegen/", "tests/")):
            yield from search(path, text, LOCKS, "lock", "std::mutex, and no fences")
        if path.endswith(".h") and not path.startswith(GENERATED):
            first = next((line for line in text.splitlines() if line.strip()), "")
            if first.strip() != "#pragma once":
                yield Finding(path, 1, "pragma-once", "a header begins with #pragma once")
    for path, text in tree.files(suffixes=SOURCES):
        if text.count("\n") > LONGEST:
            yield Finding(path, 1, "length", f"{text.count(chr(10))} lines, more than {LONGEST}")
        if not path.startswith("tests/lint/"):
            yield from search(path, text, LATER, "todo", "do it now, or say in an issue what is missing")
            if path.startswith("tests/"):
                yield from search(path, source.code(text) if path.endswith(source.CXX) else text, SLEEPS, "sleep",
                                  "wait for the fact, not for the time")


def one(path, text, *rules):
    return {path: text}, set(rules)


H = "#pragma once\n"
CASES = [
    one("runtime/rpc/a.cc", 'void F() { std::snprintf(b, 1, "x"); }\n'),
    one("runtime/rpc/a.cc", "// std::cout << 1;\nvoid G() { out.puts; }\n"),
    one("runtime/rpc/a.cc", "void F() { std::cout << 1; }\n", "print"),
    one("runtime/rpc/a.cc", 'void F() { printf("x"); }\n', "print"),
    one("runtime/rpc/a.cc", 'void F() { std::fprintf(stderr, "x"); }\n', "print"),
    one("runtime/base/log.cc", 'void F() { std::fprintf(stderr, "x"); }\n'),
    one("examples/hello/client.cc", "void F() { std::cout << 1; }\n"),
    one("runtime/rpc/a.cc", "void F() { throw 1; }\n", "throw"),
    one("runtime/rpc/a.cc", "try { throw; } catch (...) {}\n"),
    one("runtime/rpc/a.cc", "absl::Mutex mutex;\n", "lock"),
    one("runtime/rpc/a.cc", "std::atomic_thread_fence(std::memory_order_seq_cst);\n", "lock"),
    one("runtime/rpc/a.cc", "std::mutex mutex;\n"),
    one("runtime/rpc/a.cc", "F(absl::string_view(s.data(), s.size()));\n"),
    one("runtime/include/weft/a.h", H + "void F(absl::string_view s);\n", "string-view"),
    one("runtime/include/weft/a.h", H + "#define WEFT_X 1\n", "macro"),
    one("runtime/rpc/a.h", "#ifndef A\n#define A\n#endif\n", "pragma-once"),
    one("runtime/include/weft/a.h", "// Layer: base.\n" + H),
    one("runtime/rpc/a.cc", "\n" * 801, "length"),
    one("runtime/rpc/a.cc", "\n" * 800),
    one("cmake/a.cmake", "# TODO: more\n", "todo"),
    one("runtime/rpc/a.cc", "// FIXME\n", "todo"),
    one("runtime/rpc/a.cc", "// XXXL\n"),
    one("tests/unit/a_test.cc", "std::this_thread::sleep_for(1ms);\n", "sleep"),
    one("tests/unit/a_test.cc", "usleep(1);\n", "sleep"),
    one("tests/unit/a_test.cc", "// usleep(1);\nco_await Sleep(loop, 1);\n"),
    one("tests/unit/a_test.cc", "usleep(1);  // lint: allow sleep: the kernel's timer itself is tested\n"),
    one("tests/interop/a.py", "time.sleep(1)\n", "sleep"),
    one("tests/interop/a.py", "time.sleep(0.01)  # lint: allow sleep: polls, bounded\n"),
    one("runtime/io/a.cc", "std::this_thread::sleep_for(1ms);\n"),
]

if __name__ == "__main__":
    source.main(check, CASES)
