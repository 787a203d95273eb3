"""Each trick of reuse on and off: what bench/reuse found. A benchmark is named TRICK/VARIANT/ARGUMENTS; "on" is what Weft does."""

import re
import statistics

from comparison.report import number, spread, table

from . import chart
from .results import ABOUT_BARS, LACKING, bar, image, needs, parts

ON = "on"


class Pair:
    """A trick, and what one would do instead."""

    def __init__(self, trick, given, instead, on, off):
        self.name = f"{trick} {given}".strip()
        self.instead = instead
        self.on = on
        self.off = off
        self.ratios = [other / own for own, other in zip(on, off)]


def pairs(found):
    rows = {}
    for name in found["rounds"][0]:
        trick, variant, *given = name.split("/")
        rows.setdefault((trick, ", ".join(given)), {})[variant] = [runs[name]["ns"] for runs in found["rounds"] if name in runs]
    order = list(dict.fromkeys(trick for trick, _ in rows))

    def by_size(row):
        (trick, given), _ = row
        return order.index(trick), [int(digits) for digits in re.findall(r"\d+", given)]

    return [Pair(trick, given, variant, variants[ON], off) for (trick, given), variants in sorted(rows.items(), key=by_size)
            if ON in variants for variant, off in variants.items() if variant != ON]


@needs("reuse", LACKING)
def reuse(found):
    rows = [(pair.name, [pair.instead, number(statistics.median(pair.on)), number(statistics.median(pair.off)),
                         spread(pair.ratios)]) for pair in pairs(found)]
    return parts(image("reuse", "What each trick of reuse saves"),
                 table(["instead", "on, ns", "off, ns", "off / on"], rows, "trick")) if rows else None


@needs("reuse")
def reuse_chart(found):
    rows = [bar(f"{pair.name}: {pair.instead}", pair.ratios) for pair in pairs(found)]
    if not rows:
        return None
    panel = chart.Panel("trick: what one would do instead", "how many times dearer that is", rows, reference=1)
    return chart.bars("Reuse: what one saves", "Dashed: as dear. " + ABOUT_BARS, [panel])
