"""Gathered output beside flat: what bench/write_strategy found."""

from comparison.report import number, spread, table
from comparison.rounds import Rounds

from . import chart
from .results import LOAD_TITLES, bar, image, needs, parts


@needs("write_strategy")
def write_strategy(found):
    rounds, base = Rounds(found["rounds"]), found["base"]
    others = [name for name in rounds.names() if name != base]
    ratios = [(LOAD_TITLES[load], [spread(rounds.ratios(name, load, "cpu_us", [base])) for name in others])
              for load in found["loads"]]
    return parts(image("write_strategy", "Server CPU of flat output as a ratio to gathered output"),
                 f"Server CPU as a ratio to that of {base} in the same round (above 1: {base} is cheaper):",
                 table(others, ratios),
                 counted(found, "system_calls", "System calls per call:"),
                 counted(found, "copied", "Bytes copied into the flat buffer, per call:"),
                 counted(found, "into_chunks",
                         "Bytes that Weft itself puts into chunks, per call: replies serialized, small parts copied:"),
                 counted(found, "p50_us", "Latency p50, µs, of one run each: what differs by no more than the first two columns says nothing.",
                         again=True),
                 counted(found, "p99_us", "Latency p99, µs, of the same runs:", again=True))


def counted(found, key, says, again=False):
    """One program counts the same as itself, so its second run is left out; not `again`: where it may differ."""
    names = [name for name in found["counts"] if again or not name.endswith(" again")]
    rows = [(LOAD_TITLES[load], [number(found["counts"][name].get(load, {}).get(key)) for name in names])
            for load in found["loads"]]
    return says + "\n\n" + table(names, rows) if any(cell != "–" for _, cells in rows for cell in cells) else ""


@needs("write_strategy")
def write_strategy_chart(found):
    rounds, base = Rounds(found["rounds"]), found["base"]
    panels = []
    for load in found["loads"]:
        ratios = {name: rounds.ratios(name, load, "cpu_us", [base]) for name in rounds.names() if name != base}
        rows = [bar(name, values, "again" if name.endswith(" again") else "peer") for name, values in ratios.items() if values]
        if rows:
            panels.append(chart.Panel(LOAD_TITLES[load], f"server CPU to that of {base}", rows, reference=1))
    about = f"Ratios within a round; dashed: {base}. Bars or dots: medians of the rounds; whiskers: the least and the most."
    return chart.ratios("Flat output beside gathered", about, panels) if panels else None
