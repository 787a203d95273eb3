"""Medians over the rounds, as Markdown tables."""

import statistics

from .loads import LOADS
from .peers import FLOOR, GRPC_CPP
from .rounds import Rounds


def number(value):
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    if value >= 0.1:
        return f"{value:.2f}"
    return f"{value:.3f}" if value >= 0.0005 else "<0.001" if value else "0"


def spread(values):
    """The median, the least and the most; of one value nothing but it."""
    if not values or not any(values):
        return "–"
    if len(values) == 1:
        return number(values[0])
    return f"{number(statistics.median(values))} ({number(min(values))}–{number(max(values))})"


class Report:
    """`results` is what bench/compare writes with --out."""

    def __init__(self, results, loads):
        self._peers = results["peers"]
        self._rounds = Rounds.of_peers(self._peers)
        self._loads = loads

    def median(self, peer, load, key):
        values = self._rounds.values(peer, load, key)
        return statistics.median(values) if values else None

    def text(self):
        parts = [
            self._table("Server CPU µs per call: median (least–most)", self._cpu),
            self._table("Server CPU as a ratio to the floor's of the same round: median (least–most)",
                        lambda peer, load: self._ratio(peer, load, [FLOOR])),
            self._table("The same to gRPC C++'s better form", lambda peer, load: self._ratio(peer, load, GRPC_CPP)),
            self._table("Server CPU µs per message of a stream", self._cpu_per_message),
            self._table("Calls a second", lambda peer, load: number(self.median(peer, load, "rate"))),
            self._table("Latency µs: p50 / p99", self._latency),
            self._table("System calls per call", lambda peer, load: self._extra(peer, "system_calls", load)),
            self._table("Heap allocations per call (on a stream: per message)",
                        lambda peer, load: self._extra(peer, "allocations", load)),
            self._table("Peak memory KiB", lambda peer, load: number(self.median(peer, load, "peak_kib"))),
            self._idle(),
        ]
        return "\n".join(part for part in parts if part)

    def _table(self, title, cell):
        rows = [(peer, [cell(peer, load) for load in self._loads]) for peer in self._peers]
        filled = [index for index in range(len(self._loads)) if any(cells[index] != "–" for _, cells in rows)]
        if not filled:
            return ""
        return format_table(title, [self._loads[index] for index in filled],
                            [(peer, [cells[index] for index in filled]) for peer, cells in rows])

    def _cpu(self, peer, load):
        return spread(self._rounds.values(peer, load, "cpu_us"))

    def _cpu_per_message(self, peer, load):
        messages = LOADS[load].messages
        value = self.median(peer, load, "cpu_us")
        return number(value / messages) if value is not None and messages > 1 else "–"

    def _ratio(self, peer, load, others):
        return spread(self._rounds.ratios(peer, load, "cpu_us", others))

    def _latency(self, peer, load):
        if self.median(peer, load, "p50_us") is None:
            return "–"
        return f"{number(self.median(peer, load, 'p50_us'))} / {number(self.median(peer, load, 'p99_us'))}"

    def _extra(self, peer, kind, load):
        return number(self._peers[peer].get(kind, {}).get(load))

    def _idle(self):
        rows = []
        for peer, found in self._peers.items():
            idle = found.get("idle")
            if idle:
                rows.append((peer, [number(idle["rss_kib"]), number(idle["rss_with_connections_kib"]),
                                    number(idle["kib_per_connection"]), str(idle["threads"])]))
        columns = ["KiB with none", "KiB with 1,000", "KiB each", "threads"]
        return format_table("Idle connections", columns, rows) if rows else ""


def format_table(title, columns, rows):
    return f"\n### {title}\n\n" + table(columns, rows)


def table(columns, rows, corner=""):
    """Markdown, aligned. `rows`: (label, cells)."""
    widths = [max(len(row[1][index]) for row in rows + [("", columns)]) for index in range(len(columns))]
    first = max(len(label) for label, _ in rows + [(corner, [])])
    lines = [f"| {corner:{first}} | " + " | ".join(f"{c:>{w}}" for c, w in zip(columns, widths)) + " |",
             f"|{'-' * (first + 2)}|" + "|".join("-" * (w + 1) + ":" for w in widths) + "|"]
    for label, cells in rows:
        lines.append(f"| {label:{first}} | " + " | ".join(f"{c:>{w}}" for c, w in zip(cells, widths)) + " |")
    return "\n".join(lines)
