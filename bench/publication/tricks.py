"""Each trick of reuse on and off: what bench/reuse found."""

import statistics

from comparison.report import number, spread, table
from comparison.tricks import pairs

from . import chart
from .results import LACKING, bar, image, needs, parts


# What the whole pool takes, beside copies of its core that differ in one thing: no trick's opposite.
THE_REAL_POOL = "WorkerPool itself"


def shown(found):
    return [pair for pair in pairs(found["rounds"]) if pair.instead != THE_REAL_POOL]


@needs("reuse", LACKING)
def reuse(found):
    rows = [(pair.trick, [pair.instead, number(statistics.median(pair.on)), number(statistics.median(pair.off)),
                          spread(pair.ratios)]) for pair in shown(found)]
    return parts(image("reuse", "What each trick of reuse saves"),
                 table(["instead", "on, ns", "off, ns", "off / on"], rows, "trick")) if rows else None


@needs("reuse")
def reuse_chart(found):
    rows = [bar(f"{pair.trick} – {pair.instead}", pair.ratios) for pair in shown(found)]
    if not rows:
        return None
    panel = chart.Panel("trick – what one would do instead", "how many times dearer; the axis is logarithmic", rows, reference=1)
    about = "Dashed: as dear. Dots: medians of the rounds; whiskers: the least and the most."
    return chart.dots("Reuse: what one saves", about, [panel])
