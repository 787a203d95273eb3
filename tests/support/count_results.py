#!/usr/bin/env python3
"""Counts the tests that really ran in a build folder after ctest.

Prints `PASSED FAILED SKIPPED` and then a line for each failure. A program written with GoogleTest counts by its
cases (test-results/NAME.json); one whose output has a last line `N passed, N failed, N skipped` by that; anything
else counts as one. A program that ends badly although all its cases passed (a sanitizer's report, a crash, a
timeout) is one failure more.
"""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree

SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)


def gtest_cases(path):
    """Yields (name, "passed" | "failed" | "skipped") of the cases that one program ran."""
    for suite in json.loads(path.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            name = f"{suite['name']}.{case['name']}"
            if case.get("failures"):
                yield name, "failed"
            elif case.get("result") == "SKIPPED":
                yield name, "skipped"
            elif case.get("status") == "RUN":
                yield name, "passed"


def count_test(name, status, output, results):
    """Returns (passed, failed, skipped, failures) of one ctest test; `status` is ctest's word on it."""
    if status in ("disabled", "notrun"):
        return 0, 0, 1, []
    passed = failed = skipped = 0
    failures = []
    cases = results / f"{name}.json"
    summaries = SUMMARY.findall(output)
    if cases.exists():
        for case, result in gtest_cases(cases):
            passed += result == "passed"
            skipped += result == "skipped"
            if result == "failed":
                failed += 1
                failures.append(f"{name}: {case}")
    elif summaries:
        passed, failed, skipped = map(int, summaries[-1])
        if failed:
            failures.append(f"{name}: {failed} failed")
    elif status == "run":
        passed = 1
    if status == "fail" and not failed:
        failed += 1
        failures.append(f"{name} (the program as a whole)")
    return passed, failed, skipped, failures


def count(build):
    total = [0, 0, 0]
    failures = []
    for case in xml.etree.ElementTree.parse(build / "junit.xml").getroot().iter("testcase"):
        output = case.findtext("system-out") or ""
        *counts, names = count_test(case.get("name"), case.get("status"), output, build / "test-results")
        total = [a + b for a, b in zip(total, counts)]
        failures += names
    return total, failures


def main():
    total, failures = count(pathlib.Path(sys.argv[1]))
    print(*total)
    for name in failures:
        print(name)


if __name__ == "__main__":
    main()
