"""Memory: what bench/idle_streams and bench/memory_burst found."""

import statistics

from comparison.report import spread, table

from . import chart
from .results import KIB_PER_MIB, bar, image, needs, parts

HOLDING = "while it holds the burst"


@needs("idle_streams")
def idle_streams(found):
    rounds = found["rounds"]
    columns = [("MiB before", "before_kib"), ("MiB with them", "with_kib"), ("MiB after they were gone", "after_kib")]
    cells = [spread([run[key] / KIB_PER_MIB for run in rounds]) for _, key in columns]
    return table([heading for heading, _ in columns] + ["bytes each"],
                 [(f"{found['streams']:,} over {found['connections']:,} connections",
                   cells + [spread([run["bytes_per_stream"] for run in rounds])])], "idle streams")


def burst_levels(found):
    """(label, the rounds' MiB): before, during, and at some times after."""
    rounds = found["rounds"]
    levels = [("before", [run["before_kib"] for run in rounds]), (HOLDING, [run["held_kib"] for run in rounds])]
    times = range(min(len(run["after"]) for run in rounds))
    for index in times:
        seconds = round(rounds[0]["after"][index]["seconds"])
        if seconds in (1, 2, 5, 10, 20) or index == times[-1]:
            levels.append((f"{seconds} s after the last byte", [run["after"][index]["kib"] for run in rounds]))
    return [(label, [kib / KIB_PER_MIB for kib in values]) for label, values in levels]


@needs("memory_burst")
def memory_burst(found):
    return parts(image("memory_burst", "Resident memory of the server before, during and after a burst"),
                 table(["resident MiB"], [(label, [spread(values)]) for label, values in burst_levels(found)]))


@needs("memory_burst")
def memory_burst_chart(found):
    rows = [bar(label, values, "own" if label == HOLDING else "peer") for label, values in burst_levels(found)]
    return chart.bars(f"A burst of {found['mib']:,} MiB of replies that nobody reads for a while",
                      "Resident memory of the server; medians of the rounds.", [chart.Panel("Weft's server", "MiB", rows)])
