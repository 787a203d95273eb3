"""What was promised beside what was found."""

import statistics

from comparison import contention
from comparison.peers import FLOOR, GRPC_CPP
from comparison.report import number, spread
from comparison.rounds import Rounds

from .clients import AGAIN as CLIENT_AGAIN
from .clients import ONE_LOOP
from .results import LARGE, LOAD_TITLES, STREAM, STREAM_MESSAGES, WEFT, Compared, mostly_below

MANY_SMALL = ("unary32_c10m10", "unary32_c50m100")
GATHERED, AGAIN, FLAT_PASS, FLAT_REPLY = "gathered", "gathered again", "flat per pass", "flat per reply"
OWN_CLIENT = "weft / weft"
BURST_MIB = 64
BYTES_PER_STREAM = 3072
# An allocation in so many calls is the share of what is allocated once.
ONCE = 0.01


class Bound:
    """`values` are per round, or one. `noise`: the ratios of a program to itself in the same figure; a miss by no more than their
    quartile is nobody's. `holds` and `words`: where the bound is more than a limit on the median."""

    def __init__(self, what, limit, values, noise=(), at_least=False, holds=None, words=None):
        self.what = what
        self.words = words or f"{'≥' if at_least else '≤'} {limit:g}"
        self.seen = spread(values) if len(values) > 1 else number(values[0])
        middle = statistics.median(values)
        lower, upper = quartiles(noise)
        if at_least:
            self.holds, near = middle >= limit, middle >= limit * lower
        else:
            self.holds, near = middle <= limit, middle <= limit * upper
        if holds is not None:
            self.holds = holds
        self.as_good = self.holds or near

    def row(self):
        verdict = "holds" if self.holds else "within the A/A spread" if self.as_good else "**falls short**"
        return f"| {self.what} | {self.words} | {self.seen} | {verdict} |"


def quartiles(noise):
    """The lower and the upper one, and never such that a bound gets tighter."""
    if len(noise) < 2:
        return 1, 1
    lower, _, upper = statistics.quantiles(noise, n=4, method="inclusive")
    return min(1, lower), max(1, upper)


def bounds(results):
    makers = {"compare": lambda found: of_compare(Compared(found)), "write_strategy": of_write_strategy, "priority": of_priority,
              "idle_streams": of_idle_streams, "memory_burst": of_memory_burst, "ping_pong": of_ping_pong, "loops": of_loops}
    found = [bound for script, make in makers.items() if (given := results.get(script)) for bound in make(given)]
    if not found:
        return None
    held, missed = sum(bound.holds for bound in found), sum(not bound.as_good for bound in found)
    says = f"Bounds that hold: {held} of {len(found)}; missed within the A/A spread: {len(found) - held - missed}; short of it: {missed}."
    return "\n".join([says, "", "| what | bound | median (least–most) | |", "|---|---:|---:|---|", *(bound.row() for bound in found)])


def of_compare(compared):
    def ratio(load, others, limit, says, key="cpu_us"):
        values = compared.ratios(load, key, others)
        if values:
            yield Bound(f"{LOAD_TITLES[load]}: {says}", limit, values, compared.noise(load, key))

    for load in MANY_SMALL:
        yield from ratio(load, [FLOOR], 1.2, "server CPU to the floor's")
        yield from ratio(load, GRPC_CPP, 0.25, "server CPU to gRPC C++'s better form")
        yield from ratio(load, ["tonic"], 0.5, "server CPU to tonic's")
    yield from ratio("unary32_c1m1", [FLOOR], 1.15, "server CPU to the floor's")
    yield from ratio("unary32_c1m1", compared.rivals, 1, "p50 latency to the best peer's", "p50_us")
    for load in ("unary64k_c10m10", "unary1m_c4m2", "fetch64k_c10m10", "fetch1m_c4m2"):
        yield from ratio(load, [FLOOR], 1.2, "server CPU to the floor's")
    streamed = [value / STREAM_MESSAGES for value in compared.rounds.values(WEFT, STREAM, "cpu_us")]
    if streamed:
        yield Bound("a message of 32 bytes in a stream: µs of server CPU", 0.06, streamed, compared.noise(STREAM, "cpu_us"))
    for load, unit in (("unary32_c10m10", "unary call"), (STREAM, "message of a stream")):
        count = compared.peers.get(WEFT, {}).get("allocations", {}).get(load)
        if count is not None:
            yield Bound(f"heap allocations of the server per {unit}", 0, [count], holds=count < ONCE, words="0")


