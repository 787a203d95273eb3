"""Medians over the rounds, as Markdown tables."""

import statistics

from .loads import LOADS
from .peers import FLOOR, GRPC_CPP


def number(value):
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


class Report:
    """`results` is what bench/compare writes with --out."""

    def __init__(self, results, loads):
        self._peers = results["peers"]
        self._loads = loads

    def median(self, peer, load, key):
        values = self._values(peer, load, key)
        return statistics.median(values) if values else None

    def _values(self, peer, load, key):
        rounds = self._peers.get(peer, {}).get("rounds", [])
        return [found[load][key] for found in rounds if load in found]

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
        values = self._values(peer, load, "cpu_us")
        if not values:
            return "–"
        return f"{number(statistics.median(values))} ({number(min(values))}–{number(max(values))})"

    def _cpu_per_message(self, peer, load):
        messages = LOADS[load].messages
        value = self.median(peer, load, "cpu_us")
        return number(value / messages) if value is not None and messages > 1 else "–"

    def _ratio(self, peer, load, others):
        """Of what the same round found: the machine's speed changes from one to the next."""
        ratios = []
        for own, *beside in zip(*(self._peers[name]["rounds"] for name in [peer, *others] if name in self._peers)):
            costs = [found[load]["cpu_us"] for found in beside if load in found]
            if load in own and costs:
                ratios.append(own[load]["cpu_us"] / min(costs))
        if not ratios:
            return "–"
        return f"{number(statistics.median(ratios))} ({number(min(ratios))}–{number(max(ratios))})"

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
    widths = [max(len(row[1][index]) for row in rows + [("", columns)]) for index in range(len(columns))]
    first = max(len(peer) for peer, _ in rows)
    lines = [f"\n### {title}\n", f"| {'':{first}} | " + " | ".join(f"{c:>{w}}" for c, w in zip(columns, widths)) + " |",
             f"|{'-' * (first + 2)}|" + "|".join("-" * (w + 1) + ":" for w in widths) + "|"]
    for peer, cells in rows:
        lines.append(f"| {peer:{first}} | " + " | ".join(f"{c:>{w}}" for c, w in zip(cells, widths)) + " |")
    return "\n".join(lines)
