"""The committed results, what their loads and names are called in print, and what all regions are made with."""

import json
import os
import statistics

from comparison.peers import BENCH, FLOOR, GRPC_CPP
from comparison.rounds import Rounds

from . import chart

SCRIPTS = ("compare", "write_strategy", "priority", "idle_streams", "memory_burst", "reuse", "ping_pong", "loops")
RESULTS = os.path.join(BENCH, "results")
WEFT, AGAIN = "weft", "weft-again"
TITLES = {WEFT: "Weft", FLOOR: "floor (nghttp2)", "grpc-cpp-cb": "gRPC C++ callback", "grpc-cpp-async": "gRPC C++ queue"}
SMALL = {"unary32_c1m1": "32 bytes, 1 × 1", "unary32_c10m10": "32 bytes, 10 × 10", "unary32_c50m100": "32 bytes, 50 × 100",
         "unary1k_c10m10": "1 KiB, 10 × 10"}
# Large replies: to requests of the same size, which the handler copies; and of bodies that the server holds before it is asked.
ECHOED = {"unary16k_c10m10": "16 KiB echoed, 10 × 10", "unary64k_c10m10": "64 KiB echoed, 10 × 10",
          "unary1m_c4m2": "1 MiB echoed, 4 × 2"}
HELD = {"fetch16k_c10m10": "16 KiB held, 10 × 10", "fetch64k_c10m10": "64 KiB held, 10 × 10", "fetch1m_c4m2": "1 MiB held, 4 × 2"}
LARGE = {**ECHOED, **HELD}
STREAM = "stream10k_c1m1"
STREAM_MESSAGES = 10_000
KIB_PER_MIB = 1024
LACKING = "Not in these results."
ABOUT_BARS = "Bars: medians of the rounds; whiskers: the least and the most."
LOAD_TITLES = {**SMALL, **LARGE, STREAM: "stream of 10,000", "stream10k_c4m2": "streams of 10,000, 4 × 2",
               "mixed_c10m10": "unary and streams, 10 × 10"}


class Results:
    """The results of each script by its name, or None where there are none. `folder`: of NAME.json."""

    def __init__(self, folder=RESULTS):
        self._folder = folder
        self._read = {}

    def get(self, name):
        if name not in self._read:
            path = os.path.join(self._folder, name + ".json")
            self._read[name] = None
            if os.path.exists(path):
                with open(path) as file:
                    self._read[name] = json.load(file)
        return self._read[name]


def needs(script, otherwise=None):
    """What is made from one script's results; without them there is nothing, and `otherwise` if they lack what it takes."""
    def wrap(make):
        def made(results):
            found = results.get(script)
            if not found:
                return None
            return make(Compared(found) if script == "compare" else found) or otherwise
        return made
    return wrap


class Compared:
    """What bench/compare found."""

    def __init__(self, results):
        self.peers = results["peers"]
        self.rounds = Rounds.of_peers(self.peers)
        self.names = [name for name in self.peers if name != AGAIN]
        self.rivals = [name for name in self.names if name not in (WEFT, FLOOR)]

    def loads(self, titles):
        return [load for load in titles if self.rounds.values(WEFT, load, "cpu_us")]

    def median(self, name, load, key):
        values = self.rounds.values(name, load, key)
        return statistics.median(values) if values else None

    def ratios(self, load, key, others, name=WEFT):
        return self.rounds.ratios(name, load, key, others)

    def noise(self, load, key):
        """The same program measured twice (--again)."""
        return self.ratios(load, key, [WEFT], AGAIN)

    def rows_of_others(self):
        """(label, names): the floor, gRPC C++ in its better form, the other peers."""
        rows = [("the floor", [FLOOR])] if FLOOR in self.names else []
        if any(name in GRPC_CPP for name in self.names):
            rows.append(("gRPC C++, its better form", [name for name in GRPC_CPP if name in self.names]))
        return rows + [(title(name), [name]) for name in self.rivals if name not in GRPC_CPP]


def title(name):
    return TITLES.get(name, name)


def kind(name):
    return "own" if name == WEFT else "floor" if name == FLOOR else "peer"


def mostly_below(values, limit):
    """In at least three of four rounds."""
    return bool(values) and sum(value < limit for value in values) >= 0.75 * len(values)


def bar(label, values, colour="peer"):
    return chart.Bar(label, statistics.median(values), min(values), max(values), colour)


def image(name, text):
    return f"![{text}](performance/{name}.svg)"


def parts(*texts):
    return "\n\n".join(text for text in texts if text)


def text_table(columns, rows, corner=""):
    """Cells that are words: aligned to the left."""
    return "\n".join([f"| {corner} | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"] +
                     [f"| {label} | " + " | ".join(cells) + " |" for label, cells in rows])
