#!/usr/bin/env python3
"""Tests of tests/support/count_results.py."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import count_results


def gtest_json(**cases):
    def case(name, result):
        entry = {"name": name, "status": "RUN", "result": "COMPLETED"}
        if result == "failed":
            entry["failures"] = [{"failure": "no"}]
        if result == "skipped":
            entry["result"] = "SKIPPED"
        if result == "disabled":
            entry |= {"status": "NOTRUN", "result": "SUPPRESSED"}
        return entry

    return json.dumps({"testsuites": [{"name": "S", "testsuite": [case(*c) for c in cases.items()]}]})


class CountResultsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = pathlib.Path(folder.name)
        (self.build / "test-results").mkdir()

    def junit(self, *cases):
        rows = "".join(
            f'<testcase name="{name}" status="{status}"><system-out>{output}</system-out></testcase>'
            for name, status, output in cases)
        (self.build / "junit.xml").write_text(f"<testsuite>{rows}</testsuite>")

    def gtest(self, name, **cases):
        (self.build / "test-results" / f"{name}.json").write_text(gtest_json(**cases))

    def test_gtest_program_counts_by_its_cases(self):
        self.junit(("a_test", "run", ""))
        self.gtest("a_test", One="passed", Two="passed", Three="skipped", Off="disabled")
        self.assertEqual(count_results.count(self.build), ([2, 0, 1], []))

    def test_failed_cases_are_named(self):
        self.junit(("a_test", "fail", ""))
        self.gtest("a_test", One="passed", Two="failed")
        self.assertEqual(count_results.count(self.build), ([1, 1, 0], ["a_test: S.Two"]))

    def test_program_that_dies_after_passing_cases_is_a_failure(self):
        self.junit(("a_test", "fail", ""))
        self.gtest("a_test", One="passed")
        self.assertEqual(count_results.count(self.build), ([1, 1, 0], ["a_test (the program as a whole)"]))

    def test_program_that_dies_without_a_report_is_a_failure(self):
        self.junit(("a_test", "fail", "Segmentation fault"))
        self.assertEqual(count_results.count(self.build)[0], [0, 1, 0])

    def test_summary_line_counts(self):
        self.junit(("peers", "run", "x\n3 passed, 0 failed, 1 skipped\n"), ("more", "fail", "2 passed, 2 failed, 0 skipped"))
        self.assertEqual(count_results.count(self.build), ([5, 2, 1], ["more: 2 failed"]))

    def test_plain_program_is_one_test(self):
        self.junit(("lint", "run", "fine"), ("off", "disabled", ""), ("skip", "notrun", ""))
        self.assertEqual(count_results.count(self.build), ([1, 0, 2], []))


if __name__ == "__main__":
    unittest.main()
