#!/usr/bin/env python3
"""Every header of runtime/ compiles alone, and no public header pulls in nghttp2, libevent or OpenSSL, at any depth.

  headers.py --cache DIR --compiler CXX [--include DIR]...     checks the headers of runtime/
  headers.py --self-test --compiler CXX                        runs the lint's own cases

A header that its own .cc includes first is compiled alone by the build itself; the others are compiled here, and not
again until they or something that they include have changed. Public headers see runtime/include alone, as in a
user's build.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import source

FOREIGN = re.compile(r"/(nghttp2/nghttp2\.h|event2/[^/]+\.h|openssl/[^/]+\.h)$")
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror", "-x", "c++"]


def dependencies(depfile):
    """The files that a rule written by -MD names."""
    rule = depfile.read_text().replace("\\\n", " ").split(":", 1)[1]
    return [word.replace("\0", " ") for word in rule.replace("\\ ", "\0").split()]


def fresh(stamp, depfile):
    if not stamp.exists() or not depfile.exists():
        return False
    made = stamp.stat().st_mtime
    return all(os.path.exists(d) and os.stat(d).st_mtime <= made for d in dependencies(depfile))


def compiled_by_the_build(root):
    """The headers that are the first include of the source file of the same name."""
    covered = set()
    for path in root.rglob("*.cc"):
        first = re.search(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE)
        if first and pathlib.Path(first.group(1)).stem == path.stem:
            covered.add(root / first.group(1))
            covered.add(root / "include" / first.group(1))
    return covered


def preprocess_flags(root, public, args):
    return [f"-I{f}" for f in [root / "include"] + ([] if public else [root]) + args.include]


def check_header(header, root, args):
    """Returns what is wrong with the header, or an empty text."""
    public = header.is_relative_to(root / "include")
    name = str(header.relative_to(root / "include" if public else root))
    stamp = args.cache / (name.replace("/", "__") + ".ok")
    depfile = stamp.with_suffix(".d")
    if fresh(stamp, depfile):
        return ""
    command = [args.compiler, *FLAGS, *preprocess_flags(root, public, args),
               "-MD", "-MF", str(depfile), "-MT", "x", "-"]
    done = subprocess.run(command, input=f'#include "{name}"\n#include "{name}"\n', capture_output=True, text=True)
    if done.returncode != 0:
        return f"{header}: does not compile alone\n{done.stderr}"
    stamp.touch()
    return ""


def check_foreign(root, args):
    """What all public headers together pull in: one run of the preprocessor."""
    names = sorted(str(h.relative_to(root / "include")) for h in (root / "include").rglob("*.h"))
    depfile = args.cache / "public.d"
    command = [args.compiler, "-std=c++20", "-x", "c++", "-E", *preprocess_flags(root, True, args),
               "-MD", "-MF", str(depfile), "-MT", "x", "-o", os.devnull, "-"]
    done = subprocess.run(command, input="".join(f'#include "{n}"\n' for n in names), capture_output=True, text=True)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if "error" in line]
        return "the public headers need more than runtime/include:\n" + "\n".join(errors)
    foreign = [d for d in dependencies(depfile) if FOREIGN.search(d)]
    return f"the public headers include {', '.join(foreign)}" if foreign else ""


def check(root, args):
    args.cache.mkdir(parents=True, exist_ok=True)
    headers = sorted(set(root.rglob("*.h")) - compiled_by_the_build(root))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = list(pool.map(lambda h: check_header(h, root, args), headers))
    return [w for w in (*wrong, check_foreign(root, args)) if w]


def self_test(args):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "runtime"
        args.cache = pathlib.Path(folder) / "cache"

        def write(name, text):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return path

        good = write("base/good.h", "#pragma once\n#include <string>\ninline std::string F() { return {}; }\n")
        write("base/built.h", "#pragma once\nstd::string H();\n")
        write("base/built.cc", '#include "base/built.h"\n')
        write("include/weft/good.h", "#pragma once\nint G();\n")
        assert check(root, args) == [], "good headers were refused"
        assert all((args.cache / n).exists() for n in ("base__good.h.ok", "weft__good.h.ok")), "nothing was remembered"
        assert not (args.cache / "base__built.h.ok").exists(), "a header was compiled although the build does it"

        good.write_text("#pragma once\ninline std::string F() { return {}; }\n")
        later = (args.cache / "base__good.h.ok").stat().st_mtime + 5
        os.utime(good, (later, later))
        write("base/no_guard.h", "struct S {};\n")
        found = check(root, args)
        assert len(found) == 2, "of two bad headers were found:\n" + "\n".join(found)

        inner = write("include/weft/inner.h", '#pragma once\n#include "base/built.h"\n')
        assert len(check(root, args)) == 4, "a public header on an internal one passed"
        inner.write_text("#pragma once\n#include <nghttp2/nghttp2.h>\n")
        assert "nghttp2.h" in check(root, args)[-1], "a public header on nghttp2 passed"
    print("6 passed, 0 failed, 0 skipped")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--cache", type=pathlib.Path)
    parser.add_argument("--include", action="append", default=[])
    args = parser.parse_args()
    args.include = [i for i in args.include if i]
    if args.self_test:
        self_test(args)
        return
    wrong = check(source.ROOT / "runtime", args)
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
