"""Urgent calls behind bulk: what bench/priority found."""

import statistics

from comparison import contention
from comparison.rounds import Rounds

from . import chart
from .results import ABOUT_BARS, bar, image, needs, parts


@needs("priority")
def priority(found):
    return parts(image("priority", "Latency of urgent calls behind bulk"), image("bulk", "Throughput of the bulk beside them"),
                 contention.Report(found).text().strip().replace("### ", "#### "))


def pair_kind(name):
    """By the server alone."""
    return {contention.WEFT: "own", contention.PLAIN: "plain", contention.AGAIN: "again"}.get(name.split(" / ")[0], "peer")


@needs("priority")
def priority_chart(found):
    rounds = Rounds(found["rounds"])
    panels = []
    for load in contention.LOADS:
        rows = []
        for name in rounds.names():
            found = [rounds.values(name, load, key) for key in ("p50_us", "p99_us", "max_us")]
            if all(found) and min(found[0]) > 0:
                rows.append(chart.Point(name, *(statistics.median(values) / 1000 for values in found), pair_kind(name)))
        if rows:
            heading = "Alone on the connection" if load == contention.UNLOADED else f"Beside bulk {load}s"
            panels.append(chart.Panel(heading, "latency in ms; the axis is logarithmic", rows))
    about = "Server / client. Dot: p50; ring: p99; stroke: the longest; medians of the rounds. In figures: p50 / p99."
    return chart.points("Urgent unary calls", about, panels) if panels else None


@needs("priority")
def bulk_chart(found):
    rounds = Rounds(found["rounds"])
    panels = []
    for load in contention.LOADS:
        rows = [bar(name, values, pair_kind(name))
                for name in rounds.names() if any(values := rounds.values(name, load, "bulk_mb_s"))]
        if rows:
            panels.append(chart.Panel(f"Bulk {load}s", "MB/s of all bulk streams together", rows))
    return chart.bars("Throughput of the bulk beside urgent calls", "Server / client. " + ABOUT_BARS, panels) if panels else None
