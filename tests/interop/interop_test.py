#!/usr/bin/env python3
"""Interoperation with foreign peers. `setup` must have run; start it with the Python of build/interop/venv.

  interop_test.py [--subject weft|go|grpcio] [--bin FOLDER] [unittest's arguments, for instance -v, -k PATTERN]

The subject's server and client are what is tested; weft's are weft_interop_server and weft_interop_client in FOLDER.
With go and grpcio the suites run between foreign programs alone, which tests the suites.
"""

import argparse
import os
import sys
import unittest

import harness

SUITES = ["go_suite", "grpcio_client_suite", "grpcio_server_suite", "json_suite", "limits_suite"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subject", choices=["weft", "go", "grpcio"], default="weft")
    parser.add_argument("--bin", default=os.path.join(harness.ROOT, "build", "release", "bin"))
    options, rest = parser.parse_known_args()
    kinds = {"weft": lambda: harness.weft(options.bin), "go": harness.go, "grpcio": harness.grpcio}
    harness.subject = kinds[options.subject]()
    for program in (harness.subject.server[0], harness.subject.client[0], harness.go().server[0]):
        if not os.path.exists(program):
            sys.exit(f"interop_test: {program} is missing: run tests/interop/setup, and build the subject's programs")
    unittest.main(module=None, argv=[sys.argv[0], *rest, *([] if has_names(rest) else SUITES)])


def has_names(arguments):
    """Whether suites or tests are named among unittest's arguments."""
    return any(argument.split(".")[0] in SUITES for argument in arguments)


if __name__ == "__main__":
    main()
