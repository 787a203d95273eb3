"""The benchmarks of bench/reuse, named TRICK/VARIANT/ARGUMENTS: what Weft does ("on") beside what one would do instead."""

import re

ON = "on"
UNITS = {"chunks": "bytes", "first chunk": "bytes", "head": "fields", "head to send": "fields", "request and reply": "items",
         "worker": "bytes"}


class Pair:
    """Nanoseconds, round by round, of a trick and of what would stand in its place; the bytes that each holds, if it counts them."""

    def __init__(self, trick, instead, on, off):
        self.trick = trick
        self.instead = instead
        self.on = [run["ns"] for run in on]
        self.off = [run["ns"] for run in off]
        self.ratios = [other / own for own, other in zip(self.on, self.off)]
        self.held = (on[0]["held"], off[0]["held"])


def pairs(rounds):
    """By trick and arguments, the smaller ones first."""
    rows = {}
    for name in rounds[0]:
        trick, variant, *given = name.split("/")
        rows.setdefault((trick, "/".join(given)), {})[variant] = [found[name] for found in rounds]

    def spoken(trick, given):
        deadlines = re.fullmatch(r"calls:(\d+)/differ:(\d)", given)
        if deadlines:
            return f"{trick}: {int(deadlines[1]):,} {'that differ' if int(deadlines[2]) else 'alike'}"
        return f"{trick}: {int(given):,} {UNITS[trick]}" if given.isdigit() and trick in UNITS else f"{trick} {given}".strip()

    def size(row):
        (trick, given), _ = row
        return trick, [int(digits) for digits in re.findall(r"\d+", given)]

    return [Pair(spoken(trick, given), variant, variants[ON], runs)
            for (trick, given), variants in sorted(rows.items(), key=size) if ON in variants
            for variant, runs in sorted(variants.items()) if variant != ON]
