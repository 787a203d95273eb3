#!/usr/bin/env python3
"""No mutable globals in the library: what the compiler put into its writable sections is looked at.

  globals.py --library libweft.a        checks it
  globals.py --self-test --compiler CXX

The design knows two exceptions, the log sink and the pointer to a thread's loop; a line that declares one says
`// lint: allow global: why`. Generated code (*.pb.cc) is protobuf's affair.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import source

SYMBOL = re.compile(r"^[0-9a-f]+ .{7} (\.\S+)\t[0-9a-f]+\s+(?:\.hidden )?(.+)$")
MEMBER = re.compile(r"^(\S+):\s+file format")
WRITABLE = re.compile(r"^\.(bss|data|tbss|tdata)(?!\.rel\.ro)")
IGNORED = re.compile(r"^(guard variable for|TLS |__tls_guard|DW\.ref\.|\.(bss|data|tbss|tdata)|std::)")


def writable_symbols(library):
    """Yields (object file, demangled name) of what lies in writable sections."""
    listed = subprocess.run(["objdump", "-t", "-C", library], capture_output=True, text=True, check=True).stdout
    member = ""
    for line in listed.splitlines():
        begins = MEMBER.match(line)
        if begins:
            member = begins.group(1)
            continue
        symbol = SYMBOL.match(line)
        if symbol and WRITABLE.match(symbol.group(1)) and not IGNORED.match(symbol.group(2)):
            if not member.endswith(".pb.cc.o"):
                yield member, symbol.group(2)


def has_reason(name, tree):
    """Whether a line of runtime/ that declares this name carries the exception."""
    last = re.sub(r"\[abi:.*?\]|\(.*?\)( const)?", "", name).split("::")[-1]
    declared = re.compile(rf"\b{re.escape(last)}\b.*lint: allow global: *\S")
    return any(declared.search(line) for _, text in tree.files("runtime") for line in text.splitlines())


def check(library, tree):
    return [f"{member}: {name} is a mutable global" for member, name in writable_symbols(library)
            if not has_reason(name, tree)]


def self_test(compiler):
    unit = """
#include <atomic>
#include <string>
namespace weft {
namespace { int hidden_counter = 0; thread_local int per_thread; std::atomic<int> sink{0}; }
extern int shared_counter;
int shared_counter = 3;
const int kLimit = 4;
const char* const kNames[] = {"a", "b"};
struct Base { virtual ~Base() = default; };
struct Derived : Base {};
Base* Make() { static int calls = 0; ++calls; static const std::string* const kText = new std::string("x");
  return hidden_counter++ + per_thread++ + sink++ + kLimit + static_cast<int>(kText->size()) + (kNames[0] != nullptr) > 0
      ? new Derived : nullptr; }
}
"""
    tree = source.Tree({"runtime/a.cc": "std::atomic<int> sink{0};  // lint: allow global: the log\n"})
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "a.o"
        subprocess.run([compiler, "-std=c++20", "-O2", "-fPIC", "-c", "-x", "c++", "-o", out, "-"], input=unit, text=True,
                       check=True)
        found = " ".join(check(out, tree))
    for name in ("hidden_counter", "per_thread", "shared_counter", "calls", "kText"):
        assert name in found, f"{name} was not found: {found}"
    for name in ("kLimit", "kNames", "sink", "vtable"):
        assert name not in found, f"{name} was found: {found}"
    print("9 passed, 0 failed, 0 skipped")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--library")
    args = parser.parse_args()
    if args.self_test:
        self_test(args.compiler)
        return
    wrong = check(args.library, source.Tree.of_checkout())
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
