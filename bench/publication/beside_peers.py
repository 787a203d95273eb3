"""Weft beside its peers: what bench/compare found."""

import math

from comparison.peers import FLOOR, GRPC_CPP
from comparison.report import number, spread, table

from . import chart
from .results import (ABOUT_BARS, KIB_PER_MIB, LACKING, LARGE, LOAD_TITLES, SMALL, STREAM, STREAM_MESSAGES, WEFT, bar, image, kind,
                      needs, parts, title)


@needs("compare", LACKING)
def noise(compared):
    rows = [(LOAD_TITLES[load], [spread(compared.noise(load, key)) for key in ("cpu_us", "p50_us", "p99_us")])
            for load in compared.loads(LOAD_TITLES) if compared.noise(load, "cpu_us")]
    return table(["server CPU", "p50", "p99"], rows, "Weft again / Weft") if rows else None


def cpu_bars(compared, load, names, divisor=1):
    found = [(name, [value / divisor for value in compared.rounds.values(name, load, "cpu_us")]) for name in names]
    return [bar(title(name), values, kind(name)) for name, values in found if values]


def cpu_chart(heading, loads):
    def make(compared):
        panels = [chart.Panel(LOAD_TITLES[load], "µs of server CPU per call", cpu_bars(compared, load, compared.names))
                  for load in compared.loads(loads)]
        return chart.bars(heading, ABOUT_BARS, panels) if panels else None
    return needs("compare")(make)


def cpu_table(compared, loads):
    chosen = compared.loads(loads)
    rows = [(title(name), [spread(compared.rounds.values(name, load, "cpu_us")) for load in chosen]) for name in compared.names]
    return "Server CPU in µs, median (least–most):\n\n" + table([LOAD_TITLES[load] for load in chosen], rows)


def ratio_table(compared, loads):
    chosen = compared.loads(loads)
    rows = [(label, [spread(compared.ratios(load, "cpu_us", others)) for load in chosen])
            for label, others in compared.rows_of_others()]
    return ("Weft's server CPU as a ratio to theirs in the same round (below 1: Weft takes less):\n\n" +
            table([LOAD_TITLES[load] for load in chosen], rows, "Weft to")) if rows else ""


def latency_table(compared, loads):
    chosen = compared.loads(loads)

    def cell(name, load):
        p50, p99 = (compared.median(name, load, key) for key in ("p50_us", "p99_us"))
        return "–" if p50 is None else f"{number(p50)} / {number(p99)}"

    rows = [(title(name), [cell(name, load) for load in chosen]) for name in compared.names]
    return "Latency in µs, p50 / p99:\n\n" + table([LOAD_TITLES[load] for load in chosen], rows)


def median_table(compared, loads, key, says, divisor=1):
    """Nothing where no run tells the figure."""
    def cell(name, load):
        value = compared.median(name, load, key)
        return number(value and value / divisor)

    chosen = [load for load in compared.loads(loads) if compared.median(WEFT, load, key) is not None]
    rows = [(title(name), [cell(name, load) for load in chosen]) for name in compared.names]
    return says + "\n\n" + table([LOAD_TITLES[load] for load in chosen], rows) if chosen else ""


def rate_table(compared, loads):
    return median_table(compared, loads, "rate", "Calls a second, median; of the server and the load generator together:")


def extras_table(compared, loads, says):
    columns = []
    for key, what in (("system_calls", "system calls"), ("allocations", "allocations")):
        columns += [(key, load, f"{what}, {LOAD_TITLES[load]}") for load in loads
                    if any(load in found.get(key, {}) for found in compared.peers.values())]
    rows = [(title(name), [number(compared.peers[name].get(key, {}).get(load)) for key, load, _ in columns])
            for name in compared.names]
    return says + "\n\n" + table([text for _, _, text in columns], rows) if columns else ""


@needs("compare", LACKING)
def unary(compared):
    if not compared.loads(SMALL):
        return None
    return parts(image("unary", "Server CPU per small unary call, Weft beside its peers"), ratio_table(compared, SMALL),
                 cpu_table(compared, SMALL), latency_table(compared, SMALL), rate_table(compared, SMALL),
                 extras_table(compared, SMALL, "System calls and heap allocations of the server per call:"))


