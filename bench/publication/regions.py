"""The regions of the documents and the charts, by name. Each is a function of the results; None: they are not there."""

from . import beside_peers, better, bounds, clients, memory, taking, tricks, urgent, writing
from .results import LARGE, SMALL

REGIONS = {
    "bounds": bounds.bounds,
    "machine": taking.machine,
    "versions": taking.versions,
    "noise": beside_peers.noise,
    "unary": beside_peers.unary,
    "streams": beside_peers.streams,
    "large": beside_peers.large,
    "write_strategy": writing.write_strategy,
    "priority": urgent.priority,
    "idle_connections": beside_peers.idle_connections,
    "peak_memory": beside_peers.peak_memory,
    "idle_streams": memory.idle_streams,
    "memory_burst": memory.memory_burst,
    "reuse": tricks.reuse,
    "client": clients.client,
    "loops": clients.loops,
    "better": better.where_a_peer_is_better,
    "costs": beside_peers.costs,
    "commands": taking.commands,
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
