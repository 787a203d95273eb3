"""Clients beside each other: who is measured with which server, one run, and the tables."""

import json
import os
import subprocess

from . import peers
from .report import format_table, number, spread
from .rounds import Rounds
from .server import Server, pinned_to

WEFT, GRPC_CPP, RAW = "weft", "grpc-cpp", "raw sockets"
BLOCKING, COROUTINE, MANY, DOWNLOAD, UPLOAD = "blocking", "coroutine", "many", "download", "upload"
# What is made of the number of calls that one run makes one after the other.
LOADS = {"alone": 1, MANY: 5, DOWNLOAD: 10, UPLOAD: 10}
TITLES = {"alone": "One unary call after the other", MANY: "10 × 10 unary calls in flight",
          DOWNLOAD: "Streams of 10,000 messages to the client, per message",
          UPLOAD: "Streams of 10,000 messages from the client, per message"}
RUN_SECONDS = 120

CLIENTS = {
    WEFT: lambda given: peers.of_release("weft_ping_pong", given),
    GRPC_CPP: lambda _: peers.build_grpc_cpp("ping_pong")[0],
    RAW: lambda _: peers.build_raw(),
}
SERVERS = {
    WEFT: peers.build_weft,
    GRPC_CPP: lambda _: peers.build_grpc_cpp("callback"),
    RAW: lambda _: [peers.build_raw(), "serve", "{port}", "0"],
}


class Pair:
    """A client with its way of calling, and a server."""

    def __init__(self, load, client, form, server, again=False):
        self.load = load
        self.client = client
        self.form = form
        self.server = server
        way = f" {form}" if load == "alone" and client != RAW else ""
        self.name = f"{client}{way} / {server}" + (" (again)" if again else "")


def all_pairs():
    found = [Pair("alone", WEFT, BLOCKING, WEFT), Pair("alone", WEFT, COROUTINE, WEFT), Pair("alone", GRPC_CPP, BLOCKING, WEFT),
             Pair("alone", WEFT, BLOCKING, GRPC_CPP), Pair("alone", GRPC_CPP, BLOCKING, GRPC_CPP),
             Pair("alone", RAW, BLOCKING, RAW), Pair("alone", WEFT, BLOCKING, WEFT, again=True)]
    for load in (MANY, DOWNLOAD, UPLOAD):
        found += [Pair(load, WEFT, load, WEFT), Pair(load, GRPC_CPP, load, WEFT), Pair(load, WEFT, load, WEFT, again=True)]
    return found


def run(pair, servers, clients, calls, preload=None):
    """One client's run against a fresh server: what it says in its line of JSON."""
    with Server(servers[pair.server]) as server:
        command = [clients[pair.client], pair.form, str(server.port), str(calls * LOADS[pair.load])]
        environment = {**os.environ, "LD_PRELOAD": preload} if preload else None
        done = subprocess.run(pinned_to(1) + command, capture_output=True, text=True, timeout=RUN_SECONDS, env=environment)
        if done.returncode != 0:
            raise RuntimeError(f"the client of {pair.name} said: {done.stderr[-300:]}")
        return json.loads(done.stdout)


class Report:
    """`results` is what bench/ping_pong writes with --out: `rounds`, each from a pair's name and a load to a run."""

    COLUMNS = (("p50_us", "p50 µs"), ("p99_us", "p99 µs"), ("cpu_us", "CPU µs"), ("switches", "switches"), ("rate", "a second"))

    def __init__(self, results):
        self._rounds = Rounds(results["rounds"])
        self._allocations = results.get("allocations", {})

    def text(self):
        return "\n".join(self._figures(load, names) + "\n" + self._ratios(load, names)
                         for load in LOADS if (names := self._names(load)))

    def _names(self, load):
        """In the order of the pairs: the first is set beside the others."""
        return [pair.name for pair in all_pairs() if pair.load == load and self._rounds.values(pair.name, load, "cpu_us")]

    def _figures(self, load, names):
        columns = [column for column in self.COLUMNS if self._rounds.values(names[0], load, column[0])]
        rows = [(name, [spread(self._rounds.values(name, load, key)) for key, _ in columns] +
                 [number(self._allocations.get(name, {}).get(load))]) for name in names]
        return format_table(f"{TITLES[load]}: client / server; medians (least–most)",
                            [title for _, title in columns] + ["allocations"], rows)

    def _ratios(self, load, names):
        first, *others = names
        columns = [key for key, _ in self.COLUMNS if key.endswith("_us") and self._rounds.values(first, load, key)]
        rows = [(f"to {name}", [spread(self._rounds.ratios(first, load, key, [name])) for key in columns]) for name in others]
        return format_table(f"{first}, as a ratio to the others of the same round", [key[:-3] for key in columns], rows) if rows else ""
