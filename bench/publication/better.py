"""Where a peer does better than Weft: in most rounds, and by more than a trifle; or in what is counted once."""

import statistics

from comparison import contention, ping_pong
from comparison.peers import FLOOR
from comparison.report import number, spread, table
from comparison.rounds import Rounds

from .clients import names_of
from .results import LOAD_TITLES, STREAM, WEFT, Compared, mostly_below, title

TRIFLE = 1.03
# What is counted below this is what starting costs, shared out.
LEAST_COUNT = 0.01
NOWHERE = "Nowhere in these results."


def where_a_peer_is_better(results):
    if not any(results.get(script) for script in ("compare", "priority", "ping_pong")):
        return None
    rows = []
    if found := results.get("compare"):
        compared = Compared(found)
        rows += [*in_rounds(compared), *in_counts(compared)]
    if found := results.get("priority"):
        rows += in_priority(Rounds(found["rounds"]))
    if found := results.get("ping_pong"):
        rows += in_clients(Rounds(found["rounds"]))
    return table(["the best peer", "Weft to it: median (least–most)"], rows, "what") if rows else NOWHERE


def furthest_ahead(found):
    """Of (name, Weft's ratios to it, below 1 where Weft is better): the one that leaves Weft furthest behind, if one does."""
    ahead = [(statistics.median(ratios), name) for name, ratios in found
             if ratios and mostly_below([1 / ratio for ratio in ratios], 1) and statistics.median(ratios) >= TRIFLE]
    return max(ahead)[1] if ahead else None


def in_rounds(compared):
    for load in compared.loads(LOAD_TITLES):
        for key, says in (("cpu_us", "server CPU"), ("p50_us", "p50 latency"), ("p99_us", "p99 latency"),
                          ("peak_kib", "peak memory")):
            found = {label: compared.ratios(load, key, names) for label, names in compared.rows_of_others() if names != [FLOOR]}
            name = furthest_ahead(found.items())
            if name:
                yield f"{LOAD_TITLES[load]}: {says}", [name, spread(found[name])]


def in_counts(compared):
    def row(what, figures):
        least, name = min(((figures[name], name) for name in compared.rivals if figures.get(name) is not None), default=(0, ""))
        own = figures.get(WEFT) or 0
        if name and own > LEAST_COUNT and own >= TRIFLE * least:
            yield what, [title(name), f"{number(own)} to {number(least)}"]

    for key, says in (("system_calls", "system calls"), ("allocations", "heap allocations")):
        for load in LOAD_TITLES:
            per = " per message" if load == STREAM and key == "allocations" else ""
            yield from row(f"{LOAD_TITLES[load]}: {says}{per}",
                           {name: found.get(key, {}).get(load) for name, found in compared.peers.items()})
    for key, says in (("rss_kib", "KiB of a server without connections"), ("kib_per_connection", "KiB of an idle connection")):
        yield from row(says, {name: found.get("idle", {}).get(key) for name, found in compared.peers.items()})


def in_priority(rounds):
    """Servers beside each other, with the same client: with two clients one would compare their windows."""
    for load in contention.LOADS:
        where = "alone" if load == contention.UNLOADED else f"beside bulk {load}s"
        for client, whose in ((contention.WEFT, "Weft's client"), (contention.GRPC_GO, "grpc-go's client")):
            for server, key, says in ((contention.WEFT, "p50_us", "p50"), (contention.WEFT, "p99_us", "p99"),
                                      (contention.WEFT, "max_us", "the longest"), (contention.WEFT, "bulk_mb_s", "bulk throughput"),
                                      (contention.PLAIN, "p99_us", "p99 of Weft without priorities")):
                own = f"{server} / {client}"
                found = {name: rounds.ratios(own, load, key, [name]) for name in contention.peer_pairs(rounds, client)}
                more_is_better = key == "bulk_mb_s"
                name = furthest_ahead([(name, [1 / ratio for ratio in ratios if ratio] if more_is_better else ratios)
                                       for name, ratios in found.items()])
                if name:
                    yield f"urgent calls {where}, {whose}: {says}", [title(name.split(" / ")[0]), spread(found[name])]


def in_clients(rounds):
    """The first pair of a load is Weft's own at both ends; raw sockets are a floor, not a peer."""
    for load, heading in ping_pong.TITLES.items():
        own, *others = names_of(rounds, load) or [None]
        rivals = [name for name in others if name.startswith(ping_pong.GRPC_CPP)]
        for key, says in (("p50_us", "p50 latency"), ("p99_us", "p99 latency"), ("cpu_us", "client CPU")):
            name = furthest_ahead([(name, rounds.ratios(own, load, key, [name])) for name in rivals])
            if name:
                yield f"{heading[0].lower()}{heading[1:]}: {says}", [name, spread(rounds.ratios(own, load, key, [name]))]
