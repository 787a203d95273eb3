"""The regions of the documents and the charts, by name. Each is a function of the results; None: they are not there."""

from comparison.rounds import Rounds

from . import beside_peers, better, bounds, clients, memory, tricks, urgent, writing
from .results import LARGE, SCRIPTS, SMALL, text_table


def machine(results):
    rows = [(f"`bench/{script}`", [found["when"], str(rounds_of(found)), found["machine"]])
            for script in SCRIPTS if (found := results.get(script))]
    return text_table(["when", "rounds", "on"], rows, "measured by") if rows else None


def versions(results):
    """Of all peers where bench/compare has run; otherwise those that another script tells."""
    found = next((found["versions"] for script in SCRIPTS if "versions" in (found := results.get(script) or {})), {})
    return text_table(["version"], [(name, [version]) for name, version in found.items()]) if found else None


def rounds_of(found):
    return len(Rounds.of_peers(found["peers"])) if "peers" in found else len(found["rounds"])


REGIONS = {
    "bounds": bounds.bounds,
    "machine": machine,
    "versions": versions,
    "noise": beside_peers.noise,
    "unary": beside_peers.unary,
    "streams": beside_peers.streams,
    "large": beside_peers.large,
    "write_strategy": writing.write_strategy,
    "priority": urgent.priority,
    "idle_connections": beside_peers.idle_connections,
    "idle_streams": memory.idle_streams,
    "memory_burst": memory.memory_burst,
    "reuse": tricks.reuse,
    "client": clients.client,
    "loops": clients.loops,
    "better": better.where_a_peer_is_better,
    "costs": beside_peers.costs,
}
CHARTS = {
    "unary": beside_peers.cpu_chart("Small unary calls", SMALL),
    "streams": beside_peers.streams_chart,
    "large": beside_peers.cpu_chart("Large messages", LARGE),
    "write_strategy": writing.write_strategy_chart,
    "priority": urgent.priority_chart,
    "bulk": urgent.bulk_chart,
    "memory_burst": memory.memory_burst_chart,
    "reuse": tricks.reuse_chart,
    "client": clients.client_chart,
}
