"""What is measured about one server."""

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from .loads import LOADS
from .server import Server

LATENCY_CALLS = 60_000
IDLE_CONNECTIONS = 1000
HTTP2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
SETTINGS_ACK = b"\0\0\0\4\1\0\0\0\0"


def one_round(command, loads, seconds, generator, calls, pinned=True):
    """Every load once on a fresh server. `calls` keeps the number of calls of each load from one round to the next."""
    found = {}
    with Server(command, pinned=pinned) as server:
        for name in loads:
            load = LOADS[name]
            if name in calls:
                generator.run(load, server.port, max(calls[name] // 10, load.first_guess))
            else:
                calls[name] = generator.calls_for(load, server.port, seconds)
            n = calls[name]
            server.reset_peak()
            before = server.cpu_seconds()
            rate = generator.run(load, server.port, n)
            cpu = server.cpu_seconds() - before
            peak = server.peak_kib()
            latencies = generator.latencies(load, server.port, min(n, max(LATENCY_CALLS, load.first_guess)))
            found[name] = {"calls": n, "cpu_us": cpu / n * 1e6, "rate": rate, "peak_kib": peak,
                           "p50_us": latencies[len(latencies) // 2], "p99_us": latencies[len(latencies) * 99 // 100]}
    return found


def perf_may_count():
    if not shutil.which("perf"):
        return False
    return subprocess.run(["perf", "stat", "-e", "raw_syscalls:sys_enter", "true"], capture_output=True).returncode == 0


def system_calls(command, names, generator):
    """System calls per call: counted by the kernel's tracepoint, or with strace where that is not permitted."""
    counts = {"unary32_c1m1": 5000, "unary32_c10m10": 50_000, "unary32_c50m100": 50_000, "stream10k_c1m1": 10}
    count = count_with_perf if perf_may_count() else count_with_strace if shutil.which("strace") else None
    found = {}
    if not count:
        return found
    with Server(command) as server:
        for name in names:
            if name not in counts:
                continue
            load, calls = LOADS[name], counts[name]
            generator.run(load, server.port, max(calls // 10, load.first_guess))
            found[name] = count(server, lambda: generator.run(load, server.port, calls)) / calls
    return found


def count_with_perf(server, act):
    with tempfile.NamedTemporaryFile("r") as out:
        perf = subprocess.Popen(["perf", "stat", "-x,", "-o", out.name, "-e", "raw_syscalls:sys_enter", "-p", str(server.pid)],
                                stderr=subprocess.DEVNULL)
        time.sleep(0.5)  # until it counts: perf does not say when
        try:
            act()
        finally:
            perf.send_signal(signal.SIGINT)
            perf.wait()
        for line in out:
            fields = line.split(",")
            if len(fields) > 2 and fields[2] == "raw_syscalls:sys_enter":
                return int(fields[0])
    raise RuntimeError("perf counted nothing")


def count_with_strace(server, act):
    with tempfile.NamedTemporaryFile("r") as out:
        strace = subprocess.Popen(["strace", "-c", "-f", "-o", out.name, "-p", str(server.pid)], stderr=subprocess.DEVNULL)
        time.sleep(0.7)  # until it is attached to every thread
        try:
            act()
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait()
        total = [line.split() for line in out if line.rstrip().endswith(" total")]
    return int(total[-1][3])


def allocations(peer, command, preload, names, generator):
    """Heap allocations per call in the steady state; per message on a stream."""
    counts = {"unary32_c10m10": 30_000, "stream10k_c1m1": 5}
    found = {}
    with Server(command, None if peer.own_allocation_count else preload) as server:
        for name in names:
            if name not in counts:
                continue
            load, calls = LOADS[name], counts[name]
            generator.run(load, server.port, calls)
            before = server.allocations()
            generator.run(load, server.port, calls)
            found[name] = (server.allocations() - before) / calls / load.messages
    return found


def idle_connections(command):
    """Resident memory with no connection and with a thousand that have said hello and nothing else."""
    with Server(command) as server, contextlib.ExitStack() as held:
        time.sleep(1)  # until it has settled
        before = server.memory_kib()
        sockets = []
        for index in range(IDLE_CONNECTIONS):
            connection = held.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", server.port), 5)))
            connection.sendall(HTTP2_HELLO)
            sockets.append(connection)
            if index % 200 == 199:
                time.sleep(0.05)  # the backlog of some servers is short
        for connection in sockets:
            connection.settimeout(5)
            connection.recv(4096)
            connection.sendall(SETTINGS_ACK)
        time.sleep(1.5)
        after = server.memory_kib()
        return {"rss_kib": before, "rss_with_connections_kib": after, "kib_per_connection": (after - before) / IDLE_CONNECTIONS,
                "threads": server.threads()}