@needs("compare", LACKING)
def streams(compared):
    if not compared.loads([STREAM]):
        return None
    found = {name: [value / STREAM_MESSAGES for value in compared.rounds.values(name, STREAM, "cpu_us")]
             for name in compared.names}
    rows = [(title(name), [spread(values), spread(compared.ratios(STREAM, "cpu_us", [name])) if name != WEFT else "–",
                           number(compared.median(name, STREAM, "rate")),
                           number(compared.peers[name].get("system_calls", {}).get(STREAM)),
                           number(compared.peers[name].get("allocations", {}).get(STREAM))])
            for name, values in found.items() if values]
    return parts(image("streams", "Server CPU per message of a stream"),
                 table(["server CPU, µs a message", "Weft to it", "streams a second", "system calls a stream", "allocations a message"], rows))


@needs("compare")
def streams_chart(compared):
    """All of them, and on a scale of their own those that Weft's can be told from."""
    if not compared.loads([STREAM]):
        return None
    near = [name for name in compared.names
            if (compared.median(name, STREAM, "cpu_us") or math.inf) <= 5 * compared.median(WEFT, STREAM, "cpu_us")]
    panels = [chart.Panel(heading, "µs of server CPU per message", cpu_bars(compared, STREAM, names, STREAM_MESSAGES))
              for heading, names in (("All", compared.names), ("The cheapest of them", near))]
    return chart.bars("A message of 32 bytes in a stream of 10,000", ABOUT_BARS, panels)


@needs("compare", LACKING)
def large(compared):
    if not compared.loads(LARGE):
        return None
    return parts(image("large", "Server CPU per call with large messages"), ratio_table(compared, LARGE),
                 cpu_table(compared, LARGE), latency_table(compared, LARGE), rate_table(compared, LARGE))


@needs("compare", LACKING)
def idle_connections(compared):
    rows = [(title(name), [number(idle["rss_kib"]), number(idle["rss_with_connections_kib"]), number(idle["kib_per_connection"]),
                           str(idle["threads"])]) for name in compared.names if (idle := compared.peers[name].get("idle"))]
    return table(["KiB with none", "KiB with 1,000", "KiB each", "threads"], rows, "idle connections") if rows else None


@needs("compare", LACKING)
def peak_memory(compared):
    return median_table(compared, LOAD_TITLES, "peak_kib", "Resident MiB of the server at their peak, median:", KIB_PER_MIB)


@needs("compare", LACKING)
def costs(compared):
    """README's table."""
    cpp = [name for name in GRPC_CPP if name in compared.names]
    others = [name for name in compared.rivals if name not in GRPC_CPP]
    columns = [WEFT] + [name for name in [FLOOR] if name in compared.names] + others
    names = ["Weft"] + ["floor" if name == FLOOR else title(name) for name in columns[1:]] + (["gRPC C++"] if cpp else [])

    def row_of(label, cell):
        found = [cell(name) for name in columns]
        if cpp:
            found.append(min((value for name in cpp if (value := cell(name)) is not None), default=None))
        return [(label, [number(value) for value in found])] if any(value is not None for value in found) else []

    def cpu(load, divisor=1):
        return lambda name: value / divisor if (value := compared.median(name, load, "cpu_us")) is not None else None

    def extra(kind_of, key):
        return lambda name: compared.peers[name].get(kind_of, {}).get(key)

    rows = [row for load in compared.loads({**SMALL, **LARGE}) for row in row_of(f"unary, {LOAD_TITLES[load]}, µs", cpu(load))]
    rows += row_of("one message of a stream of 10,000, 32 bytes, µs", cpu(STREAM, STREAM_MESSAGES))
    rows += row_of("heap allocations per unary call", extra("allocations", "unary32_c10m10"))
    rows += row_of("system calls per unary call, 10 × 10", extra("system_calls", "unary32_c10m10"))
    rows += row_of("memory of an idle connection, KiB", extra("idle", "kib_per_connection"))
    return f"Medians of {len(compared.rounds)} alternating rounds.\n\n" + table(names, rows)
