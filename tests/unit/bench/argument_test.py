#!/usr/bin/env python3
"""Tests of bench/comparison/argument.py: what can't be measured is said before anything is built."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import sample_results  # puts bench/ on the path
from comparison import argument
from sample_results import ROOT

SCRIPTS = ("compare", "write_strategy", "priority", "idle_streams", "memory_burst", "reuse", "ping_pong", "loops")


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)


class ArgumentTest(InFolder):
    def assert_refused(self, parse, *texts):
        for text in texts:
            with self.assertRaises(argparse.ArgumentTypeError, msg=text):
                parse(str(text))

    def test_count_is_whole_and_above_nothing(self):
        self.assertEqual(argument.count("15"), 15)
        self.assert_refused(argument.count, "0", "-1", "1.5", "many", "", "²")

    def test_time_is_above_nothing_and_ends(self):
        self.assertEqual(argument.seconds("0.5"), 0.5)
        self.assert_refused(argument.seconds, "0", "-1", "nan", "inf", "long", "")

    def test_every_name_is_known(self):
        parse = argument.names(("a", "b", "c"))
        self.assertEqual(parse("c,a"), ["c", "a"])
        self.assert_refused(parse, "d", "a,d", "a,", "")

    def test_pattern_is_one(self):
        self.assertEqual(argument.pattern("head|worker"), "head|worker")
        self.assert_refused(argument.pattern, "(")

    def test_what_could_not_be_written_is_refused_at_once(self):
        argument.writable(str(self.folder / "result.json"))
        self.assertEqual(os.listdir(self.folder), [])
        self.assert_refused(argument.writable, self.folder, self.folder / "none/result.json")

    def test_earlier_results_are_of_the_script(self):
        path = self.folder / "result.json"
        parse = argument.earlier_results("rounds", "loads")
        path.write_text(json.dumps(sample_results.loops()))
        self.assertEqual(parse(str(path)), sample_results.loops())
        for text in ("", "{", "[]", "1", json.dumps(sample_results.reuse())):
            path.write_text(text)
            self.assert_refused(parse, path)
        self.assert_refused(parse, self.folder, self.folder / "none")

    def test_folder_is_there(self):
        self.assertEqual(argument.folder(str(self.folder)), str(self.folder))
        self.assert_refused(argument.folder, self.folder / "none")


class ScriptsTest(InFolder):
    """Each is a process: few of them."""

    def run_script(self, script, *given):
        return subprocess.run([sys.executable, ROOT / "bench" / script, *given], capture_output=True, text=True, timeout=60)

    def test_none_measures_in_no_rounds(self):
        for script in SCRIPTS:
            done = self.run_script(script, "--rounds", "0")
            self.assertEqual((done.returncode, done.stderr.split("\n")[-2]),
                             (2, f"{script}: error: argument --rounds: '0' is no whole number above 0"))

    def test_none_knows_a_load_that_there_is_not(self):
        for script in ("compare", "write_strategy", "priority", "ping_pong", "loops"):
            done = self.run_script(script, "--loads", "nothing")
            self.assertEqual(done.returncode, 2, script)
            self.assertIn("'nothing' is not known; there are ", done.stderr)

    def test_results_are_shown_again(self):
        for script, found in sample_results.everything().items():
            if script != "memory_burst":
                path = self.folder / f"{script}.json"
                path.write_text(json.dumps(found))
                done = self.run_script(script, "--show", path)
                self.assertEqual((done.returncode, done.stderr), (0, ""), script)
                self.assertIn(found["machine"], done.stdout)

    def test_pattern_that_no_benchmark_matches_is_an_error(self):
        program = self.folder / "reuse_bench"
        program.write_text("#!/bin/sh\necho 'Failed to match any benchmarks' >&2\n")
        os.chmod(program, 0o755)
        done = self.run_script("reuse", "--program", program, "--only", "nothing")
        self.assertEqual((done.returncode, done.stderr), (1, "reuse: no benchmark's name matches 'nothing'\n"))

    def test_server_that_is_none_is_an_error(self):
        for script in ("idle_streams", "memory_burst"):
            done = self.run_script(script, "--rounds", "1", "--server", self.folder / "none")
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stderr.startswith(f"{script}: "), done.stderr)


if __name__ == "__main__":
    unittest.main()