def of_write_strategy(found):
    rounds, counts = Rounds(found["rounds"]), found["counts"]

    def ratios(load, other):
        return rounds.ratios(GATHERED, load, "cpu_us", [other])

    def noise(load):
        return rounds.ratios(AGAIN, load, "cpu_us", [GATHERED])

    for load in MANY_SMALL:
        own, flat = (counts.get(name, {}).get(load, {}).get("system_calls") for name in (GATHERED, FLAT_REPLY))
        if own is not None and flat:
            yield Bound(f"{LOAD_TITLES[load]}: gathered to flat per reply, system calls", 0.7, [own / flat])
        if ratios(load, FLAT_REPLY):
            yield Bound(f"{LOAD_TITLES[load]}: gathered to flat per reply, server CPU", 0.9, ratios(load, FLAT_REPLY), noise(load))
    against = [(statistics.median(ratios(load, FLAT_PASS)), load) for load in found["loads"] if ratios(load, FLAT_PASS)]
    if against:
        _, load = max(against)
        yield Bound(f"gathered no dearer than flat per pass, server CPU; the load where it is dearest: {LOAD_TITLES[load]}", 1.03,
                    ratios(load, FLAT_PASS), noise(load))
    for load in LARGE:
        values = ratios(load, FLAT_PASS)
        if values:
            yield Bound(f"{LOAD_TITLES[load]}: gathered clearly cheaper than flat per pass, server CPU", 1, values, noise(load),
                        holds=mostly_below(values, 1), words="< 1, 3 rounds of 4")


def of_priority(found):
    rounds = Rounds(found["rounds"])
    both, plain = (f"{server} / {contention.WEFT}" for server in (contention.WEFT, contention.PLAIN))
    served = f"{contention.WEFT} / {contention.GRPC_GO}"
    peers = contention.peer_pairs(rounds)

    def bound(name, others, key, limit, says):
        best, at_least = contention.BETTER[key], key == "bulk_mb_s"
        values = rounds.ratios(name, load, key, others, best)
        if values:
            again = name.replace(contention.WEFT, contention.AGAIN, 1)
            yield Bound(f"beside bulk {load}s, {says}", limit, values, rounds.ratios(again, load, key, [name]), at_least)

    for load in contention.LOADS:
        if load != contention.UNLOADED:
            yield from bound(both, peers, "p50_us", 0.125, "Weft at both ends: urgent p50 to the best peer's")
            yield from bound(both, peers, "p99_us", 0.2, "Weft at both ends: urgent p99 to the best peer's")
            yield from bound(both, [plain], "bulk_mb_s", 0.95, "Weft at both ends: bulk throughput to that without priorities")
            yield from bound(both, peers, "bulk_mb_s", 1, "Weft at both ends: bulk throughput to the best peer's")
            yield from bound(served, peers, "p50_us", 0.5, "grpc-go's client: urgent p50 to the best peer's")


def of_idle_streams(found):
    values = [run["bytes_per_stream"] for run in found["rounds"]]
    yield Bound(f"bytes of the server per idle stream, {found['streams']:,} over {found['connections']} connections",
                BYTES_PER_STREAM, values)


def of_memory_burst(found):
    values = [(run["after"][-1]["kib"] - run["before_kib"]) / 1024 for run in found["rounds"]]
    seconds = found["rounds"][0]["after"][-1]["seconds"]
    yield Bound(f"MiB above the level before, {seconds:.0f} s after a burst of {found['mib']:,} MiB", BURST_MIB, values)


def of_ping_pong(found):
    rounds = Rounds(found["rounds"])
    for load in ("download", "upload"):
        values = rounds.values(OWN_CLIENT, load, "cpu_us")
        if values:
            yield Bound(f"{load}, a message of a stream: µs of client CPU", 0.1, values,
                        rounds.ratios(OWN_CLIENT + CLIENT_AGAIN, load, "cpu_us", [OWN_CLIENT]))


def of_loops(found):
    rounds = Rounds(found["rounds"])
    for load in found["loads"]:
        for name in rounds.names():
            values = rounds.ratios(name, load, "cpu_us", [ONE_LOOP])
            if values and not name.startswith(ONE_LOOP):
                yield Bound(f"{LOAD_TITLES.get(load, load)}: server CPU of {name} to {ONE_LOOP}", 1.1, values,
                            rounds.ratios(f"{ONE_LOOP} again", load, "cpu_us", [ONE_LOOP]))
