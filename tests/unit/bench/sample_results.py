"""Made-up results in the shapes that the scripts of bench/ write with --out."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "bench"))

WHEN = {"when": "2026-01-02 03:04", "machine": "a machine, 2 cores"}
PEERS = {"weft": 1.0, "weft-again": 1.02, "nghttp2-floor": 0.9, "grpc-cpp-cb": 8.0, "grpc-cpp-async": 7.0, "tonic": 2.5,
         "grpc-go": 5.0}
COMPARED_LOADS = ("unary32_c1m1", "unary32_c10m10", "unary32_c50m100", "unary64k_c10m10", "unary1m_c4m2", "fetch64k_c10m10",
                  "fetch1m_c4m2", "stream10k_c1m1")
STRATEGIES = {"gathered": 1.0, "gathered again": 1.01, "flat per pass": 1.1, "flat per reply": 1.3, "gathered per reply": 1.2}
WRITTEN_LOADS = ("unary32_c10m10", "unary32_c50m100", "unary16k_c10m10", "unary64k_c10m10", "unary1m_c4m2", "fetch16k_c10m10",
                 "fetch64k_c10m10", "fetch1m_c4m2")
PAIRS = {"weft / weft": 1, "weft, no priorities / weft": 20, "weft again / weft": 1.1, "tonic / weft": 30,
         "weft / grpc-go": 4, "tonic / grpc-go": 40, "grpc-go / grpc-go": 50}


def compare(costs=PEERS, rounds=4):
    def run(cost):
        return {"calls": 100, "cpu_us": 5 * cost, "rate": 1000 / cost, "peak_kib": 9000, "p50_us": 100 * cost, "p99_us": 300 * cost}

    return WHEN | {
        "versions": {"nghttp2": "1.52.0"}, "loads": list(COMPARED_LOADS),
        "peers": {name: {"rounds": [{load: run(cost + cost * index / 100) for load in COMPARED_LOADS} for index in range(rounds)],
                         "system_calls": {"unary32_c10m10": 0.2 * cost, "stream10k_c1m1": 10 * cost},
                         "allocations": {"unary32_c10m10": 0.004 if name == "weft" else 10 * cost, "stream10k_c1m1": 0},
                         "idle": {"rss_kib": 5000, "rss_with_connections_kib": 20000, "kib_per_connection": 15.0, "threads": 2}}
                  for name, cost in costs.items()}}


def write_strategy():
    counts = {"writes": 0.1, "bytes": 50, "copied": 0, "into_chunks": 300}
    return WHEN | {
        "base": "gathered", "loads": list(WRITTEN_LOADS),
        "rounds": [{name: {load: {"cpu_us": 5 * cost, "rate": 1} for load in WRITTEN_LOADS}
                    for name, cost in STRATEGIES.items()}] * 3,
        "counts": {name: {load: counts | {"system_calls": 0.2 * cost ** 4} for load in WRITTEN_LOADS}
                   for name, cost in STRATEGIES.items()}}


def priority():
    def run(cost):
        return {"calls": 10, "p50_us": 150 * cost, "p99_us": 500 * cost, "max_us": 900 * cost, "bulk_mb_s": 1000 - cost}

    alone = {"unloaded": run(1) | {"bulk_mb_s": 0}}
    loaded = {name: {"download": run(cost), "upload": run(cost)} for name, cost in PAIRS.items()}
    return WHEN | {"bulk": 8, "mebibytes": 64,
                   "rounds": [{name: (alone if "no " not in name else {}) | runs for name, runs in loaded.items()}] * 3}


def idle_streams():
    run = {"before_kib": 8000, "with_kib": 208000, "after_kib": 16000, "bytes_per_stream": 2048.0}
    return WHEN | {"streams": 100_000, "connections": 100, "rounds": [run] * 3}


def memory_burst():
    after = [{"seconds": second + 0.02, "kib": 40000} for second in range(1, 31)]
    return WHEN | {"mib": 1024, "rounds": [{"before_kib": 8000, "held_kib": 1_200_000, "after": after}] * 3}


def reuse():
    runs = {"chunks/on/64": 10.0, "chunks/on/8": 5.0, "chunks/malloc/8": 20.0, "chunks/malloc/64": 30.0, "worker/the pool itself": 7.0}
    return WHEN | {"rounds": [{name: {"ns": ns, "held": None} for name, ns in runs.items()}] * 3}


def ping_pong():
    def run(cost):
        return {"p50_us": 30 * cost, "p99_us": 60 * cost, "cpu_us": 10 * cost, "switches": 1.0, "rate": 1000}

    costs = {"weft blocking / weft": {"alone": 1}, "grpc-cpp blocking / grpc-cpp": {"alone": 3},
             "raw sockets / raw sockets": {"alone": 0.5}, "weft / weft": {"download": 0.005, "upload": 0.006},
             "grpc-cpp / weft": {"download": 0.1}, "weft / weft (again)": {"download": 0.0051}}
    return WHEN | {"rounds": [{name: {load: run(cost) for load, cost in loads.items()} for name, loads in costs.items()}] * 3,
                   "allocations": {name: {load: 2.0 for load in loads} for name, loads in costs.items()}}


def loops():
    costs = {"one loop": 1.0, "2 loops": 1.05, "one loop again": 1.01}
    return WHEN | {"loads": ["unary32_c10m10"], "servers": list(costs),
                   "rounds": [{name: {"unary32_c10m10": {"cpu_us": 5 * cost, "rate": 1}} for name, cost in costs.items()}] * 3}


def everything():
    return {"compare": compare(), "write_strategy": write_strategy(), "priority": priority(), "idle_streams": idle_streams(),
            "memory_burst": memory_burst(), "reuse": reuse(), "ping_pong": ping_pong(), "loops": loops()}


class Given:
    """Results that a test holds."""

    def __init__(self, **found):
        self._found = found

    def get(self, name):
        return self._found.get(name)
