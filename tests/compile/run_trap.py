"""Compiles a small coroutine program and runs it; compares with what this compiler is known to do.

run_trap.py COMPILER EXPECTED SOURCE FLAGS... ; EXPECTED is right or wrong.
A program is right when it compiles, runs and exits with 0, at -O0 and at -O2 unless FLAGS name a level."""

import os
import subprocess
import sys
import tempfile


def outcome(compiler, source, flags, folder):
    program = os.path.join(folder, "trap")
    built = subprocess.run([compiler, "-std=c++20", *flags, source, "-o", program],
                           capture_output=True, text=True, timeout=60)
    if built.returncode != 0:
        return "wrong", "does not compile: " + built.stderr[-600:]
    ran = subprocess.run([program], capture_output=True, text=True, timeout=20)
    if ran.returncode != 0:
        return "wrong", f"exit status {ran.returncode}: {ran.stdout}{ran.stderr}"
    return "right", ""


def main():
    compiler, expected, source, *flags = sys.argv[1:]
    levels = [[]] if any(flag.startswith("-O") for flag in flags) else [["-O0"], ["-O2"]]
    unexpected = False
    with tempfile.TemporaryDirectory() as folder:
        for level in levels:
            found, why = outcome(compiler, source, level + flags, folder)
            print(" ".join(level + flags), found, why)
            unexpected = unexpected or found != expected
    if unexpected and expected == "wrong":
        print("This compiler is no longer wrong here: change tests/compile/CMakeLists.txt, and see whether a rule"
              " for coroutines in CONTRIBUTING.md can go.")
    elif unexpected:
        print("This compiler is wrong here: record it in tests/compile/CMakeLists.txt, and see whether the rules for"
              " coroutines in CONTRIBUTING.md keep us clear of it.")
    sys.exit(1 if unexpected else 0)


main()
