"""What the scripts' arguments may be. argparse says what is wrong with one, and nothing is built or measured then."""

import argparse
import json
import math
import os
import re


def count(text):
    """A whole number from 1 on."""
    if not re.fullmatch(r"\d+", text, re.ASCII) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time above 0 s")
    return value


def pattern(text):
    try:
        re.compile(text)
    except re.error as wrong:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {wrong}") from None
    return text


def names(known):
    """Some of the known ones, separated by commas."""
    def parse(text):
        given = text.split(",")
        for name in given:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is not known; there are {', '.join(known)}")
        return given
    return parse


def folder(text):
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return text


def writable(text):
    """A file that can be written, so that no result is lost at the end."""
    at = text if os.path.exists(text) else os.path.dirname(text) or "."
    if os.path.isdir(text) or not os.access(at, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text} can't be written")
    return text


def earlier_results(*keys):
    """What --out wrote, read. `keys`: what this script's results have."""
    def parse(path):
        try:
            with open(path) as file:
                found = json.load(file)
        except (OSError, ValueError) as wrong:
            raise argparse.ArgumentTypeError(f"{path} can't be read: {wrong}") from None
        if not isinstance(found, dict) or not {"when", "machine", *keys} <= set(found):
            raise argparse.ArgumentTypeError(f"{path} holds no results of this script")
        return found
    return parse


def add_files(parser, *keys):
    """--out and --show; `keys` as for earlier_results."""
    parser.add_argument("--out", metavar="FILE", type=writable, help="write the results as JSON")
    parser.add_argument("--show", metavar="FILE", type=earlier_results(*keys),
                        help="print the tables of earlier results, and measure nothing")
