#!/usr/bin/env python3
"""Tests of bench/comparison/loads.py."""

import os
import pathlib
import tempfile
import unittest
from unittest import mock

import sample_results  # puts bench/ on the path
from comparison.loads import LOADS, Generator, WrongReplies

# Keeps its arguments, a line each, and what it was to send; says what it was told to.
H2LOAD = """#!/bin/sh
for argument; do echo "$argument"; [ "$last" = -d ] && cp "$argument" "$FOLDER/sent"; last=$argument; done > "$FOLDER/arguments"
cat "$FOLDER/says"
"""


class LoadTest(unittest.TestCase):
    def test_echo_is_as_large_as_the_request(self):
        load = LOADS["unary64k_c10m10"]
        self.assertEqual(load.paths, ["/bench.Echo/Unary"])
        self.assertEqual(load.reply_bytes, len(load.body))
        self.assertGreater(len(load.body), 65536)

    def test_mixed_methods_are_called_in_turns(self):
        load = LOADS["mixed_c10m10"]
        self.assertEqual(load.paths, ["/bench.Echo/Unary", "/bench.Echo/ServerStream"])
        self.assertEqual(load.reply_bytes, len(load.body) * 41 / 2)

    def test_request_for_what_is_held_names_its_size(self):
        load = LOADS["fetch64k_c10m10"]
        self.assertEqual(load.paths, ["/bench.Store/Fetch"])
        self.assertEqual(load.body, b"\0\0\0\0\4" + b"\x10\x80\x80\x04")
        self.assertEqual(load.reply_bytes, 5 + 1 + 3 + 65536)
        self.assertEqual(LOADS["fetch1m_c4m2"].reply_bytes, 5 + 1 + 3 + (1 << 20))


class GeneratorTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        program = self.folder / "h2load"
        program.write_text(H2LOAD)
        program.chmod(0o755)
        changed = {"PATH": f"{folder.name}:{os.environ['PATH']}", "FOLDER": folder.name}
        environment = mock.patch.dict(os.environ, changed)
        environment.start()
        self.addCleanup(environment.stop)
        self.generator = Generator(folder.name, pinned=False)

    def run_load(self, name, reply_bytes, calls=100, succeeded=100):
        (self.folder / "says").write_text(f"finished in 2.00s, 50.00 req/s, 1MB/s\nrequests: {calls} total, {succeeded} succeeded, 0 failed\n"
                                          f"traffic: 1MB (9) total, 1KB (9) headers, 1MB ({int(calls * reply_bytes)}) data\n")
        return self.generator.run(LOADS[name], 1234, calls)

    def test_each_load_sends_its_own_request_to_its_own_path(self):
        for name in ("fetch64k_c10m10", "fetch16k_c10m10", "unary32_c10m10"):
            load = LOADS[name]
            self.assertEqual(self.run_load(name, load.reply_bytes), 50)
            self.assertEqual((self.folder / "sent").read_bytes(), load.body)
            self.assertEqual((self.folder / "arguments").read_text().split()[-1], f"http://127.0.0.1:1234{load.paths[0]}")

    def test_reply_of_another_size_is_wrong(self):
        with self.assertRaisesRegex(WrongReplies, "replies of 16393 bytes, want 65545"):
            self.run_load("fetch64k_c10m10", LOADS["fetch16k_c10m10"].reply_bytes)

    def test_failed_call_is_wrong(self):
        with self.assertRaisesRegex(WrongReplies, "99 of 100"):
            self.run_load("fetch64k_c10m10", LOADS["fetch64k_c10m10"].reply_bytes, succeeded=99)


if __name__ == "__main__":
    unittest.main()
