"""Urgent calls beside bulk on one connection: who is measured with whom, one run, and the tables."""

import json
import statistics
import subprocess

from . import peers
from .report import format_table, number, spread
from .rounds import Rounds
from .server import Server, pinned_to

WEFT = "weft"
PLAIN = "weft, no priorities"
AGAIN = "weft again"
OWN_SERVERS = (WEFT, PLAIN, AGAIN)
GRPC_GO = "grpc-go"
UNLOADED = "unloaded"
LOADS = (UNLOADED, "download", "upload")
BETTER = {"p50_us": min, "p99_us": min, "max_us": min, "bulk_mb_s": max}
START_SECONDS = 5


def client_builders(weft_client):
    return {
        WEFT: lambda: [peers.of_release("weft_priority_client", weft_client), "--port", "{port}"],
        GRPC_GO: lambda: [peers.build_grpc_go("./contention", "grpc_go_contention")[0], "-port", "{port}"],
    }


def server_builders(weft_server):
    """The peers' servers, each with one thread or in its better form; the async C++ one takes no client streams."""
    known = {peer.name: peer.build for peer in peers.all_peers(weft_server)}
    return {name: known[name] for name in (WEFT, "grpc-cpp-cb", "tonic", GRPC_GO)}


class Pair:
    """A server and a client. What they say of urgency is of use to Weft's server alone."""

    def __init__(self, server, client):
        self.server = server
        self.client = client
        self.name = f"{server} / {client}"
        self.urgency = 0 if server in (WEFT, AGAIN) else -1
        self.program = WEFT if server in OWN_SERVERS else server

    def loads(self, wanted):
        return [load for load in wanted if load != UNLOADED or self.server not in (PLAIN, AGAIN)]


def pairs(servers, clients):
    """Weft's server thrice: with priorities, without, and with them again, so that one sees what a difference is worth."""
    names = [name for server in servers for name in (OWN_SERVERS if server == WEFT else (server,))]
    return [Pair(server, client) for client in clients for server in names]


def run(pair, load, servers, clients, options):
    """One client's run against a fresh server: what it says in its line of JSON."""
    with Server(servers[pair.program]) as server:
        command = [part.replace("{port}", str(server.port)) for part in clients[pair.client]]
        command += ["--bulk", str(0 if load == UNLOADED else options.bulk), "--mebibytes", str(options.mebibytes),
                    "--direction", "download" if load == UNLOADED else load, f"--urgency={pair.urgency}",
                    "--milliseconds", str(int(options.secs * 1000))]
        done = subprocess.run(pinned_to(1) + command, capture_output=True, text=True, timeout=START_SECONDS + 10 * options.secs + 30)
        if done.returncode != 0:
            raise RuntimeError(f"the client of {pair.name} said: {done.stderr[-300:]}")
        return json.loads(done.stdout)


class Report:
    """`results` is what bench/priority writes with --out: `rounds`, each from a pair's name and a load to a run."""

    def __init__(self, results):
        self._rounds = Rounds(results["rounds"])

    def text(self):
        parts = []
        for load in LOADS:
            names = [name for name in self._rounds.names() if self._rounds.values(name, load, "p50_us")]
            if not names:
                continue
            title = "Urgent calls alone" if load == UNLOADED else f"Urgent calls beside bulk {load}s"
            parts.append(format_table(f"{title}: medians (least–most) over the rounds; server / client",
                                      ["p50 µs", "p99 µs", "max µs", "bulk MB/s", "calls"],
                                      [(name, [spread(self._rounds.values(name, load, key))
                                               for key in ("p50_us", "p99_us", "max_us", "bulk_mb_s")] + [self._calls(name, load)])
                                       for name in names]))
            if load != UNLOADED:
                parts.append(self._ratios(load))
        return "\n".join(part for part in parts if part)

    def _calls(self, name, load):
        """Urgent ones, of a round: what the percentiles are of."""
        values = self._rounds.values(name, load, "calls")
        return number(statistics.median(values)) if values else "–"

    def _ratios(self, load):
        """In each round by itself, with each client: Weft to the best peer, to itself without priorities, and to itself."""
        rows = [(f"{WEFT} / {WEFT} to the best peer / {GRPC_GO}", f"{WEFT} / {WEFT}", peer_pairs(self._rounds))]
        for client in (WEFT, GRPC_GO):
            urgent, plain, again = (f"{server} / {client}" for server in OWN_SERVERS)
            best = peer_pairs(self._rounds, client)
            rows += [(f"{urgent} to the best peer / {client}", urgent, best), (f"{plain} to the best peer / {client}", plain, best),
                     (f"{urgent} to {plain}", urgent, [plain]), (f"{again} to {urgent} (A/A)", again, [urgent])]
        filled = []
        for title, name, others in rows:
            cells = [spread(self._rounds.ratios(name, load, key, others, better)) for key, better in BETTER.items()]
            if any(cell != "–" for cell in cells):
                filled.append((title, cells))
        return format_table(f"Ratios beside bulk {load}s", ["p50", "p99", "max", "bulk"], filled) if filled else ""


def peer_pairs(rounds, client=GRPC_GO):
    """The peers' servers, each with that client."""
    return [name for name in rounds.names() if name.endswith(f" / {client}") and name.split(" / ")[0] not in OWN_SERVERS]
